"""Whatever goes wrong on the way to Azure: bounded time, one clear line, unknown on just the checks concerned."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pullready.collectors import effort, pacing, pages, pipelines
from pullready.collectors.reader import WORKERS, Reader
from pullready.config import Settings, Target
from pullready.outcome import Exit, Run
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.verdict import Unknown, Verdict
from tests.azure import runs
from tests.azure.faults import DIRECTORY, FEW_PAGES, ROWS, SETS, Row, Stage, error
from tests.azure.fixtures import Serve
from tests.azure.standin import Fault, Standin
from tests.environment import ROOT
from tests.reading import differences
from tests.running import FIVE, interrupt
from tools import reliability

Verdicts = dict[tuple[str, str], Verdict]


@dataclass(frozen=True)
class Told:
    """What a run said, judged and asked for."""

    run: Run
    said: list[str]
    asked: list[str]

    @property
    def verdicts(self) -> Verdicts:
        return {(one.check.id, one.target): one.verdict for one in self.run.results}

    @property
    def remedies(self) -> set[str]:
        judged = (one.judgement for result in self.run.results for one in result.judged)
        return {one.remedy for one in judged if isinstance(one, Unknown)}


def told(standin: Standin, folder: Path) -> Told:
    said: list[str] = []
    path = runs.configure(folder, standin, runs.targets("prod", "legacy"))
    standin.requests.clear()
    run = runs.judge(path, say=said.append)
    return Told(run, said, [one.casefold() for one in standin.asked()])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (effort, "BACKOFF", 0.001),
        (pacing, "FIRST_PAUSE", 0.05),
        (pacing, "PATIENCE", 6),
        (pages, "MOST_PAGES", FEW_PAGES),
        (pipelines, "READ_TIMEOUT", 0.8),
        (pipelines, "ANSWER_TIMEOUT", 1.2),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module")
def unspoilt() -> dict[tuple[str | None, Status], Told]:
    """What a run says where a document has a status from the start; filled by the first test that needs it."""
    return {}


def with_status(snapshot: Snapshot, document: str | None, status: Status) -> Snapshot:
    named = [one for one in snapshot if document in (None, one.id) and one.provider in (Provider.ARM, Provider.GRAPH)]
    named = [one for one in named if document or one.provider is Provider.ARM]
    return snapshot.with_documents(Document(id=one.id, provider=one.provider, status=status) for one in named)


def expected(row: Row, serve: Serve, folder: Path, unspoilt: dict[tuple[str | None, Status], Told]) -> Told:
    """Return what a run says where the document was refused, is not there, or was read all along."""
    status = Status.FORBIDDEN if row.status is Status.FAILED else row.status
    key = (None if status is Status.READ else row.document, status)
    if key not in unspoilt:
        snapshot = runs.served()
        if status is not Status.READ:
            snapshot = with_status(snapshot, row.document, status)
        unspoilt[key] = told(serve(snapshot), folder)
    return unspoilt[key]


@pytest.fixture
def stage(
    serve: Serve,
    certificates: tuple[ssl.SSLContext, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    with ExitStack() as running:

        def start(context: ssl.SSLContext) -> Standin:
            return running.enter_context(Standin(runs.served()).serving(context))

        yield Stage(serve(runs.served()), tmp_path, certificates[1], monkeypatch.setenv, start)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row.fault).strip("-"))
def test_a_fault_comes_to_what_the_table_says(
    row: Row, stage: Stage, serve: Serve, unspoilt: dict[tuple[str | None, Status], Told]
) -> None:
    other = expected(row, serve, stage.folder, unspoilt)
    standin = stage.standin
    standin.page_size = row.page_size
    row.makes(stage)
    began = time.monotonic()
    found = told(standin, stage.folder)
    took = time.monotonic() - began
    assert took < row.seconds
    assert found.verdicts == other.verdicts
    if row.document or row.says is None:
        assert set(found.asked) == set(other.asked), "nothing else is lost"
    assert row.asks in (None, found.asked.count(str(row.document).casefold()))
    assert found.run.exit_code is (Exit.READY if row.status is Status.READ else Exit.INCOMPLETE)
    lines = [line for line in found.said if line.startswith(("cannot", "signing"))]
    if row.says is None:
        assert lines == []
        return
    host = standin.urls["graph" if (row.document or "").startswith("graph:") else "arm"].partition("://")[2]
    says, remedy = (reliability.filled(text, host, row.document or "") for text in (row.says, row.remedy))
    [line] = lines
    assert line.endswith(f": {says.rstrip('.')}. {remedy}")
    assert line.startswith(f"cannot read {row.document or '/subscriptions/'}")
    assert remedy in found.remedies


def named(fault: str) -> Row:
    [row] = [row for row in ROWS if row.fault == fault]
    return row


def test_only_checks_that_read_a_document_are_other_than_clear_without_it(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    path = runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    readers: dict[str, set[str]] = {}
    for slug, check in runs.CHECKS.items():
        standin.requests.clear()
        runs.judge(path, {slug: check})
        for asked in standin.asked():
            readers.setdefault(asked.casefold(), set()).add(slug)
    for document in (SETS, DIRECTORY):
        for status in (Status.FORBIDDEN, Status.NOT_FOUND):
            standin.snapshot = with_status(runs.served(), document, status)
            verdicts = told(standin, tmp_path).verdicts
            clear = {Verdict.CLEAR, Verdict.NOT_APPLICABLE}
            touched = {check for (check, _), verdict in verdicts.items() if verdict not in clear}
            assert touched
            assert touched <= readers[document.casefold()]


@pytest.mark.parametrize(
    ("door", "fault"),
    [
        (runs.PYTEST, "401: the token is refused from some request on"),
        (runs.PULLREADY, "404 `SubscriptionNotFound`"),
        (runs.PULLREADY, "429 with `Retry-After` in seconds"),
        (runs.PYTEST, "429 with `Retry-After` of an hour"),
        (runs.PULLREADY, "HTML, as a proxy's page to sign in"),
        (runs.PYTEST, "Certificate that has expired"),
        (runs.PULLREADY, "Page that repeats"),
    ],
)
def test_a_fault_comes_to_the_same_through_the_doors(door: tuple[str, ...], fault: str, stage: Stage) -> None:
    row = named(fault)
    row.makes(stage)
    runs.configure(stage.folder, stage.standin, runs.targets("prod", "legacy"))
    done = runs.run(stage.folder, door)
    assert done.exit_code == (0 if row.says is None else 10), done.said
    assert len(re.findall("^cannot read", done.said, re.MULTILINE)) == (row.says is not None), done.said


def test_one_new_token_is_fetched_for_all_requests_that_come_with_the_old_one(stage: Stage) -> None:
    named("401: the token is refused from some request on").makes(stage)
    assert told(stage.standin, stage.folder).run.exit_code is Exit.READY
    audiences = [issued.audience for issued in stage.standin.tokens.values()]
    assert audiences.count(stage.standin.urls["arm"]) == 2
    assert audiences.count(stage.standin.urls["graph"]) <= 2


@pytest.mark.usefixtures("quick")
def test_a_service_that_has_no_answer_for_many_is_asked_no_more(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "MOST_LOST", 20)
    monkeypatch.setattr(effort, "RETRIES", 0)
    standin = serve(runs.served())
    wanted = [f"{SETS}/{number}" for number in range(200)]
    for id_ in wanted:
        standin.fails(id_, Fault(503, error("ServiceUnavailable")))
    with Reader(replace(Settings(), cloud=standin.cloud)) as reader:
        read = [future.result() for future in reader.start(wanted, Target("fleet"))]
    assert 20 <= len(standin.requests) < 20 + WORKERS
    assert {document.status for document in read} == {Status.FAILED}
    assert "had no answer for 20 documents in a row" in str(read[-1].detail)


def test_the_page_is_made_of_the_table() -> None:
    assert reliability.PAGE.read_text(encoding="utf-8") == reliability.page()


@pytest.mark.parametrize("door", [runs.PULLREADY, runs.PYTEST], ids=["pullready", "pytest"])
def test_ctrl_c_ends_a_reading_that_hangs(door: tuple[str, ...], serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    standin.fails(SETS, Fault(200, delay=30))
    runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    words = [word.format(folder=tmp_path) for word in door if "save-snapshot" not in word]
    where = ROOT if words[0] == "pytest" else tmp_path
    pressed: list[float] = []

    def hangs() -> bool:
        if SETS in standin.asked():
            pressed.append(time.monotonic())
        return bool(pressed)

    ran = interrupt(where, "-m", *words, after=hangs)
    # What hangs hangs for longer; how much sooner a run ends is the machine's affair.
    assert time.monotonic() - pressed[0] < 20
    assert ran.code == 2, ran.said
    assert "Traceback" not in ran.said
    reports = tmp_path / "reports"
    assert {path.name for path in reports.iterdir()} == FIVE
    assert differences(reports) == []
    report = json.loads((reports / "report.json").read_text())
    assert (report["results"], report["partial"], report["exitCode"]) == ([], True, 2)
