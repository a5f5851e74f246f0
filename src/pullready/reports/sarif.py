"""``report.sarif``: what was found or is unknown, in SARIF 2.1.0, for code scanning.

Only what was found or is unknown becomes a result, waived or not: GitHub shows every result as an alert, whatever its
``kind``. Unknown has the kind ``open``, for which the standard (3.27.10) allows the level ``none`` alone. A result
whose judgement has no place in a file has a logical location only, which GitHub does not take; a cluster that is named
in ``pullready.yaml`` always has a place.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

import msgspec

from pullready.config import Waiver
from pullready.outcome import Exit, Judged, Result, Run
from pullready.reports.wording import aside, example_notice, headline, legible, one_line, reason
from pullready.spec import Check
from pullready.verdict import Found, Location, Severity, Unknown, Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.BLOCKER: "error", Severity.RISK: "warning", Severity.ADVICE: "note"}
_LINK: Final = re.compile(r"\[([^\[\]]*)\]\(")


def render(run: Run) -> bytes:
    """Return the report's bytes (UTF-8)."""
    checks = {result.check.id: result.check for result in run.results}
    rules = [checks[id_] for id_ in sorted(checks)]
    index = {check.id: position for position, check in enumerate(rules)}
    content = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pullready",
                        "semanticVersion": legible(run.version),
                        "rules": [_rule(check) for check in rules],
                    }
                },
                "automationDetails": {"id": "pullready/"},
                "invocations": [_invocation(run)],
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
                "columnKind": "unicodeCodePoints",
                "results": [
                    _finding(result, one, index[result.check.id])
                    for result in run.results
                    for one in result.judged
                    if isinstance(one.judgement, Found | Unknown)
                ],
                "properties": {"verdict": run.verdict.value, "results": [_verdict(result) for result in run.results]},
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _rule(check: Check) -> dict[str, Any]:
    page = legible(check.page)
    return {
        "id": check.id,
        "name": "".join(part.capitalize() for part in check.id.split("-")),
        "shortDescription": {"text": one_line(check.title)},
        "fullDescription": {"text": one_line(page, 1000) or check.id},
        "help": {"text": page or check.id, "markdown": _markdown(page) or check.id},
        "helpUri": check.reference,
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"severity": check.severity.value, "tags": ["acr", "aks", check.family]},
    }


def _markdown(page: str) -> str:
    """Return a docstring as Markdown: its ``::`` announces the indented block that Markdown takes for code, too."""
    return re.sub(r"::$", ":", page, flags=re.MULTILINE)


def _invocation(run: Run) -> dict[str, Any]:
    broken = [result for result in run.results if result.verdict is Verdict.BROKEN]
    notes = [{"level": "note", "message": {"text": one_line(notice)}} for notice in run.notices]
    if run.source.example:
        notes.insert(0, {"level": "note", "message": {"text": example_notice(run.source.example)}})
    return {
        "executionSuccessful": not broken and not run.partial,
        "exitCode": int(run.exit_code),
        "exitCodeDescription": headline(run),
        "toolExecutionNotifications": [
            {
                "level": "error",
                "associatedRule": {"id": result.check.id},
                "message": {"text": f"broken on {one_line(result.target)}: {_text(reason(result) or '')}"},
            }
            for result in broken
        ]
        + notes,
    } | ({"exitSignalName": "SIGINT"} if run.exit_code is Exit.INTERRUPTED else {})


def _verdict(result: Result) -> dict[str, Any]:
    """Return the verdict of a result, for those that became no SARIF result are not to be guessed at."""
    return {
        "check": result.check.id,
        "target": legible(result.target),
        "verdict": result.verdict.value,
        "gating": result.gating,
    }


def _finding(result: Result, one: Judged, rule: int) -> dict[str, Any]:
    unknown = isinstance(one.judgement, Unknown)
    note = aside(result, one)
    properties = {
        "target": legible(result.target),
        "subject": legible(one.judgement.subject),
        "severity": result.severity_of(one).value,
        "gating": result.gates(one),
        "becauseOf": list(one.because_of),
    }
    finding = {
        "ruleId": result.check.id,
        "ruleIndex": rule,
        "kind": "open" if unknown else "fail",
        "level": "none" if unknown else _LEVELS[result.severity_of(one)],
        "message": {"text": _message(result, one)},
        "locations": [_location(result, one)],
        # GitHub tells results of one rule apart by this key alone; without it, by the text of the line, which is the
        # same for every subject that is placed at its cluster's line.
        "partialFingerprints": {
            "pullready/v1": one.fingerprint,
            "primaryLocationLineHash": f"{one.fingerprint[:16]}:1",
        },
        "properties": properties | ({"note": note} if note else {}),
    }
    return finding | ({"suppressions": [_suppression(one.waiver)]} if one.waiver else {})


def _message(result: Result, one: Judged) -> str:
    subject = f"{one_line(one.judgement.subject)} on {one_line(result.target)}"
    match one.judgement:
        case Found() as found:
            said = f"{found.observed}. Expected: {found.expected}.\n\nRemedy: {found.remedy}"
        case Unknown() as unknown:
            said = f"could not be judged: {unknown.reason}.\n\nRemedy: {unknown.remedy}"
        case _:
            said = ""
    note = aside(result, one)
    return _text(f"{subject}: {said}" + (f"\n\nThis {note}." if note and not one.waiver else ""))


def _text(text: str) -> str:
    """Return *text* as a SARIF message, in which brackets and parentheses make a link."""
    return _LINK.sub(r"\\[\1\\](", legible(text))


def _location(result: Result, one: Judged) -> dict[str, Any]:
    subject = one_line(one.judgement.subject)
    logical = {"name": subject, "fullyQualifiedName": f"{one_line(result.target)}/{subject}", "kind": "resource"}
    return {"logicalLocations": [logical]} | ({"physicalLocation": _physical(one.location)} if one.location else {})


def _physical(location: Location) -> dict[str, Any]:
    path = PurePath(legible(location.file))
    artifact = (
        {"uri": "file://" + quote(path.as_posix())}
        if path.is_absolute()
        else {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
    )
    return {"artifactLocation": artifact, "region": {"startLine": location.line}}


def _suppression(waiver: Waiver) -> dict[str, Any]:
    place = Location(waiver.file, waiver.line) if waiver.file and waiver.line else None
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{one_line(waiver.reason)} ({one_line(waiver.owner)}, until {waiver.until})",
    } | ({"location": {"physicalLocation": _physical(place)}} if place else {})
