"""The environments that cases start from, and what a case changes in them."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pullready import snapshot as snapshots
from pullready.collectors.manifests import read_manifests
from pullready.collectors.saved import cleaned
from pullready.config import CLOUDS, Settings, Target
from pullready.facts import Scope
from pullready.snapshot import Document, Provider, Snapshot, Status
from tools.examples import provider_of

ROOT: Final = Path(__file__).parent.parent
CASES: Final = Path(__file__).parent / "cases"
HEALTHY: Final = ROOT / "manifests_examples" / "healthy"
HUB: Final = ROOT / "manifests_examples" / "hub"
LANDING_ZONE: Final = ROOT / "manifests_examples" / "landing-zone"
#: The folders of the healthy examples by target, where that is not the shop.
_FOLDERS: Final = {"stage": HUB}
NAMES: Final[dict[str, str]] = tomllib.loads((CASES / "documents.toml").read_text())["documents"]


def healthy(folder: Path = HEALTHY) -> Snapshot:
    """Return the snapshot of the healthy example in *folder*."""
    return snapshots.load(folder / "snapshot.json")


def case_scope(case: Mapping[str, Any], folder: Path) -> Scope:
    """Return the healthy example's target with the changes of *case*; manifests are written into *folder*."""
    name = case.get("target", "prod")
    example = _FOLDERS.get(name, HEALTHY)
    if "manifests" in case:
        (folder / "app.yaml").write_text(case["manifests"])
        paths = (str(folder / "app.yaml"),)
    else:
        paths = (str(example / "manifests" / name),)
    manifests = read_manifests(paths, root=folder if "manifests" in case else ROOT, exclude=())
    documents = {document.id.casefold(): document for document in healthy(example)}
    if case.get("no-artifacts"):
        documents = {id_: one for id_, one in documents.items() if one.provider is not Provider.REGISTRY}
    for patch in case.get("patch", ()):
        _apply(patch, documents)
    now = datetime.fromisoformat(case["now"]) if "now" in case else healthy(example).captured_at
    snapshot = Snapshot([*map(cleaned, documents.values()), *manifests], captured_at=now)
    target = Target(
        name=name,
        cluster=None if case.get("no-cluster") else NAMES[name],
        manifests=paths,
        registries=tuple(NAMES.get(one, one) for one in case.get("registries", ())),
        context=case.get("context"),
        egress_addresses=tuple(case.get("egress-addresses", ())),
    )
    settings = replace(
        Settings(),
        cloud=CLOUDS[case.get("cloud", "AzurePublic")],
        ignore_registries=tuple(case.get("ignore-registries", ())),
        expiry_warning_days=case.get("expiry-warning-days", 30),
        list_credentials=case.get("list-credentials", False),
    )
    return Scope(snapshot, target, settings, tuple(document.id for document in manifests))


def expand(text: str) -> str:
    """Replace each ``{name}`` in *text* by the document id of that name."""
    for name, id_ in NAMES.items():
        text = text.replace("{" + name + "}", id_)
    return text


def _expand_all(value: Any) -> Any:
    match value:
        case str():
            return expand(value)
        case list():
            return [_expand_all(one) for one in value]
        case dict():
            return {expand(key): _expand_all(one) for key, one in value.items()}
        case _:
            return value


def _apply(patch: Mapping[str, Any], documents: dict[str, Document]) -> None:
    id_ = expand(NAMES.get(patch["document"], patch["document"]))
    provider = provider_of(id_)
    old = documents.get(id_.casefold(), Document(id=id_, provider=provider, status=Status.READ, body={}))
    if patch.get("absent"):
        assert id_.casefold() in documents, f"{id_} is not there in the first place"
        del documents[id_.casefold()]
        return
    if "status" in patch:
        new = Document(id=id_, provider=provider, status=Status(patch["status"]), detail=patch.get("detail"))
    elif "body" in patch:
        new = Document(id=id_, provider=provider, status=Status.READ, body=_expand_all(patch["body"]))
    else:
        body = copy.deepcopy(old.body)
        _set(body, patch["pointer"], patch)
        new = Document(id=id_, provider=provider, status=Status.READ, body=body)
    documents[id_.casefold()] = new


def _set(body: Any, pointer: str, patch: Mapping[str, Any]) -> None:
    *steps, last = (expand(step.replace("~1", "/").replace("~0", "~")) for step in pointer.split("/")[1:])
    for step in steps:
        body = body[int(step)] if isinstance(body, list) else body[step]
    if patch.get("remove"):
        del body[int(last) if isinstance(body, list) else last]
    elif isinstance(body, list):
        value = _expand_all(patch["value"])
        if last == "-":
            body.append(value)
        else:
            body[int(last)] = value
    else:
        body[last] = _expand_all(patch["value"])
