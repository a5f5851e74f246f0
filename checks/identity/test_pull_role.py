r"""The identity that kubelet pulls with may pull from every registry.

Symptom: ``failed to authorize: failed to fetch anonymous token: unexpected status from GET request to
https://….azurecr.io/oauth2/token: 401 Unauthorized``.

Cause: neither the identity itself nor a group that it is in has a role, at the registry
or above it, that carries ``Microsoft.ContainerRegistry/registries/pull/read``. Where the
role is still assigned to an identity that is gone, ``pull-role-on-stale-principal`` says so. Or a
deny assignment, such as that of a deployment stack, takes away what the role gives.

Fix: attach the registry, or assign the role AcrPull by its id; of a deny assignment, exclude
the identity in what made it::

    az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY-ID
    az role assignment create --assignee-object-id OBJECT-ID \
        --assignee-principal-type ServicePrincipal \
        --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --scope REGISTRY-ID
"""

from pullready import Severity, check, judge
from pullready.facts import PullRight
from pullready.predicates.pull_right import pull_right_missing


@check(
    "kubelet-pull-role-missing",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/aks/cluster-container-registry-integration",
    follows_from=("pull-role-on-stale-principal",),
)
def test_kubelet_identity_may_pull(pull_rights: tuple[PullRight, ...]) -> None:
    judge(pull_rights, pull_right_missing)
