"""Clusters and registries as Azure answered them: each is judged, and never by an error, or clear without evidence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import catalogue, config
from pullready.facts import ids
from pullready.outcome import Run
from pullready.preflight import Surroundings, judge_all
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.verdict import Clear, Found, NotApplicable, Unknown, Verdict
from tests.environment import NAMES, ROOT, healthy

WIRE: Final = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire"
CHECKS: Final = catalogue.load()
NOW: Final = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ABSENT: Final = "PULLREADY_CORPUS names no folder with wire/recorded"
#: How many of the registries are put beside every recorded cluster.
BESIDE: Final = 4
POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec: {{containers: [{{name: web, image: "{host}/web:1"}}]}}
"""

Body = dict[str, Any]


def _recorded(kind: str) -> list[Body]:
    paths = sorted((WIRE / "recorded" / kind).glob("*.json"))
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [one for answer in answers for one in answer.get("value", [answer])]


def _copied() -> list[Body]:
    path = WIRE / "handcopied" / "acr_2025_2026_registries.json"
    answers = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [answer["body"] for answer in answers if "id" in answer["body"]]


CLUSTERS: Final = _recorded("microsoft.containerservice__managedclusters")
REGISTRIES: Final = [*_copied(), *_recorded("microsoft.containerregistry__registries")]


def _each(bodies: list[Body]) -> Iterator[Any]:
    if not bodies:
        yield pytest.param({}, marks=pytest.mark.skip(reason=ABSENT), id="none")
    for place, body in enumerate(bodies):
        yield pytest.param(body, id=f"{place}-{body['id'].rpartition('/')[2]}")


def _documents(cluster: str, *bodies: Body) -> Iterator[Document]:
    """Yield *bodies* as documents, and the list of the registries among them that the subscription of *cluster* has."""
    listed = {"value": [body for body in bodies if "loginServer" in body["properties"]]}
    of_subscription = ids.registries_in(ids.subscription_of(cluster))
    for id_, body in (*((body["id"], body) for body in bodies), (of_subscription, listed)):
        yield Document(id=id_, provider=Provider.ARM, status=Status.READ, body=body)


def _judge(documents: Iterable[Document], cluster: str, host: str | None, folder: Path) -> Run:
    """Judge *cluster*, where a pod pulls from the registry at *host* (or none does); assert that all is sound."""
    file = folder / "snapshot.json"
    known = Snapshot(documents, captured_at=NOW)
    known.save(file)
    text = f"cluster: {cluster}\nsnapshot: {file.name}\n"
    if host:
        (folder / "app.yaml").write_text(POD.format(host=host), encoding="utf-8")
        text += "manifests: [app.yaml]\n"
    (folder / "pullready.yaml").write_text(text, encoding="utf-8")
    run = judge_all(config.load(folder / "pullready.yaml"), Surroundings(NOW, lambda: b"", lambda _: None), CHECKS)
    read = {one.id.casefold() for one in known if one.status is Status.READ} | {"app.yaml"}
    _assert_sound(run, read)
    return run


def _file_or_id(document: str) -> str:
    """Return the name of the file that *document* is a part of, else its id, in lower case."""
    named = document.casefold().partition("#")[0]
    return named.rpartition("/")[2] if named.startswith("manifest:") else named


def _assert_sound(run: Run, read: set[str]) -> None:
    assert {result.check.id for result in run.results} == set(CHECKS)
    assert all(result.verdict is not Verdict.BROKEN for result in run.results)
    for result in run.results:
        assert result.judged, f"{result.check.id} says nothing"
        for one in result.judged:
            match one.judgement:
                case Clear(evidence=evidence) | Found(evidence=evidence):
                    assert evidence, one
                    assert {_file_or_id(given.document) for given in evidence} <= read, one
                case Unknown(reason=reason, remedy=remedy):
                    assert reason, one
                    assert remedy, one
                case NotApplicable(reason=reason):
                    assert reason, one


@pytest.mark.parametrize("cluster", list(_each(CLUSTERS)))
def test_a_recorded_cluster_alone_and_beside_some_registries(cluster: Body, tmp_path: Path) -> None:
    _judge(_documents(cluster["id"], cluster), cluster["id"], None, tmp_path)
    for registry in REGISTRIES[:BESIDE]:
        host = registry["properties"]["loginServer"]
        run = _judge(_documents(cluster["id"], cluster, registry), cluster["id"], host, tmp_path)
        assert any(result.verdict is Verdict.UNKNOWN for result in run.results), "most of it was never read"


@pytest.mark.parametrize("registry", list(_each(REGISTRIES)))
def test_a_recorded_registry_beside_the_healthy_cluster(registry: Body, tmp_path: Path) -> None:
    documents = Snapshot(healthy(), captured_at=NOW).with_documents(_documents(NAMES["prod"], registry))
    run = _judge(documents, NAMES["prod"], registry["properties"]["loginServer"], tmp_path)
    assert any(result.verdict is Verdict.CLEAR for result in run.results)


@pytest.mark.skipif(not CLUSTERS, reason=ABSENT)
def test_many_are_judged() -> None:
    assert len(CLUSTERS) > 100
    assert len(REGISTRIES) > 20
