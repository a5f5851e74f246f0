"""The embedded examples: the healthy one is ready and needs all it has; each broken one is found by its own check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pullready import catalogue, config
from pullready import snapshot as snapshots
from pullready.facts import ids
from pullready.outcome import Exit, Run
from pullready.preflight import Surroundings, judge_all
from pullready.snapshot import Document, Snapshot, Status
from pullready.verdict import Clear, Found, Verdict
from tests.environment import HEALTHY, HUB, LANDING_ZONE, ROOT
from tools.shop.environment import SUBSCRIPTION
from tools.shop.faults import faults
from tools.shop.landing_zone import KUBELETS

CHECKS = catalogue.load()
#: The faults whose remedy is a change of a manifest.
OF_MANIFESTS = {
    "cloud-suffix-mismatch",
    "dnl-login-server-mismatch",
    "image-pull-policy-hazard",
    "image-reference-registry-unknown",
    "image-uses-privatelink-hostname",
    "invalid-image-reference",
    "kubelet-pull-qps-throttle",
    "pod-os-nodeselector-mismatch",
}
#: The faults that are found as a risk, although their check may find more.
OF_A_RISK = {fault.slug for fault in faults() if fault.is_risk}
BROKEN = ROOT / "manifests_examples" / "broken"
SOUND = (HEALTHY, HUB, LANDING_ZONE)


def _judge(configuration: config.Configuration) -> Run:
    around = Surroundings(datetime(2026, 11, 2, 12, 0, tzinfo=UTC), lambda: b"", lambda _: None)
    return judge_all(configuration, around, CHECKS)


def _example(folder: Path) -> Run:
    return _judge(config.load(folder / "pullready.yaml"))


def _changed(folder: Path, change: Callable[[Iterable[Document]], Iterable[Document]], into: Path) -> Run:
    """Judge the example in *folder* with its documents changed."""
    saved = snapshots.load(folder / "snapshot.json")
    path = into / "snapshot.json"
    Snapshot(change(saved), captured_at=saved.captured_at, example="changed").save(path)
    made = config.load(folder / "pullready.yaml")
    return _judge(
        config.Configuration(made.targets, made.settings, snapshot=str(path), waivers=made.waivers, file=made.file)
    )


@pytest.mark.parametrize("folder", SOUND, ids=lambda folder: folder.name)
def test_a_healthy_example_is_ready(folder: Path) -> None:
    run = _example(folder)
    assert run.exit_code is Exit.READY
    assert {image.verdict for image in run.images} <= {"will-pull", "no-fault-found"}


@pytest.mark.parametrize("slug", list(CHECKS))
def test_every_check_is_clear_with_evidence_in_a_healthy_example(slug: str) -> None:
    results = (*_example(HEALTHY).results, *_example(HUB).results)
    said = [one.judgement for result in results if result.check.id == slug for one in result.judged]
    assert any(isinstance(judgement, Clear) and judgement.evidence for judgement in said)


@pytest.mark.parametrize("slug", list(CHECKS))
def test_every_fault_has_an_example_that_its_own_check_finds(slug: str) -> None:
    run = _example(BROKEN / slug)
    found = {result.check.id: result for result in run.results if result.verdict is Verdict.FOUND}
    assert [check for check, result in found.items() if not result.because_of] == [slug], "no other finds it"
    assert all(set(result.because_of) <= {slug} for result in found.values())
    gates = CHECKS[slug].severity.reaches(run.fail_on) and slug not in OF_A_RISK
    assert [result.check.id for result in run.results if result.gating] == ([slug] if gates else [])
    assert run.exit_code is (Exit.NOT_READY if gates else Exit.READY)


@pytest.mark.parametrize("slug", list(CHECKS))
def test_the_remedy_of_a_broken_example_is_that_of_its_readme(slug: str) -> None:
    readme = " ".join((BROKEN / slug / "README.md").read_text(encoding="utf-8").replace("\\\n", " ").split())
    run = _example(BROKEN / slug)
    remedies = [
        one.judgement.remedy
        for result in run.results
        for one in result.judged
        if result.check.id == slug and isinstance(one.judgement, Found)
    ]
    assert remedies
    commands = [line for line in readme.split("```") if line.strip().startswith("sh ")]
    words = set(" ".join(remedies).replace(",", " ").split())
    first = commands[0].split()[1:3]
    assert set(first) <= words or slug in OF_MANIFESTS


def test_no_broken_example_is_left_over() -> None:
    assert {folder.name for folder in BROKEN.iterdir()} == set(CHECKS)


#: What is read of the landing zone and decides nothing. Two lists of the workloads' subscription, where what was looked
#: for might have been: it is in those of the hub's, and nothing that these could say would change that. And the kubelet
#: identities in the directory, which are looked at for one that is disabled, only where groups are asked for anyway.
UNDECISIVE = {
    ids.firewalls_in(SUBSCRIPTION),
    ids.private_dns_zones_in(SUBSCRIPTION),
    *(ids.principal(held) for held, _ in KUBELETS.values()),
}
DOCUMENTS = [
    (folder, document.id)
    for folder in SOUND
    for document in snapshots.load(folder / "snapshot.json")
    if folder != LANDING_ZONE or document.id not in UNDECISIVE
]


@pytest.mark.parametrize(("folder", "missing"), DOCUMENTS)
def test_without_any_one_document_a_healthy_example_is_not_ready(folder: Path, missing: str, tmp_path: Path) -> None:
    run = _changed(folder, lambda documents: [one for one in documents if one.id != missing], tmp_path)
    assert run.exit_code is Exit.INCOMPLETE


def test_what_decides_nothing_of_the_landing_zone_changes_nothing(tmp_path: Path) -> None:
    whole = _example(LANDING_ZONE)
    run = _changed(LANDING_ZONE, lambda documents: [one for one in documents if one.id not in UNDECISIVE], tmp_path)
    assert [result.judged for result in run.results] == [result.judged for result in whole.results]


@pytest.mark.parametrize("status", [Status.FORBIDDEN, Status.NOT_FOUND, Status.FAILED])
@pytest.mark.parametrize(("folder", "unread"), DOCUMENTS)
def test_with_any_one_document_unread_a_healthy_example_is_not_ready(
    folder: Path, unread: str, status: Status, tmp_path: Path
) -> None:
    def change(documents: Iterable[Document]) -> list[Document]:
        return [
            Document(id=one.id, provider=one.provider, status=status) if one.id == unread else one for one in documents
        ]

    assert _changed(folder, change, tmp_path).exit_code in {Exit.INCOMPLETE, Exit.NOT_READY}


def test_with_all_documents_forbidden_nothing_is_found_or_clear_of_azure(tmp_path: Path) -> None:
    def change(documents: Iterable[Document]) -> list[Document]:
        return [Document(id=one.id, provider=one.provider, status=Status.FORBIDDEN) for one in documents]

    run = _changed(HEALTHY, change, tmp_path)
    assert run.exit_code is Exit.INCOMPLETE
    assert all(result.verdict is not Verdict.FOUND for result in run.results)
