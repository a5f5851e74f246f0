r"""The role that lets kubelet pull is not left with a principal that is gone.

Symptom: ``failed to authorize: failed to fetch anonymous token: unexpected status from GET request to
https://….azurecr.io/oauth2/token: 401 Unauthorized``, since the cluster was made anew or given another identity.

Cause: a role that carries the pull is assigned at the registry, or above it, to a principal that Microsoft Entra ID
does not know any more (the portal says "Identity not found"), and to the one that kubelet pulls as now none is.
Left-over assignments alone do no harm, and neither do those of other clusters.

Fix: assign the role to the principal of today, and remove what is left over::

    az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY-ID
    az role assignment delete --ids ASSIGNMENT-ID
"""

from pullready import Severity, check, judge
from pullready.facts import Holders, Unread
from pullready.predicates.stale_principal import pull_role_on_stale_principal


@check(
    "pull-role-on-stale-principal",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_pull_role_is_not_left_with_a_principal_that_is_gone(holders: tuple[Holders | Unread, ...]) -> None:
    judge(holders, pull_role_on_stale_principal)
