"""Whether the role that kubelet needs is still assigned to a principal that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.authorization import Grant
from pullready.facts.holders import Holders
from pullready.predicates.pull_right import not_needed, pull_right_missing
from pullready.verdict import Clear, Found, Judgement

#: Principals that are named in a finding; the rest is counted.
_NAMED: Final = 5


def pull_role_on_stale_principal(holders: Holders) -> Iterator[Judgement]:
    """Yield one judgement: found where the right is missing, and somebody who is gone has it.

    Whoever else may pull is no fault: other clusters share the registry. Neither are roles of those who are gone while
    the principal that kubelet pulls as has its own.
    """
    right = holders.right
    if not_needed(right) is None and not right.registry.grants_by_repository and right.held.roles.grants:
        # kubelet's principal has a role, be it doubtful or denied
        yield Clear(right.subject, (right.held.puller.evidence, *right.held.roles.grants[0].evidence(None)))
        return
    for judgement in pull_right_missing(right):
        yield _stale(holders, judgement) if isinstance(judgement, Found) else judgement


def _stale(holders: Holders, missing: Found) -> Judgement:
    roles = holders.roles
    gone = holders.gone if roles.grants else ()
    if gone:
        return _found(holders, missing, gone)
    if roles.obstacles:
        raise roles.obstacles[0]
    if roles.grants:
        return Clear(holders.subject, (holders.right.held.listed, holders.listed))
    return Clear(holders.subject, (holders.right.held.listed,))


def _found(holders: Holders, missing: Found, gone: tuple[Grant, ...]) -> Found:
    right = holders.right
    named = list(dict.fromkeys(f"{one.definition.name} to {one.assignment.principal}" for one in gone))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    orphans = " ".join(one.assignment.id for one in gone[:_NAMED] if one.assignment.id)
    deletion = f"; then remove what is left over: az role assignment delete --ids {orphans}" if orphans else ""
    return Found(
        holders.subject,
        observed=f"{', '.join(named[:_NAMED])}{more} is assigned, who does not exist any more, and nothing that "
        f"carries the pull to {right.held.puller.object_id}",
        expected="the role is assigned to the principal that kubelet pulls as now",
        remedy=missing.remedy + deletion,
        evidence=(
            right.held.puller.evidence,
            *(piece for one in gone[:_NAMED] for piece in one.evidence(None)),
            holders.listed,
        ),
        severity=missing.severity,
    )
