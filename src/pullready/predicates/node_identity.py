"""Whether the identity that kubelet pulls with is attached to the machines that it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.bootstrap import bootstrap_registry
from pullready.facts.nodes import Machine, PoolMachines
from pullready.facts.pullers import service_accounts_of
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Unknown

#: Machines that are named in a finding; the rest is counted.
_NAMED: Final = 5


def kubelet_identity_not_attached(pool: PoolMachines) -> Iterator[Judgement]:
    """Yield one judgement on the machines of *pool*, which all share the identity that Azure gave the cluster."""
    cluster = pool.cluster
    if cluster.service_principal_client_id is not None:
        client = cluster.evidence("/properties/servicePrincipalProfile/clientId", "the nodes use a service principal")
        yield NotApplicable(pool.subject, "the cluster has a service principal, so no identity is expected", (client,))
        return
    accounts = service_accounts_of(cluster)
    if accounts and bootstrap_registry(cluster) is None:
        yield NotApplicable(pool.subject, "service accounts pull with identities of their own", accounts.evidence)
        return
    machines = pool.machines
    if not machines:
        yield _nothing_seen(pool)
        return
    identity = cluster.kubelet_identity
    wanted = identity.evidence("/resourceId", "the identity that kubelet pulls with")
    attached = [machine.attached(identity.resource_id) for machine in machines]
    missing = [machine for machine, evidence in zip(machines, attached, strict=True) if evidence is None]
    if not missing:
        yield Clear(pool.subject, (wanted, *filter(None, attached)))
    elif pool.open_to_anybody:
        reason = f"the identity is not attached to {_names(missing)}, and every registry lets anybody pull"
        yield NotApplicable(pool.subject, reason, (wanted, *pool.open_to_anybody))
    elif cluster.is_updating:
        state = cluster.evidence("/properties/provisioningState", "the cluster is being changed")
        yield Unknown(
            pool.subject,
            f"the cluster is being changed, and {_names(missing)} lacks the identity at the moment",
            "Wait until its provisioning state is Succeeded, then judge again",
            (state, wanted),
        )
    else:
        yield Found(
            pool.subject,
            observed=f"{identity.resource_id} is not attached to {_names(missing)}",
            expected="the kubelet identity is attached to every machine of the pool",
            remedy=f"az aks update --name {cluster.name} --resource-group {cluster.resource_group}",
            evidence=(wanted, *(one.evidence("/identity", f"the identities of {one.name}") for one in missing)),
        )


def _nothing_seen(pool: PoolMachines) -> Judgement:
    if pool.may_be_empty:
        return NotApplicable(
            pool.subject, "there are no nodes, and no scale set or machine of them", (pool.source.evidence,)
        )
    return Unknown(
        pool.subject,
        f"{pool.source.document.id} lists nothing that is tagged as a part of this pool",
        "Check that the tag aks-managed-poolName of its scale set or machines is as AKS set it, "
        "and that whoever reads may read the whole node resource group",
        (pool.source.evidence,),
    )


def _names(machines: list[Machine]) -> str:
    names = [machine.name for machine in machines[:_NAMED]]
    more = len(machines) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
