"""What swallows or changes the TLS handshake on the way to a registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts import Way
from pullready.facts.path.hops import Hop, State, Step, hops
from pullready.facts.proxy import trusts_more
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Severity, Unknown

#: What a handshake passes. The registry's own gate answers after it, and addresses to leave from change nothing of it.
_STEPS: Final = (Step.RULES, Step.ROUTE, Step.NETWORKS, Step.FIREWALL)


def handshake_swallowed(way: Way) -> Iterator[Judgement]:
    """Yield whether everything on *way* lets a TLS handshake with its endpoint through, and leaves it as it is."""
    if moot := way.moot:
        yield NotApplicable(way.subject, *moot)
        return
    seen = list(hops(way, _STEPS))
    severed = [hop for hop in seen if hop.step is Step.NETWORKS and hop.state is State.STOPS]
    stopped = [hop for hop in seen if hop.state is State.STOPS]
    if severed:
        reason = "the networks are not joined; vnet-peering-missing-or-disconnected judges that"
        yield NotApplicable(way.subject, reason, severed[0].evidence)
    elif stopped:
        yield _found(way, stopped[0], None)
    elif cautions := [hop for hop in seen if hop.caution and hop.step is Step.FIREWALL]:
        yield from (_cautioned(way, hop) for hop in cautions)
    elif unseen := [hop for hop in seen if hop.state is State.UNSEEN]:
        yield Unknown(way.subject, f"{way.endpoint}: {unseen[0].says}", unseen[0].remedy, unseen[0].evidence)
    else:
        yield Clear(way.subject, tuple(one for hop in seen for one in hop.evidence))


def _found(way: Way, hop: Hop, severity: Severity | None) -> Judgement:
    observed = f"{hop.caution or hop.says}, so the TLS handshake with {way.endpoint} {_ends(hop)}"
    if way.path.is_changing:
        reason = f"{observed}; and Azure is changing the cluster or the registry right now"
        return Unknown(way.subject, reason, "Run again in a few minutes", hop.evidence)
    expected = f"a TLS handshake with {way.endpoint} comes through as it is"
    return Found(way.subject, observed, expected, hop.remedy, hop.evidence, severity)


def _ends(hop: Hop) -> str:
    return "times out" if hop.state is State.STOPS else "may fail"


def _cautioned(way: Way, hop: Hop) -> Judgement:
    """Judge a firewall that changes the handshake: nodes that trust a CA beside the public ones may accept it."""
    accepted = not hop.ends_tls or trusts_more(way.path.cluster)
    return _found(way, hop, Severity.RISK if accepted else None)
