"""What a registry's own firewall refuses."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts import PullPath
from pullready.facts.access import AllNetworks, Disabled, SelectedNetworks
from pullready.facts.egress import NoWayOut
from pullready.facts.outbound import EgressAddress
from pullready.facts.resolution import NoAnswer, Private
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown


def egress_denied_by_registry(path: PullPath) -> Iterator[Judgement]:
    """Yield a judgement for every egress address of the pool that *path* starts from."""
    if idle := path.without_nodes:
        yield NotApplicable(path.subject, "the pool is stopped or scaled to zero", (idle,))
        return
    match path.registry.public_access:
        case AllNetworks(evidence):
            if path.egress.shuts_nodes_in and path.may_leave:
                _ = path.egress.addresses  # raises where the nodes have no way out that could be admitted
            yield Clear(path.subject, (evidence,))
        case Disabled(evidence):
            reason = (
                "public access is disabled, which overrides every rule; "
                "registry-public-access-disabled-without-private-path judges that"
            )
            yield NotApplicable(path.subject, reason, (evidence,))
        case SelectedNetworks() as selected:
            try:
                yield from _selected(path, selected)
            except NoWayOut as why:
                shown = Evidence(why.document, why.pointer, "", why.reason)
                reason = "nothing leaves the nodes' subnet; route-table-blackholes-registry judges that"
                yield NotApplicable(path.subject, reason, (shown,))


def _selected(path: PullPath, selected: SelectedNetworks) -> Iterator[Judgement]:
    try:
        answer = path.resolution.answer
    except FactUnavailable:
        judgements = tuple(_by_address(path, selected))
        if any(isinstance(one, Found | Unknown) for one in judgements):
            raise
        yield from judgements  # admitted, whichever way the name leads
        return
    match answer:
        case Private(evidence):
            yield NotApplicable(path.subject, "IP rules do not apply to private endpoints", evidence)
        case NoAnswer(evidence):
            yield NotApplicable(path.subject, "the nodes get no address for the registry's name", evidence)
        case _:
            yield from _by_address(path, selected)


def _by_address(path: PullPath, selected: SelectedNetworks) -> Iterator[Judgement]:
    addresses = path.egress.addresses
    for address in addresses:
        if address.network.version != 4 and not path.registry.answers_over_ipv6:  # noqa: PLR2004  (IPv4)
            reason = f"the registry answers over IPv4, so nothing comes from {address}"
            yield NotApplicable(path.subject, reason, (address.evidence,))
            continue
        try:
            yield _admission(path, selected, address)
        except FactUnavailable as why:
            where = Evidence(why.document, why.pointer, "", why.reason)
            yield Unknown(path.subject, why.reason, why.remedy, (address.evidence, where))


def _admission(path: PullPath, selected: SelectedNetworks, address: EgressAddress) -> Judgement:
    if address.network.version != 4:  # noqa: PLR2004  (IPv4)
        reason = f"the registry answers over IPv6 too, IP rules are for IPv4 alone, and nodes may come from {address}"
        return Unknown(path.subject, reason, "Set the registry's endpoint protocol to IPv4", (address.evidence,))
    rules = selected.admitting(address.network)
    if rules:
        return Clear(path.subject, (address.evidence, *rules))
    if path.is_changing:
        return Unknown(
            path.subject,
            f"{address} is not admitted, and Azure is changing the cluster or the registry right now",
            "Run again in a few minutes",
            (address.evidence, selected.evidence),
        )
    return Found(
        path.subject,
        observed=f"{address} matches none of {len(selected.rules)} IP rules",
        expected="every egress address is admitted",
        remedy=f"az acr network-rule add --name {path.registry.name} --ip-address {address}",
        evidence=(address.evidence, selected.evidence),
        severity=_severity(path, selected, address),
    )


def _severity(path: PullPath, selected: SelectedNetworks, address: EgressAddress) -> Severity | None:
    """Return the severity of a denied *address*: a risk where nodes may leave from an admitted one instead."""
    if address.sure:
        return None
    others = (other.network for other in path.egress.addresses)
    return Severity.RISK if any(selected.admitting(other) for other in others) else None
