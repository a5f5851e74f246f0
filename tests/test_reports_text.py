"""The words for the terminal and for junit.xml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from pullready.config import Target
from pullready.outcome import Exit, Result, Run, Selection
from pullready.reports import html, junit, markdown, sarif, text, wording
from pullready.reports.junit import Element
from pullready.verdict import Verdict
from tests import reports_canned as canned

RUNS = {"plain": canned.run(), "broken": canned.run(canned.broken(), example="a shop"), "hostile": canned.hostile()}


def of(check: str, run: Run = RUNS["plain"]) -> Result:
    return next(result for result in run.results if result.check.id == check)


def bare(run: Run) -> Run:
    return replace(run, results=tuple(replace(result, judged=()) for result in run.results))


# ------------------------------------------------------------------------------------------------- text, junit.xml


@pytest.mark.parametrize(
    ("check", "element", "verdict"),
    [
        ("kubelet-pull-role-missing", Element.FAILURE, "found"),
        ("pull-path-follows", Element.PASSED, "found"),
        ("cluster-sp-secret-expired", Element.SKIPPED, "not-applicable"),
        ("kubelet-identity-not-on-vmss", Element.PASSED, "clear"),
        ("registry-firewall-excludes-cluster-egress", Element.SKIPPED, "waived"),
        ("private-dns-zone-not-linked-to-cluster-vnet", Element.ERROR, "unknown"),
        ("image-pull-policy-always", Element.PASSED, "found"),
        ("pod-os-nodeselector-mismatch", Element.ERROR, "unknown"),
        ("image-platform-missing", Element.ERROR, "broken"),
    ],
)
def test_elements_of_testcases(check: str, element: Element, verdict: str) -> None:
    result = of(check, RUNS["broken"])
    assert junit.element(result) is element
    assert junit.properties(result)[:2] == [("check_id", check), ("verdict", verdict)]


def test_found_below_the_gate_says_so() -> None:
    said = junit.output(of("image-pull-policy-always")) or ""
    assert "found: Deployment default/web" in said
    assert "does not stop the gate: risk is below blocker" in said
    assert "because of kubelet-pull-role-missing" in (junit.output(of("pull-path-follows")) or "")


def test_skips_say_why_in_one_line() -> None:
    assert junit.message(of("cluster-sp-secret-expired")) == "not applicable: the cluster has a managed identity"
    assert junit.message(of("registry-firewall-excludes-cluster-egress")) == "waived: moves to a new registry"


def test_clear_shows_its_evidence() -> None:
    said = junit.output(of("kubelet-identity-not-on-vmss")) or ""
    assert said.count("the identity is on the scale set") == 2
    assert "kubeletidentity/objectId" in said


def test_block_is_what_a_person_needs() -> None:
    assert text.block(of("image-reference-registry-unknown")).split("\n") == [
        "found image-reference-registry-unknown on deploy (blocker)",
        "  should hold: The reports show what was found",
        "  found: Deployment default/api",
        "      observed: the kubelet identity 0c0ffee0 has none of the roles that may pull",
        "      expected: AcrPull, or another role with the action pull/read, at or above the registry",
        "      remedy:   az role assignment create --role AcrPull \\",
        "                  --assignee-object-id 0c0ffee0 --scope $REGISTRY",
        "      at:       deploy/api v1.yaml:14",
        "  see: https://learn.microsoft.com/azure/image-reference-registry-unknown",
    ]


def test_subjects_of_which_the_same_is_said_stand_together() -> None:
    judgements = (canned.unknown("a"), canned.unknown("b"), canned.found("c"), canned.unknown("d"))
    (result,), _ = canned.results(((canned.check("kubelet-pull-role-missing"), Target("prod"), judgements),))
    lines = text.block(result).split("\n")
    assert [line for line in lines if line.startswith(("  found", "  unknown"))] == [
        "  found: c",
        "  unknown: a",
        "  unknown: b",
        "  unknown: d",
    ]
    assert text.block(result).count("reading the role assignments is forbidden") == 1
    assert lines.index("  unknown: d") == lines.index("  unknown: a") + 2


def test_summary_is_short_and_whole(tmp_path: Path) -> None:
    lines = text.summary(RUNS["broken"], tmp_path).split("\n")
    assert lines[0] == "EMBEDDED EXAMPLE: this run judges an example and not Azure (a shop)"
    assert lines[1].startswith("Incomplete: 1 check is broken")
    assert lines[2] == "10 checks on 2 targets: 1 broken, 4 found, 2 unknown, 1 clear, 1 not applicable, 1 waived"
    assert lines[-1] == f"reports: {tmp_path}"
    assert "expired waiver" in lines[3]


@pytest.mark.parametrize(
    ("run", "exit_code", "starts"),
    [
        (
            RUNS["plain"],
            Exit.NOT_READY,
            "Not ready: 2 checks found faults at or above blocker, and 1 could not be judged",
        ),
        (RUNS["broken"], Exit.INTERNAL, "Incomplete: 1 check is broken"),
        (replace(RUNS["plain"], interrupted=True), Exit.INTERRUPTED, "Incomplete: the run was interrupted"),
        (bare(RUNS["plain"]), Exit.NOTHING_JUDGED, "Nothing checked: "),
        (
            replace(bare(RUNS["plain"]), selection=Selection((), unjudged=("image-tag-missing",))),
            Exit.INCOMPLETE,
            "Incomplete: 1 selected check did not run",
        ),
        (
            replace(
                RUNS["plain"], results=tuple(r for r in RUNS["plain"].results if not r.gating), targets=(canned.PROD,)
            ),
            Exit.READY,
            "Ready: nothing at or above blocker was found or is unknown",
        ),
        (
            replace(RUNS["plain"], results=tuple(r for r in RUNS["plain"].results if r.verdict is Verdict.UNKNOWN)),
            Exit.INCOMPLETE,
            "Incomplete: 1 check could not be judged",
        ),
    ],
)
def test_headlines(run: Run, exit_code: Exit, starts: str) -> None:
    assert run.exit_code is exit_code
    assert wording.headline(run).startswith(starts)


def test_limits_name_what_was_not_judged() -> None:
    said = "\n".join(wording.limits(RUNS["broken"]))
    for part in ("says nothing about Azure", "image-tag-missing", "2 documents could not be read", "1 image: layers"):
        assert part in said


def test_a_remedy_is_never_cut() -> None:
    long = "az " + "x" * 20_000
    found = structs.replace(canned.found(), remedy=long)
    result = canned.results(((canned.ROLE, canned.PROD, (found,)),))[0][0]
    run = replace(RUNS["plain"], results=(result,))
    for said in (text.block(result), markdown.render(run), html.details(result)[0], sarif.render(run).decode()):
        assert long in said
