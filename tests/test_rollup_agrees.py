"""The roll-up says of each image what the checks say, whatever is wrong at once: a blocker names what it blocks.

What a judgement is about is read here from the text of its subject, part by part. The roll-up goes the other way: it
makes up all subjects that an image may have.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullready import rollup
from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import Facts, ids
from pullready.facts.base import Unread
from pullready.facts.images import ImageUse
from pullready.facts.reference import ImageReference, parse
from pullready.links import PROVES, PULL_PATH
from pullready.outcome import ImageOutcome, Judged, Result
from pullready.verdict import Severity, Verdict
from tests.environment import CASES, case_scope
from tests.test_rollup import run

Case = Mapping[str, Any]
Named = tuple[str, str]

#: What applying a change to something that another change took away may raise.
DOES_NOT_APPLY: Final = (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)
REGION: Final = re.compile(r"\.[a-z0-9]+\.geo\.")


def _cases() -> dict[str, list[tuple[str, Case]]]:
    """Return the cases of all checks by their target."""
    found: dict[str, list[tuple[str, Case]]] = {}
    for path in sorted(CASES.glob("*.toml")):
        for name, case in tomllib.loads(path.read_text()).items() if path.stem != "documents" else ():
            found.setdefault(case.get("target", "prod"), []).append((f"{path.stem} {name}", case))
    return found


BY_TARGET: Final = _cases()
CASE: Final = {name: case for cases in BY_TARGET.values() for name, case in cases}


def together(names: list[str], folder: Path) -> Case:
    """Return the cases called *names* as one, without those that can no longer be applied after the others."""
    whole: dict[str, Any] = {}
    for name in names:
        case = CASE[name]
        more = {key: value for key, value in case.items() if key not in {"expect", "patch", "manifests"}}
        texts = [text for text in (whole.get("manifests"), case.get("manifests")) if text]
        tried = {**whole, **more, "patch": [*whole.get("patch", ()), *case.get("patch", ())]}
        if texts:
            tried["manifests"] = "\n---\n".join(dict.fromkeys(texts))
        try:
            case_scope(tried, folder)
        except DOES_NOT_APPLY:
            continue
        whole = tried
    return whole


@st.composite
def several(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw up to four cases of one target, of whatever checks."""
    names = [name for name, _ in BY_TARGET[draw(st.sampled_from(sorted(BY_TARGET)))]]
    return tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)))


class Reading:
    """What the parts of a subject name among the images of one target."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        target = facts.scope.target
        self._all = {target.name.casefold(), ids.name_of(target.cluster or target.name).casefold()}
        uses = _fact(facts, "images")
        self._images: dict[str, Named] = {
            one.subject: (_written(one.image), one.workload.subject) for one in uses if isinstance(one, ImageUse)
        }
        self._workloads = {workload.casefold() for _, workload in self._images.values()}
        self._secrets = _secrets(facts)

    def names(self, part: str, outcome: ImageOutcome) -> bool:
        """Say whether *part* of a subject names *outcome*. Case counts in the names of images alone."""
        if part in self._images:
            image, workload = self._images[part]
            return image == _written(outcome.image) and workload in outcome.workloads
        part = part.casefold()
        if part in self._all or part.startswith("kubernetes:"):
            return True
        if part in self._workloads:
            return part in {one.casefold() for one in outcome.workloads}
        if part.startswith("secret "):
            return any((workload.casefold(), part) in self._secrets for workload in outcome.workloads)
        host, repository = _parted(outcome.image)
        return part in {str(outcome.pool).casefold(), host, host.partition(".")[0], repository}

    def concerns(self, subject: str, outcome: ImageOutcome) -> bool:
        """Say whether every part of *subject* names *outcome*.

        What could not be read is named as it is; behind a cluster's name, a list of it may be about all of it.
        """
        if subject == outcome.image or subject.startswith("kubernetes:"):
            return subject == outcome.image
        return all(self.names(part, outcome) for part in subject.split(" → "))

    def knows(self, part: str) -> bool:
        """Say whether *part* is of a kind that names images."""
        if part in self._images:
            return True
        part = part.casefold()
        pools = {one.name.casefold() for one in _pools(self.facts)} | {"node auto-provisioning"}
        host = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9.:-]+)?", part)
        return bool(part in self._all | self._workloads | pools or host) or part.startswith(("secret ", "kubernetes:"))


def _fact(facts: Facts, name: str) -> tuple[Any, ...]:
    try:
        return tuple(facts(name))
    except (FactUnavailable, NothingToJudge):
        return ()


def _pools(facts: Facts) -> tuple[Any, ...]:
    try:
        return tuple(facts("cluster").pools)
    except (FactUnavailable, NothingToJudge):
        return ()


def _written(image: str) -> str:
    reference = parse(image)
    return str(reference) if isinstance(reference, ImageReference) else image


def _parted(image: str) -> tuple[str, str]:
    """Return the login server and the repository in the text of an image; one that is no reference has none."""
    if not isinstance(parse(image), ImageReference):
        return "", ""
    host, _, path = image.partition("/")
    repository = path.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    return REGION.sub(".", host.casefold()).partition(":")[0], (head + slash + last.partition(":")[0]).casefold()


def _secrets(facts: Facts) -> set[Named]:
    """Return which workload names which pull secret, or its service account does where it names none."""
    accounts = {
        (one.namespace, one.name): one for one in _fact(facts, "service_accounts") if not isinstance(one, Unread)
    }
    found: set[Named] = set()
    for use in _fact(facts, "images"):
        if isinstance(use, ImageUse):
            workload = use.workload
            account = accounts.get((workload.namespace, workload.pod.service_account))
            runs = workload.kind == "Pod" and workload.document.id.startswith("kubernetes:")
            lent = account.pull_secrets if account and not runs else ()
            for name in workload.pod.pull_secrets or lent:
                found.add((workload.subject.casefold(), f"secret {workload.namespace}/{name}".casefold()))
    return found


def _said(results: list[Result]) -> Iterator[tuple[Result, Judged]]:
    yield from ((result, one) for result in results for one in result.judged)


def _expected(reading: Reading, results: list[Result], outcome: ImageOutcome) -> tuple[str, set[str]]:
    """Return the verdict that the judgements which name *outcome* come to, and the checks that it is from."""
    about = [(result, one) for result, one in _said(results) if reading.concerns(one.judgement.subject, outcome)]
    for verdict, severity in (("blocked", Severity.BLOCKER), ("at-risk", Severity.RISK)):
        found = {
            result.check.id
            for result, one in about
            if one.kind is Verdict.FOUND and result.severity_of(one) is severity
        }
        if found:
            return verdict, found
    unknown = {
        result.check.id
        for result, one in about
        if one.kind is Verdict.UNKNOWN and result.check.severity is not Severity.ADVICE
    }
    if unknown:
        return "unknown", unknown
    return "will-pull" if outcome.proven == PULL_PATH else "no-fault-found", set()


def _blockers(results: list[Result]) -> Iterator[str]:
    for result, one in _said(results):
        if one.kind is Verdict.FOUND and result.severity_of(one) is Severity.BLOCKER:
            yield one.judgement.subject


def _assert_proofs(reading: Reading, results: list[Result], outcome: ImageOutcome) -> None:
    """Assert that no link is proven of which a check says anything bad, or nothing; layers come after the way."""
    about = [(result, one) for result, one in _said(results) if reading.concerns(one.judgement.subject, outcome)]
    for link in outcome.proven:
        said = [(result, one) for result, one in about if PROVES.get(result.check.id) == link]
        assert said or link == "layers", f"nothing is said of {link} of {outcome}"
        for result, one in said:
            is_advice = one.kind is Verdict.FOUND and result.severity_of(one) is Severity.ADVICE
            assert one.kind in {Verdict.CLEAR, Verdict.NOT_APPLICABLE} or is_advice, f"{link} of {outcome}"
        if link not in {"dns", "gate", "layers"}:
            assert any(one.kind is Verdict.CLEAR for _, one in said), f"{link} of {outcome}"
    if "layers" in outcome.proven:
        assert {"dns", "route", "firewall", "gate", "manifest", "platform"} <= set(outcome.proven)


def agree(names: tuple[str, ...]) -> None:
    """Assert that the roll-up agrees with the checks where all cases called *names* are so at once."""
    with tempfile.TemporaryDirectory() as folder:
        known, results = run(Path(folder), together(list(names), Path(folder)))
        ((_, facts),) = known.items()
        reading = Reading(facts)
        outcomes = rollup.images(known, results)
        for outcome in outcomes:
            if outcome.proven or outcome.workloads:
                expected = _expected(reading, results, outcome)
                assert (outcome.verdict, set(outcome.because)) == expected, f"{outcome} of {names}"
                assert {*outcome.proven, *outcome.unproven} == set(PULL_PATH)
                _assert_proofs(reading, results, outcome)
        blocked = [one for one in outcomes if one.verdict == "blocked"]
        for subject in _blockers(results):
            parts = subject.split(" → ")
            assert all(map(reading.knows, parts[:2])), f"{subject} names nothing"
            if any(" in " in part or part.startswith("Secret ") for part in parts):
                assert any(reading.concerns(subject, one) for one in blocked), f"{subject} blocks nothing in {names}"


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(several())
@example(("pull-secret-not-referenced-or-wrong-namespace unknown-secrets-of-the-live-cluster-are-forbidden",))
@example(
    (
        "windows-os-build-mismatch found-a-node-tells-the-build-of-its-pool",
        "cloud-suffix-mismatch clear-pull-secret-for-the-other-cloud",
    )
)
@example(
    (
        "abac-registry-acrpull-not-honoured clear-repository-reader",
        "kubelet-pull-qps-throttle clear-malformed-reference-is-never-pulled",
        "kubelet-pull-qps-throttle clear-virtual-nodes-have-no-kubelet",
    )
)
def test_the_rollup_agrees_with_any_cases_at_once(names: tuple[str, ...]) -> None:
    agree(names)


@pytest.mark.parametrize("slug", sorted({name.partition(" ")[0] for name in CASE}))
def test_the_rollup_agrees_with_each_check(slug: str) -> None:
    """Every check finds something by itself, so that nothing else hides what the roll-up makes of it."""
    for kind in ("found", "unknown"):
        agree((next(name for name in CASE if name.startswith(f"{slug} {kind}-")),))
