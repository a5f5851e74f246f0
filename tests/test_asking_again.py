"""Who is asked again in the next round of reading: everybody but those to whom nothing that is read can matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from pullready.collectors import live
from pullready.collectors.manifests import read_manifests
from pullready.collectors.permissions import Declared, Waiting
from pullready.collectors.reader import Reader
from pullready.collectors.wishes import read_wishes
from pullready.config import Settings, Target
from pullready.facts import MAKERS, Need, ids, needs_of
from pullready.facts.scope import Noting, Scope
from pullready.snapshot import Document, Provider, Snapshot, Status, TargetScope
from tests.azure import acr, runs
from tests.azure.fixtures import Serve
from tests.azure.standin import Standin
from tools.examples import of_fault
from tools.shop.environment import PROD, SHOPTEAMS
from tools.shop.fault import Fault
from tools.shop.faults import faults

IMAGE: Final = ids.image_manifest("shopimages.azurecr.io", "web", "1.4.2")
#: The same document, as another may spell it.
SPELT: Final = IMAGE.replace("https", "HTTPS")
THERE: Final = Document(id=PROD, provider=Provider.ARM, status=Status.READ, body={})
HELD: Final = Document(id=IMAGE, provider=Provider.REGISTRY, status=Status.READ, body={})
NODES: Final = Document(id=ids.live_nodes("prod"), provider=Provider.KUBERNETES, status=Status.READ, body={})
BY_NEED: Final = {need: declared for declared in live.in_order() for need in declared.needs}


@pytest.mark.parametrize(
    ("look", "absent"),
    [
        pytest.param(lambda seen: seen.document(PROD), set(), id="a-document-that-is-there"),
        pytest.param(lambda seen: PROD in seen, set(), id="whether-it-was-asked-for"),
        pytest.param(lambda seen: seen.asked(Provider.ARM), set(), id="whether-its-provider-was"),
        pytest.param(lambda seen: seen.document(SPELT, Provider.REGISTRY), {IMAGE}, id="one-that-somebody-else-reads"),
        pytest.param(lambda seen: SPELT in seen, {IMAGE}, id="whether-one-was-asked-for-that-was-not"),
        pytest.param(lambda seen: seen.asked(Provider.REGISTRY), None, id="whether-a-provider-was-that-was-not"),
        pytest.param(list, None, id="all-that-is-there-so-far"),
    ],
)
def test_what_was_looked_at_may_still_change(look: Callable[[Snapshot], object], absent: set[str] | None) -> None:
    seen = Noting(Snapshot([THERE], captured_at=datetime.now(UTC)))
    look(seen)
    assert seen.absent == absent


def test_a_snapshot_lacks_what_it_has_none_of() -> None:
    snapshot = Snapshot([HELD], captured_at=datetime.now(UTC))
    assert snapshot.lacks({PROD.casefold()})
    assert not snapshot.lacks({PROD.casefold(), IMAGE})


@pytest.mark.parametrize(
    ("need", "documents", "is_outdated"),
    [
        pytest.param(Need.REGISTRIES, [THERE], False, id="what-was-there-is-there"),
        pytest.param(Need.ARTIFACTS, [THERE, HELD], False, id="more-of-azure"),
        pytest.param(Need.CLUSTER, [replace(THERE, body=[])], True, id="another-in-its-place"),
        pytest.param(Need.NODES, [THERE, NODES], True, id="of-the-live-cluster"),
    ],
)
def test_what_is_read_may_change_what_was_known(
    need: Need, documents: Sequence[Document], *, is_outdated: bool
) -> None:
    snapshot = Snapshot([THERE], captured_at=datetime.now(UTC))
    assert live._outdates([BY_NEED[need]], documents, snapshot) is is_outdated


def test_a_collector_waits_for_what_it_looked_for_in_vain() -> None:
    asked: list[int] = []

    def looked_at(scope: Scope) -> Iterator[Callable[[], object]]:
        if scope.document(PROD).body is not None:
            yield lambda: scope.document(IMAGE, Provider.REGISTRY)

    def reading(scope: Scope) -> Waiting:
        asked.append(len(scope.snapshot))
        return (yield from read_wishes(scope, looked_at, frozenset({Provider.REGISTRY})))

    declared = Declared((Need.ARTIFACTS,), reading, ())
    kept, settings = live._Kept(), Settings()

    def wanted(*documents: Document) -> list[str]:
        snapshot = Snapshot(documents, captured_at=datetime.now(UTC))
        with Reader(settings) as reader:
            found = live._wanted([(declared, Target("it", cluster=PROD))], settings, snapshot, reader, kept)
            return [id_ for _, _, ids_ in found for id_ in ids_]

    assert wanted() == []
    assert wanted(NODES) == []
    assert wanted(NODES, THERE) == [IMAGE]
    assert wanted(NODES, THERE, HELD) == []
    assert wanted(NODES, THERE, HELD, replace(THERE, id=SHOPTEAMS)) == []
    assert asked == [0, 2, 3], "the number of documents there were, each time that it was asked"


def read(fault: Fault, standin: Standin, folder: Path) -> list[tuple[str, Status]]:
    """Read the cluster of *fault* with all that every fact needs; return what came of each document."""
    for name, text in of_fault(fault).files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    documents = read_manifests(["manifests"], root=folder, exclude=())
    scope = TargetScope("it", fault.cluster, manifests=tuple(one.id for one in documents))
    empty = Snapshot(documents, captured_at=datetime.now(UTC), targets=[scope])
    target = Target("it", cluster=fault.cluster, registries=(ids.name_of(SHOPTEAMS),))
    settings = Settings(cloud=standin.cloud)
    found = live.collect([target], settings, {"it": needs_of(MAKERS)}, empty, lambda _: None)
    return [(document.id, document.status) for document in found]


@pytest.mark.parametrize("fault", tuple(faults()), ids=lambda fault: fault.slug)
def test_nothing_else_is_read_where_everybody_is_asked_in_every_round(
    fault: Fault, serve_registries: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = serve_registries(acr.genuine(runs.served(of_fault(fault).bodies)))
    asked: Counter[str] = Counter()
    genuine = live._missing

    def noted(reading: Any, snapshot: Snapshot) -> list[str] | frozenset[str]:
        asked[reading.__name__] += 1
        return genuine(reading, snapshot)

    def forgotten(reading: Any, snapshot: Snapshot) -> list[str]:
        missing = noted(reading, snapshot)
        return missing if isinstance(missing, list) else []

    monkeypatch.setattr(live, "_missing", noted)
    found, once = read(fault, standin, tmp_path), asked.copy()
    monkeypatch.setattr(live, "_missing", forgotten)
    monkeypatch.setattr(live, "_outdates", lambda *_: True)
    asked.clear()
    assert read(fault, standin, tmp_path) == found
    assert once["read_registries"] < asked["read_registries"]
    assert once["read_artifacts"] < asked["read_artifacts"]
