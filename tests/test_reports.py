"""What machines read: report.json and report.sarif; and how reports are put into their folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pullready import reports
from pullready.errors import InputError
from pullready.outcome import Run
from pullready.reports import json as report_json
from pullready.reports import markdown, sarif, text
from pullready.verdict import Severity, fingerprint
from tests import reports_canned as canned

SCHEMAS = Path(__file__).parent / "schemas"
RUNS = {"plain": canned.run(), "broken": canned.run(canned.broken(), example="a shop"), "hostile": canned.hostile()}


# ---------------------------------------------------------------------------------------------------------- schemas


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_report_json_is_valid(run: Run) -> None:
    schema = json.loads(report_json.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(report_json.render(run)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "green"),
        (("results", 0, "judgements", 0, "remedy"), None),
        (("results", 0, "judgements", 2, "evidence"), []),
        (("results", 0, "judgements"), []),
        (("results", 0, "more"), 1),
        (("images", 1, "verdict"), "will-pull"),
    ],
)
def test_schema_of_report_json_refuses(path: tuple[Any, ...], value: object) -> None:
    content = json.loads(report_json.render(RUNS["plain"]))
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    validator = jsonschema.Draft202012Validator(json.loads(report_json.SCHEMA.read_text()))
    assert [list(error.absolute_path)[: len(path) - 1] for error in validator.iter_errors(content)] == [
        list(path[:-1])
    ] or [list(error.absolute_path) for error in validator.iter_errors(content)] == [list(path)]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_report_sarif_is_valid(run: Run) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.schema.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    validator.validate(json.loads(sarif.render(run)))


# ------------------------------------------------------------------------------------------------------ report.json


def test_keys_of_report_json_are_in_their_order() -> None:
    content = json.loads(report_json.render(RUNS["plain"]))
    assert list(content) == [
        *(
            "schemaVersion",
            "tool",
            "source",
            "selection",
            "verdict",
            "partial",
            "exitCode",
            "results",
            "images",
            "waivers",
        )
    ]
    assert list(content["source"]) == [
        *("kind", "capturedAt", "documents", "unreadable", "requests", "snapshotDigest", "configDigest")
    ]
    result = content["results"][0]
    assert " ".join(result) == (
        "check target cluster verdict severity gating title reason reference becauseOf judgements"
    )
    assert " ".join(result["judgements"][0]) == (
        "kind subject observed expected severity remedy reason location waiver fingerprint evidence"
    )


def test_report_json_says_what_was_judged() -> None:
    content = json.loads(report_json.render(RUNS["plain"]))
    first = content["results"][0]
    assert (content["verdict"], content["exitCode"], content["partial"]) == ("not-ready", 1, False)
    assert (first["verdict"], first["gating"], first["cluster"]) == ("found", True, canned.CLUSTER)
    assert first["judgements"][0]["fingerprint"] == fingerprint(canned.ROLE.id, "prod", "shop.azurecr.io")
    assert first["judgements"][0]["location"] == {"file": "pullready.yaml", "line": 2}
    assert first["judgements"][2]["evidence"][0]["says"] == "the identity is on the scale set"
    assert content["results"][1]["becauseOf"] == [canned.ROLE.id]
    assert content["results"][4]["judgements"][0]["waiver"]["owner"] == "team-shop"
    assert {key: len(value) for key, value in content["waivers"].items()} == {"used": 1, "expired": 1, "unmatched": 1}


def test_only_an_example_is_called_one() -> None:
    assert "example" not in json.loads(report_json.render(RUNS["plain"]))["source"]
    assert json.loads(report_json.render(RUNS["broken"]))["source"]["example"] == "a shop"


def test_same_run_gives_same_bytes() -> None:
    for render in (report_json.render, sarif.render, markdown.render):
        assert render(canned.run()) == render(canned.run())


# ----------------------------------------------------------------------------------------------------- report.sarif


def sarif_run(run: Run) -> dict[str, Any]:
    only: dict[str, Any] = json.loads(sarif.render(run))["runs"][0]
    return only


def test_sarif_levels_and_kinds() -> None:
    said = {(one["ruleId"], one["kind"], one["level"]) for one in sarif_run(RUNS["plain"])["results"]}
    assert {
        (canned.ROLE.id, "fail", "error"),
        (canned.ROLE.id, "open", "none"),
        ("image-pull-policy-always", "fail", "warning"),
        ("private-dns-zone-not-linked-to-cluster-vnet", "open", "none"),
    } <= said
    assert all(level == "none" for _, kind, level in said if kind != "fail")


def test_sarif_places_findings() -> None:
    placed = {one["ruleId"]: one["locations"][0].get("physicalLocation") for one in sarif_run(RUNS["plain"])["results"]}
    assert placed["image-reference-registry-unknown"] == {
        "artifactLocation": {"uri": "deploy/api%20v1.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 14},
    }
    assert placed["image-pull-policy-always"]["region"] == {"startLine": 2}
    assert placed["pod-os-nodeselector-mismatch"] is None


def test_sarif_fingerprints_tell_subjects_apart() -> None:
    results = sarif_run(RUNS["plain"])["results"]
    for key in ("pullready/v1", "primaryLocationLineHash"):
        assert len({one["partialFingerprints"][key] for one in results}) == len(results)


def test_sarif_suppresses_what_is_waived() -> None:
    waived = [one for one in sarif_run(RUNS["plain"])["results"] if "suppressions" in one]
    assert [one["ruleId"] for one in waived] == ["registry-firewall-excludes-cluster-egress"]
    assert waived[0]["suppressions"][0]["justification"] == "moves to a new registry (team-shop, until 2026-12-31)"
    assert waived[0]["level"] == "error"


def test_sarif_of_a_broken_check() -> None:
    invocation = sarif_run(RUNS["broken"])["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["error", "note"]


def test_sarif_message_has_no_foreign_link() -> None:
    assert sarif._text("see [here](https://198.51.100.1/)") == r"see \[here\](https://198.51.100.1/)"


# -------------------------------------------------------------------------------------------------------- writing


def test_writing_leaves_whole_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "reports"
    reports.check_writable(folder)
    assert list(folder.iterdir()) == []
    reports.write(RUNS["plain"], folder)
    reports.write(RUNS["broken"], folder)
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "report.md", "report.sarif"]
    assert json.loads((folder / "report.json").read_text())["exitCode"] == 3


def test_failed_writing_keeps_the_old_report(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        reports.write(RUNS["plain"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("call", [reports.check_writable, lambda folder: reports.write(RUNS["plain"], folder)])
def test_folder_that_cannot_be_written_is_refused(tmp_path: Path, call: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"--pullready-report-dir") as refused:
        call(tmp_path / "file" / "reports")
    assert refused.value.file == str(tmp_path / "file" / "reports")


def test_step_summary_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="job summary"):
        reports.append_step_summary(RUNS["plain"], tmp_path)


def test_severity_of_an_override_is_reported() -> None:
    found = canned.found(severity=Severity.ADVICE)
    result = canned.results(((canned.ROLE, canned.PROD, (found,)),))[0][0]
    assert "(advice)" in text.block(result).split("\n")[0]
    assert sarif_run(replace(RUNS["plain"], results=(result,)))["results"][0]["level"] == "note"
