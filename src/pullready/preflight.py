"""A run from its configuration to its outcome, with or without pytest around it.

The order is fixed: the targets' names are known first, then documents are read once, only what the selected checks
need; then each check is judged on each target, roots before what follows from them.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pullready import __version__, catalogue, rollup
from pullready.collectors.manifests import read_manifests
from pullready.config import Configuration, Target, digest, targets_from, waivers_for
from pullready.facts import Facts, Need, Scope, needs_of
from pullready.kept import Scopes, in_tenant, scope_of, usable
from pullready.outcome import ImageOutcome, Result, Run, Selection, Source, result
from pullready.snapshot import Document, Snapshot
from pullready.spec import Check, run_check
from pullready.verdict import Judgement, Severity, Verdict
from pullready.waivers import Waivers


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
        self._of_target: defaultdict[str, list[Result]] = defaultdict(list)
        self._around = around
        self._saved = usable(configuration, around.now) if configuration.snapshot else None
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
        self._scopes = Scopes(self._saved.targets if self._saved else ())
        self.targets = tuple(in_tenant(target, self._scopes) for target in self.targets)
        self._named = {target.name: target for target in self.targets}
        self._waivers = Waivers(waivers_for(configuration.waivers, self.targets), today=around.now.date())
        self._facts: dict[str, Facts] = {}
        self._images: dict[str, tuple[ImageOutcome, ...]] = {}
        self.snapshot = self._saved or Snapshot(captured_at=around.now)

    @property
    def example(self) -> str | None:
        """What the embedded example shows, where the run judges one."""
        return self._saved.example if self._saved else None

    def read(self, selected: Collection[tuple[Check, str]]) -> None:
        """Read the manifests, and from Azure and Kubernetes what the *selected* checks need of their targets.

        From a snapshot nothing else is read.
        """
        facts: defaultdict[str, set[str]] = defaultdict(set)
        for check, of in selected:
            facts[of].update(check.facts)
        self.read_for(facts)

    def read_for(self, facts: Mapping[str, Collection[str]]) -> None:
        """Read what *facts* need, by the name of the target that they are of; as :meth:`read` does for checks."""
        needs = {target.name: needs_of(facts.get(target.name, ())) for target in self.targets}
        manifests = {target.name: self._manifests(target) for target in self.targets}
        documents = [document for of_target in manifests.values() for document in of_target]
        scopes = [scope_of(target, manifests[target.name], self._scopes) for target in self.targets]
        snapshot = self.snapshot.with_documents(documents, scopes)
        if self._saved is None:
            snapshot = self._collect(snapshot, needs)
        self.snapshot = snapshot
        self._facts = {
            target.name: Facts(Scope(snapshot, target, self.settings, scope.manifests))
            for target, scope in zip(self.targets, scopes, strict=True)
        }
        gc.freeze()  # the documents stay until the end; the collector would walk over all of a fleet's again and again

    def facts(self, target: str) -> Facts:
        """Return the facts of *target*."""
        return self._facts[target]

    def judge(self, check: Check, target: str) -> Result:
        """Run *check* on *target* without pytest, note its result and return it."""
        return self.note(check, target, run_check(check, self.facts(target)))

    def note(self, check: Check, target: str, judgements: Iterable[Judgement], broken: str | None = None) -> Result:
        """Note what *check* judged of *target*; ``broken`` says in a line what went wrong inside the check."""
        made = result(
            check,
            self._named[target],
            judgements,
            waivers=self._waivers,
            earlier=self._of_target[target],
            fail_on=Severity(self.settings.fail_on),
        )
        made = replace(made, broken=broken) if broken else made
        self.results.append(made)
        self._of_target[target].append(made)
        return made

    def conclude(self, target: str) -> None:
        """Add up what was judged of *target* for its images, and let go of its facts: it is not judged any more.

        The facts of a target are many times what is judged of it, and a fleet's would fill the memory.
        """
        self._images[target] = rollup.images({target: self._facts.pop(target)}, self._of_target[target])

    def finish(self, selection: Selection, *, interrupted: bool = False) -> Run:
        """Return the run as it stands; nothing is judged after it."""
        for target in tuple(self._facts):
            self.conclude(target)
        gc.unfreeze()
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
            images=tuple(image for target in self.targets for image in self._images.get(target.name, ())),
            waivers=self._waivers.account((done.check.id, done.target) for done in self.results),
            fail_on=Severity(self.settings.fail_on),
            targets=self.targets,
            interrupted=interrupted,
            notices=tuple(
                f"nothing was clear or found on {target.name}" for target in self.targets if self._is_silent(target)
            ),
        )

    def _is_silent(self, target: Target) -> bool:
        told = {one.kind for done in self._of_target[target.name] for one in done.judged}
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
    """Judge every check on every target in a plain loop, without pytest's cost for each of them.

    One target is judged after the other; the results stand in the same order as those of pytest, check by check.
    """
    chosen = catalogue.roots_first((checks or catalogue.load()).values())
    preflight = Preflight(configuration, around)
    preflight.read([(check, target.name) for target in preflight.targets for check in chosen])
    for target in preflight.targets:
        for check in chosen:
            preflight.judge(check, target.name)
        preflight.conclude(target.name)
    order = {check.id: place for place, check in enumerate(chosen)}
    preflight.results.sort(key=lambda result: order[result.check.id])
    return preflight.finish(Selection(tuple(check.id for check in chosen)))


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)
