"""Whether the resource group that the nodes are in is locked against changes by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.cluster import Cluster
from pullready.verdict import Clear, Found, Judgement, Unknown

LOCKED: Final = "readonly"
UNLOCKED: Final = "unrestricted"


def node_resource_group_unlocked(cluster: Cluster) -> Iterator[Judgement]:
    """Yield one judgement on the node resource group of *cluster*."""
    level = cluster.node_restriction
    read = cluster.evidence(
        "/properties/nodeResourceGroupProfile/restrictionLevel", "who may change the node resource group"
    )
    remedy = (
        f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} "
        "--nrg-lockdown-restriction-level ReadOnly"
    )
    if level == LOCKED:
        yield Clear(cluster.subject, (read,))
    elif level not in {None, UNLOCKED}:
        reason = f"what the restriction level {read.value} lets people change is not known"
        yield Unknown(cluster.subject, reason, "Look whether a newer pullready knows it", (read,))
    elif cluster.is_updating:
        state = cluster.evidence("/properties/provisioningState", "the cluster is being changed")
        yield Unknown(
            cluster.subject,
            "the cluster is being changed, and its node resource group is not locked at the moment",
            "Wait until its provisioning state is Succeeded, then judge again",
            (state, read),
        )
    else:
        given = "" if level else ", which is so where no restriction level is given"
        yield Found(
            cluster.subject,
            observed=f"whoever has rights on the node resource group can change what AKS put there{given}",
            expected="only AKS changes the node resource group",
            remedy=remedy,
            evidence=(read,),
        )
