"""``report.json``: the whole run for machines, after ``report.schema.json``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec

from pullready.config import Waiver
from pullready.outcome import ImageOutcome, Judged, Result, Run, Source
from pullready.reports.wording import legible, reason
from pullready.verdict import Clear, Evidence, Found, Location, NotApplicable, Unknown

SCHEMA_VERSION: Final = 1
SCHEMA: Final = Path(__file__).with_name("report.schema.json")


def render(run: Run) -> bytes:
    """Return the report's bytes (UTF-8); the same run gives the same bytes."""
    content = _legible(
        {
            "schemaVersion": SCHEMA_VERSION,
            "tool": {"name": "pullready", "version": run.version},
            "source": _source(run.source),
            "selection": {
                "selected": run.selection.selected,
                "deselected": run.selection.deselected,
                "unjudged": run.selection.unjudged,
            },
            "verdict": run.verdict.value,
            "partial": run.partial,
            "exitCode": int(run.exit_code),
            "results": [_result(result) for result in run.results],
            "images": [_image(image) for image in run.images],
            "waivers": {
                "used": [_waiver(waiver) for waiver in run.waivers.used],
                "expired": [_waiver(waiver) for waiver in run.waivers.expired],
                "unmatched": [_waiver(waiver) for waiver in run.waivers.unmatched],
            },
        }
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _legible(value: Any) -> Any:
    """Drop what no report may carry, and what no JSON can (a lone surrogate), from every text in *value*."""
    match value:
        case str():
            return legible(value)
        case dict():
            return {legible(key): _legible(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_legible(inner) for inner in value]
        case _:
            return value


def _source(source: Source) -> dict[str, Any]:
    """Return the source; only an embedded example has the property ``example``."""
    return {
        "kind": source.kind,
        "capturedAt": source.captured_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "documents": source.documents,
        "unreadable": source.unreadable,
        "requests": dict(sorted(source.requests.items())),
        "snapshotDigest": source.snapshot_digest,
        "configDigest": source.config_digest,
    } | ({"example": source.example} if source.example else {})


def _result(result: Result) -> dict[str, Any]:
    return {
        "check": result.check.id,
        "target": result.target,
        "cluster": result.cluster,
        "verdict": result.verdict.value,
        "severity": result.severity.value,
        "gating": result.gating,
        "title": result.check.title,
        "reason": reason(result),
        "reference": result.check.reference,
        "becauseOf": result.because_of,
        "judgements": [_judgement(result, one) for one in result.judged],
    }


def _judgement(result: Result, one: Judged) -> dict[str, Any]:
    observed = expected = severity = remedy = why = None
    match one.judgement:
        case Found() as found:
            observed, expected, remedy = found.observed, found.expected, found.remedy
            severity = result.severity_of(one).value
        case Unknown() as unknown:
            why, remedy, severity = unknown.reason, unknown.remedy, result.severity_of(one).value
        case NotApplicable() as inapplicable:
            why = inapplicable.reason
        case Clear():
            pass
    return {
        "kind": one.kind.value,
        "subject": one.judgement.subject,
        "observed": observed,
        "expected": expected,
        "severity": severity,
        "remedy": remedy,
        "reason": why,
        "location": _location(one.location),
        "waiver": _waiver(one.waiver) if one.waiver else None,
        "fingerprint": one.fingerprint,
        "evidence": [_evidence(evidence) for evidence in one.judgement.evidence],
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return {"file": location.file, "line": location.line} if location else None


def _evidence(evidence: Evidence) -> dict[str, str]:
    return {
        "document": evidence.document,
        "pointer": evidence.pointer,
        "value": evidence.value,
        "says": evidence.says,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "check": waiver.check,
        "subject": waiver.subject,
        "target": waiver.target,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "until": waiver.until.isoformat(),
        "location": _location(Location(waiver.file, waiver.line)) if waiver.file and waiver.line else None,
    }


def _image(image: ImageOutcome) -> dict[str, Any]:
    return {
        "target": image.target,
        "pool": image.pool,
        "image": image.image,
        "workloads": image.workloads,
        "verdict": image.verdict,
        "because": image.because,
        "proven": image.proven,
        "unproven": image.unproven,
        "seenFailing": image.seen_failing and asdict(image.seen_failing),
    }
