"""The snapshot: what it holds, and the file it is kept in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullready.errors import FactUnavailable, InputError
from pullready.snapshot import SCHEMA_VERSION, Document, Provider, Snapshot, Status, TargetScope, load

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
ID = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop"
SHOP = Document(
    id=ID,
    provider=Provider.ARM,
    status=Status.READ,
    api_version="2026-01-01",
    body={"name": "shop", "tags": [1, 2.5, None]},
)
HIDDEN = Document(
    id="graph:/v1.0/groups", provider=Provider.GRAPH, status=Status.FORBIDDEN, detail="403", remedy="grant it"
)
APP = Document(
    id="manifest:app.yaml#0",
    provider=Provider.MANIFEST,
    status=Status.READ,
    body={"kind": "Pod", "a/b": {"~": [{"image": "web"}]}},
    file="app.yaml",
    lines={"": 1, "/kind": 2, "/a~1b": 3, "/a~1b/~0/0/image": 5},
)
TARGETS = (
    TargetScope("test", manifests=(APP.id,)),
    TargetScope("prod", ID, ("shop",), (), "prod", "tenant", ("203.0.113.7",)),
)


def full() -> Snapshot:
    return Snapshot(
        [SHOP, HIDDEN, APP], captured_at=NOW, targets=TARGETS, example="a shop", requests={"graph": 1, "arm": 2}
    )


def contents(snapshot: Snapshot) -> tuple[object, ...]:
    targets = sorted(snapshot.targets, key=lambda target: target.name)
    return (snapshot.captured_at, list(snapshot), targets, snapshot.example, snapshot.requests)


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


# ------------------------------------------------------------------------------------------------------------ the file


def test_what_is_saved_comes_back_and_the_bytes_stay(tmp_path: Path) -> None:
    first, second = tmp_path / "new" / "first.json", tmp_path / "second.json"
    full().save(first)
    load(first).save(second)
    assert contents(load(first)) == contents(full())
    assert first.read_bytes() == second.read_bytes() == full().encode()
    assert [path.name for path in first.parent.iterdir()] == ["first.json"]


def test_the_order_of_reading_does_not_show() -> None:
    other = Snapshot(
        [APP, SHOP, HIDDEN],
        captured_at=NOW.astimezone(timezone(timedelta(hours=2))),
        targets=reversed(TARGETS),
        example="a shop",
        requests={"arm": 2, "graph": 1},
    )
    assert other.encode() == full().encode()
    assert other.digest() == full().digest()
    assert full().digest().startswith("sha256:")


def test_the_digest_changes_with_a_document() -> None:
    assert full().with_documents([Document(ID, Provider.ARM, Status.NOT_FOUND)]).digest() != full().digest()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
DOCUMENTS = st.builds(
    Document,
    id=TEXT,
    provider=st.sampled_from(Provider),
    status=st.sampled_from(Status),
    api_version=st.none() | TEXT,
    body=JSON,
    detail=st.none() | TEXT,
    file=st.none() | TEXT,
    lines=st.dictionaries(TEXT, st.integers(1, 99999), max_size=3),
)


@given(
    st.lists(DOCUMENTS, max_size=4),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1)),  # noqa: DTZ001  (hypothesis wants it naive)
    st.lists(
        st.builds(TargetScope, name=TEXT, cluster=st.none() | TEXT), max_size=2, unique_by=lambda target: target.name
    ),
)
def test_every_snapshot_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[Document],
    captured_at: datetime,
    targets: list[TargetScope],
) -> None:
    path = tmp_path_factory.getbasetemp() / "snapshot.json"
    snapshot = Snapshot(documents, captured_at=captured_at, targets=targets)
    snapshot.save(path)
    assert contents(load(path)) == contents(snapshot)
    assert load(path).encode() == snapshot.encode() == path.read_bytes()


GOOD: dict[str, Any] = json.loads(full().encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged"),
        (full().encode()[:-40], "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"kind: Pod", "damaged"),
        (b"[]", "not a snapshot"),
        (b"{}", "not a snapshot"),
        (b'{"schemaVersion": 1}', "not a snapshot"),
        (b'{"schemaVersion": true, "documents": []}', "not a snapshot"),
        (b'{"schemaVersion": "1", "documents": []}', "not a snapshot"),
        (b'{"version": 1, "documents": []}', "not a snapshot"),
        (b'{"schemaVersion": 2, "documents": []}', "schema version 2, and this pullready reads version 1"),
        (b'{"schemaVersion": 0, "documents": []}', "schema version 0"),
        (b'{"schemaVersion": 1, "documents": []}', "damaged"),
        (json.dumps({**GOOD, "capturedAt": "2026-11-02T06:00:00"}).encode(), "time zone"),
        (json.dumps({**GOOD, "capturedAt": "yesterday"}).encode(), "damaged"),
        (json.dumps({**GOOD, "documents": [{"id": "a"}]}).encode(), "damaged"),
        (json.dumps({**GOOD, "documents": [{"id": "a", "provider": "arm", "status": "good"}]}).encode(), "damaged"),
        (json.dumps({**GOOD, "targets": [{"cluster": ID}]}).encode(), "damaged"),
    ],
)
def test_a_damaged_foreign_or_newer_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(content)
    error = refused(lambda: load(path))
    assert says in error.what
    assert error.file == str(path)
    assert error.remedy


def test_the_schema_version_is_the_one_that_is_written() -> None:
    assert GOOD["schemaVersion"] == SCHEMA_VERSION == 1


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(lambda: load(tmp_path / "none.json")).what
    assert "cannot be read" in refused(lambda: load(tmp_path)).what


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "taken", tmp_path / "file" / "snapshot.json"):
        assert "cannot be written" in refused(lambda path=path: full().save(path)).what  # type: ignore[misc]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Snapshot(captured_at=datetime(2026, 11, 2))  # noqa: DTZ001  (that is the point)


# ------------------------------------------------------------------------------------------------------- the documents


def test_ids_are_compared_without_case_and_keep_their_first_spelling() -> None:
    snapshot = Snapshot([SHOP, Document(ID.upper(), Provider.ARM, Status.NOT_FOUND)], captured_at=NOW)
    assert len(snapshot) == 1
    assert snapshot.document(ID.upper()) is SHOP


def test_a_document_that_was_never_asked_for_says_so() -> None:
    document = full().document("/x", Provider.REGISTRY)
    assert (document.status, document.provider, document.id) == (Status.NOT_ASKED, Provider.REGISTRY, "/x")


def test_documents_are_replaced_and_the_rest_stays() -> None:
    read = Document(HIDDEN.id.upper(), Provider.GRAPH, Status.READ, body={})
    changed = full().with_documents([read])
    assert changed.document(HIDDEN.id) is read
    assert len(changed) == 3
    assert contents(changed)[2:] == contents(full())[2:]
    assert changed.captured_at == NOW
    assert full().with_documents([], TARGETS[:1]).targets == TARGETS[:1]
    assert full().document(HIDDEN.id) is HIDDEN


def test_a_copy_has_the_same_documents_and_changing_it_leaves_the_first_as_it_was() -> None:
    first = full()
    copied = Snapshot(first, captured_at=NOW, targets=TARGETS, example="a shop", requests=first.requests)
    read = Document(HIDDEN.id.upper(), Provider.GRAPH, Status.READ, body=[])
    changed = copied.with_documents([read])
    assert contents(copied) == contents(first) == contents(full())
    assert list(changed) == list(Snapshot([SHOP, read, APP], captured_at=NOW))


def test_unreadable_is_what_was_asked_for_and_gave_no_answer() -> None:
    documents = [Document(f"/{status}", Provider.ARM, status) for status in Status]
    unreadable = Snapshot(documents, captured_at=NOW).unreadable()
    assert [document.status for document in unreadable] == [Status.FAILED, Status.FORBIDDEN]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (Status.FORBIDDEN, "forbidden (why)"),
        (Status.NOT_FOUND, "does not exist (why)"),
        (Status.FAILED, "could not be read (why)"),
        (Status.NOT_ASKED, "was not read (why)"),
    ],
)
def test_what_was_not_read_is_unavailable_with_reason_and_remedy(status: Status, says: str) -> None:
    for remedy in (None, "do this"):
        document = Document("/x", Provider.ARM, status, detail="why", remedy=remedy)
        with pytest.raises(FactUnavailable) as caught:
            document.require()
        assert says in caught.value.reason
        assert caught.value.document == "/x"
        assert caught.value.remedy == remedy or (remedy is None and caught.value.remedy)
    assert SHOP.require() is SHOP


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", APP.body), ("/kind", "Pod"), ("/a~1b/~0/0/image", "web"), ("/a~1b/~0", [{"image": "web"}])],
)
def test_a_pointer_finds_its_value(pointer: str, value: object) -> None:
    assert APP.at(pointer) == value


@pytest.mark.parametrize("pointer", ["/none", "/kind/0", "/a~1b/~0/1", "/a~1b/~0/-1", "/a~1b/~0/x", "/a~1b/~0/²", "/"])
def test_a_pointer_to_nothing_is_an_error(pointer: str) -> None:
    with pytest.raises(KeyError):
        APP.at(pointer)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [("", 1), ("/kind", 2), ("/a~1b/~0/0/image", 5), ("/a~1b/~0/0", 3), ("/kind/x/y", 2), ("/x", 1)],
)
def test_a_line_is_that_of_the_nearest_parent(pointer: str, line: int) -> None:
    assert APP.line(pointer) == line
    assert SHOP.line(pointer) is None
