"""What is often suspected when a pull fails, and does not matter: it changes no verdict, or nothing looks at it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import config
from pullready.preflight import Surroundings, judge_all
from pullready.snapshot import Document, Snapshot, Status
from tests.environment import HEALTHY, ROOT, healthy

REGISTRY: Final = "microsoft.containerregistry/registries"
CLUSTER: Final = "microsoft.containerservice/managedclusters"


@dataclass(frozen=True)
class Setting:
    """A property that every resource of one kind gets, by its path."""

    kind: str
    path: tuple[str, ...]
    value: Any


SUSPECTED: Final = {
    "trusted-services": Setting(REGISTRY, ("properties", "networkRuleBypassOptions"), "None"),
    "export-disabled": Setting(REGISTRY, ("properties", "policies", "exportPolicy"), {"status": "disabled"}),
    "content-trust": Setting(
        REGISTRY, ("properties", "policies", "trustPolicy"), {"type": "Notary", "status": "enabled"}
    ),
    "one-zone": Setting(REGISTRY, ("properties", "zoneRedundancy"), "Disabled"),
    "another-region": Setting(REGISTRY, ("location",), "australiaeast"),
    "pods-in-a-subnet-of-their-own": Setting(CLUSTER, ("podSubnetID",), "subnets/pods"),
    "bootstrap-registry": Setting(
        CLUSTER,
        ("properties", "bootstrapProfile"),
        {"artifactSource": "Cache", "containerRegistryId": f"/subscriptions/x/resourceGroups/x/{REGISTRY}/bootstrap"},
    ),
}

#: Words that stand in the id of a permission or the name of a property, and that nothing of the product knows.
NOT_READ: Final = {
    "resource-locks": ("Authorization/locks",),
    "conditional-access": ("conditionalAccess",),
    "pulls-do-not-write": ("writeEnabled", "deleteEnabled"),
    "admission": ("Authorization/policy", "admissionregistration", "ValidatingWebhook"),
}


def _verdicts(documents: list[Document], folder: Path) -> list[tuple[str, str, str, str]]:
    saved = healthy()
    Snapshot(documents, captured_at=saved.captured_at, example="changed").save(folder / "snapshot.json")
    made = config.load(HEALTHY / "pullready.yaml")
    changed = config.Configuration(made.targets, made.settings, snapshot=str(folder / "snapshot.json"), file=made.file)
    run = judge_all(changed, Surroundings(datetime(2026, 11, 2, 12, 0, tzinfo=UTC), lambda: b"", lambda _: None))
    return [
        (result.check.id, result.target, one.judgement.subject, one.kind)
        for result in run.results
        for one in result.judged
    ]


def _places(body: dict[str, Any], setting: Setting) -> Iterator[dict[str, Any]]:
    """Yield each object of *body* that *setting* belongs into: the resource, those it lists, or a cluster's pools."""
    for one in body["value"] if isinstance(body.get("value"), list) else [body]:
        if f"/{setting.kind}/" in one.get("id", "").casefold():
            yield from one["properties"]["agentPoolProfiles"] if setting.path == ("podSubnetID",) else [one]


def _with(document: Document, setting: Setting) -> Document:
    body = copy.deepcopy(document.body)
    for place in _places(body, setting):
        *steps, last = setting.path
        inner = place
        for step in steps:
            inner = inner.setdefault(step, {})
        inner[last] = setting.value
    return Document(id=document.id, provider=document.provider, status=Status.READ, body=body)


@pytest.mark.parametrize("setting", SUSPECTED.values(), ids=SUSPECTED)
def test_what_is_suspected_changes_no_verdict(setting: Setting, tmp_path: Path) -> None:
    documents = list(healthy())
    changed = [_with(document, setting) for document in documents]
    assert changed != documents
    assert _verdicts(changed, tmp_path) == _verdicts(documents, tmp_path)


@pytest.mark.parametrize("words", NOT_READ.values(), ids=NOT_READ)
def test_what_is_suspected_is_not_looked_at(words: tuple[str, ...]) -> None:
    sources = [
        path.read_text(encoding="utf-8").casefold()
        for folder in ("facts", "collectors", "predicates")
        for path in (ROOT / "src" / "pullready" / folder).rglob("*.py")
    ]
    assert len(sources) > 10
    assert not [word for word in words for source in sources if word.casefold() in source]
