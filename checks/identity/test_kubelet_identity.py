"""The identity that kubelet pulls with is attached to every node.

Symptom: ``failed to fetch anonymous token: unexpected status: 401 Unauthorized`` on one node
pool; kubelet's log says ``{"error":"invalid_request","error_description":"Identity not found"}``.

Cause: a policy, a script or another controller took the identity off the scale set or
virtual machines of the pool, so that a node cannot get a token for it.

Fix: have AKS put it back, rather than patch the scale set by hand, and keep others
from changing the node resource group::

    az aks update --name CLUSTER --resource-group GROUP
"""

from pullready import Severity, check, judge
from pullready.facts import PoolMachines
from pullready.predicates.node_identity import kubelet_identity_not_attached


@check(
    "kubelet-identity-not-on-vmss",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_kubelet_identity_is_attached(pool_machines: tuple[PoolMachines, ...]) -> None:
    judge(pool_machines, kubelet_identity_not_attached)
