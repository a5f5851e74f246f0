"""The resource group that AKS made for the nodes is locked against changes by hand.

Symptom: none, until somebody takes the kubelet identity off a scale set, or changes a network
security group or a load balancer there: then pulls fail, and nothing says why.

Cause: unless it is locked, everybody with rights on the node resource group can change
what AKS put there. AKS locks it with a deny assignment of its own, which is in order.

Fix: lock it. Leave it open, with a waiver, where something must write into it: disks or file
shares that pods mount, extensions of the scale sets, a policy that attaches
identities::

    az aks update --name CLUSTER --resource-group GROUP --nrg-lockdown-restriction-level ReadOnly
"""

from pullready import Severity, check, judge
from pullready.facts import Cluster
from pullready.predicates.node_resource_group import node_resource_group_unlocked


@check(
    "node-resource-group-unlocked",
    severity=Severity.ADVICE,
    reference="https://learn.microsoft.com/azure/aks/node-resource-group-lockdown",
)
def test_node_resource_group_is_locked(cluster: Cluster) -> None:
    judge((cluster,), node_resource_group_unlocked)
