"""A run from its configuration to its outcome, with or without pytest around it.

The order is fixed: the targets' names are known first, then documents are read once, only what the selected checks
need; then each check is judged on each target, roots before what follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pullready import __version__, catalogue, rollup
from pullready import snapshot as snapshots
from pullready.collectors.manifests import read_manifests
from pullready.config import Configuration, Target, digest, targets_from, waivers_for
from pullready.errors import InputError
from pullready.facts import Facts, Need, Scope, ids, needs_of
from pullready.outcome import Result, Run, Selection, Source, result
from pullready.snapshot import Document, Snapshot, TargetScope
from pullready.spec import Check, run_check
from pullready.verdict import Judgement, Severity, Verdict
from pullready.waivers import Waivers

#: How far ahead of this machine's clock a snapshot's may be.
CLOCK_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run takes from the process around it: the time, standard input, and where to say how far it has come."""

    now: datetime
    stdin: Callable[[], bytes]
    say: Callable[[str], None]


class Preflight:
    """One run: its targets, what was read, and the results so far."""

    def __init__(self, configuration: Configuration, around: Surroundings) -> None:
        """Take the run's targets from *configuration*, or from its snapshot where it names none; read nothing else.

        Raise :class:`InputError` where the snapshot cannot be used.
        """
        self.configuration = configuration
        self.settings = configuration.settings
        self.results: list[Result] = []
        self._around = around
        self._saved = _usable(configuration, around.now) if configuration.snapshot else None
        self.targets = configuration.targets
        if self._saved and not self.targets:
            self.targets = targets_from(
                [
                    {
                        "cluster": scope.cluster,
                        "registries": scope.registries,
                        "context": scope.context,
                        "tenant": scope.tenant,
                        "egress_addresses": scope.egress_addresses,
                        "name": scope.name,
                    }
                    for scope in self._saved.targets
                ],
                file=configuration.snapshot,
            )
        if self._saved:
            self.targets = tuple(_in_tenant(target, self._saved) for target in self.targets)
        self._waivers = Waivers(waivers_for(configuration.waivers, self.targets), today=around.now.date())
        self._facts: dict[str, Facts] = {}
        self.snapshot = self._saved or Snapshot(captured_at=around.now)

    @property
    def example(self) -> str | None:
        """What the embedded example shows, where the run judges one."""
        return self._saved.example if self._saved else None

    def read(self, selected: Collection[tuple[Check, str]]) -> None:
        """Read the manifests, and from Azure and Kubernetes what the *selected* checks need of their targets.

        From a snapshot nothing else is read.
        """
        needs = {
            target.name: needs_of(name for check, of in selected if of == target.name for name in check.facts)
            for target in self.targets
        }
        manifests = {target.name: self._manifests(target) for target in self.targets}
        documents = [document for of_target in manifests.values() for document in of_target]
        scopes = [_scope_of(target, manifests[target.name], self._saved) for target in self.targets]
        snapshot = self.snapshot.with_documents(documents, scopes)
        if self._saved is None:
            snapshot = self._collect(snapshot, needs)
        self.snapshot = snapshot
        self._facts = {
            target.name: Facts(Scope(snapshot, target, self.settings, scope.manifests))
            for target, scope in zip(self.targets, scopes, strict=True)
        }

    def facts(self, target: str) -> Facts:
        """Return the facts of *target*."""
        return self._facts[target]

    def judge(self, check: Check, target: str) -> Result:
        """Run *check* on *target* without pytest, note its result and return it."""
        return self.note(check, target, run_check(check, self.facts(target)))

    def note(self, check: Check, target: str, judgements: Iterable[Judgement], broken: str | None = None) -> Result:
        """Note what *check* judged of *target*; ``broken`` says in a line what went wrong inside the check."""
        named = next(one for one in self.targets if one.name == target)
        made = result(
            check,
            named,
            judgements,
            waivers=self._waivers,
            earlier=self.results,
            fail_on=Severity(self.settings.fail_on),
        )
        made = replace(made, broken=broken) if broken else made
        self.results.append(made)
        return made

    def finish(self, selection: Selection, *, interrupted: bool = False) -> Run:
        """Return the run as it stands."""
        return Run(
            version=__version__,
            source=Source(
                kind="snapshot" if self._saved else "live",
                captured_at=self.snapshot.captured_at,
                documents=len(self.snapshot),
                unreadable=len(self.snapshot.unreadable()),
                requests=self.snapshot.requests,
                snapshot_digest=self.snapshot.digest(),
                config_digest=digest(self.configuration),
                example=self.example,
            ),
            selection=selection,
            results=tuple(self.results),
            images=rollup.images(self._facts, self.results),
            waivers=self._waivers.account((done.check.id, done.target) for done in self.results),
            fail_on=Severity(self.settings.fail_on),
            targets=self.targets,
            interrupted=interrupted,
            notices=tuple(
                f"nothing was clear or found on {target.name}" for target in self.targets if self._is_silent(target)
            ),
        )

    def _is_silent(self, target: Target) -> bool:
        told = {one.kind for done in self.results if done.target == target.name for one in done.judged}
        return told.isdisjoint({Verdict.CLEAR, Verdict.FOUND})

    def _manifests(self, target: Target) -> list[Document]:
        if not target.manifests:
            return []
        self._around.say("reading the manifests" + (f" of {target.name}" if target.cluster else ""))
        root = Path(self.configuration.folder or ".")
        return read_manifests(target.manifests, root=root, exclude=self.settings.exclude, stdin=self._around.stdin)

    def _collect(self, snapshot: Snapshot, needs: Mapping[str, frozenset[Need]]) -> Snapshot:
        live = [target for target in self.targets if needs[target.name] and (target.cluster or target.context)]
        if not live:
            return snapshot
        from pullready.collectors.live import collect  # noqa: PLC0415  (a manifests-only run never gets here)

        return collect(live, self.settings, needs, snapshot, self._around.say)


def judge_all(configuration: Configuration, around: Surroundings, checks: Mapping[str, Check] | None = None) -> Run:
    """Judge every check on every target in a plain loop, without pytest's cost for each of them."""
    chosen = catalogue.roots_first((checks or catalogue.load()).values())
    preflight = Preflight(configuration, around)
    selected = [(check, target.name) for check in chosen for target in preflight.targets]
    preflight.read(selected)
    for check, target in selected:
        preflight.judge(check, target)
    return preflight.finish(Selection(tuple(check.id for check in chosen)))


def _usable(configuration: Configuration, now: datetime) -> Snapshot:
    from pullready.collectors.saved import cleaned  # noqa: PLC0415  (a run without a snapshot never gets here)

    path = Path(str(configuration.snapshot))
    saved = snapshots.load(path)
    saved = saved.with_documents(map(cleaned, saved))
    if saved.example is not None:
        return saved
    age = now - saved.captured_at
    limit = configuration.settings.snapshot_max_age
    if age > limit:
        raise InputError(
            f"the snapshot was taken {_hours(age)} ago, and at most {_hours(limit)} are allowed",
            "Save a new one, or raise snapshot-max-age in pullready.yaml",
            file=str(path),
        )
    if -age > CLOCK_SKEW:
        raise InputError(
            f"the snapshot was taken {_hours(-age)} in the future", "Set this machine's clock right", file=str(path)
        )
    return saved


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"  # noqa: PLR2004


def _scope_of(target: Target, manifests: Iterable[Document], saved: Snapshot | None) -> TargetScope:
    fresh = tuple(document.id for document in manifests)
    kept = next((one.manifests for one in saved.targets if _is_of(one, target)), ()) if saved else ()
    return TargetScope(
        name=target.name,
        cluster=target.cluster,
        registries=target.registries,
        manifests=fresh if target.manifests else kept,
        context=target.context,
        tenant=target.tenant,
        egress_addresses=target.egress_addresses,
    )


def _in_tenant(target: Target, saved: Snapshot) -> Target:
    """Return *target* in the tenant that it was read in: the ids of what Microsoft Graph answered name it."""
    known = next((scope.tenant for scope in saved.targets if _is_of(scope, target)), None)
    return target if target.tenant or not known else replace(target, tenant=known)


def _is_of(scope: TargetScope, target: Target) -> bool:
    if scope.cluster and target.cluster:
        return ids.same(scope.cluster, target.cluster)
    return scope.name == target.name


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)
