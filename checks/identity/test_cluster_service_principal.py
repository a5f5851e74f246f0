r"""The cluster's service principal exists and has a secret that lasts.

Symptom: ``failed to fetch oauth token: unexpected status: 401 Unauthorized``; kubelet's log says
``AADSTS7000222: The provided client secret keys … are expired``.

Cause: the service principal that the cluster was made with was deleted or disabled, or
none of its secrets is valid. They end after a year unless another time was given.
Which of several secrets the cluster holds cannot be read anywhere: a valid secret is
necessary, and no proof that the cluster has this one.

Fix: make a new secret and give it to the cluster, or leave service principals behind::

    az ad app credential reset --id CLIENT-ID --append
    az aks update-credentials --name CLUSTER --resource-group GROUP \
        --reset-service-principal --service-principal CLIENT-ID --client-secret SECRET
    az aks update --name CLUSTER --resource-group GROUP --enable-managed-identity
"""

from pullready import Severity, check, judge
from pullready.facts import ClusterServicePrincipal
from pullready.predicates.service_principal import service_principal_cannot_sign_in


@check(
    "cluster-sp-secret-expired",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/aks/update-credentials",
)
def test_cluster_service_principal_may_sign_in(
    cluster_service_principals: tuple[ClusterServicePrincipal, ...],
) -> None:
    judge(cluster_service_principals, service_principal_cannot_sign_in)
