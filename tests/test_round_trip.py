"""Every example, served by the stand-in and read live, is what its file says: by single reads and by Resource Graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from pullready.outcome import Run
from pullready.snapshot import Provider, Snapshot
from pullready.verdict import Verdict
from tests.azure import runs
from tests.azure.environments import REGISTRIES
from tests.azure.fixtures import Serve
from tools.examples import EXAMPLES, Example, examples

HEALTHY: Final = ("healthy", "hub", "landing-zone")


def described(example: Example) -> list[dict[str, Any]]:
    """Return the targets of *example*, as its configuration names them."""
    folder = EXAMPLES / example.folder
    clusters = [id_ for id_ in example.bodies if "/managedClusters/" in id_]
    manifests = {id_: folder / "manifests" / id_.rpartition("/")[2] for id_ in clusters}
    named = {id_: path if path.is_dir() else folder / "manifests" for id_, path in manifests.items()}
    return [
        {"cluster": id_, "manifests": [str(path)], "registries": [*REGISTRIES.get(id_.rpartition("/")[2], ())]}
        for id_, path in named.items()
    ]


def told(run: Run) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return what *run* says of each check and target: verdicts and subjects."""
    return {
        (result.check.id, result.target): sorted((one.kind.value, one.judgement.subject) for one in result.judged)
        for result in run.results
        if result.verdict is not Verdict.NOT_APPLICABLE
    }


@pytest.mark.parametrize("together", [False, True], ids=["single-reads", "resource-graph"])
@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.folder.rpartition("/")[2])
def test_what_is_read_live_is_what_the_file_says(
    example: Example,
    together: bool,  # noqa: FBT001
    serve: Serve,
    tmp_path: Path,
) -> None:
    environment = runs.served(example.bodies)
    of_azure = [one for one in environment if one.provider is not Provider.REGISTRY]
    azure = Snapshot(of_azure, captured_at=environment.captured_at)
    targets = [{key: value for key, value in one.items() if value} for one in described(example)]
    standin = serve(azure, page_size=3)
    live = runs.judge(runs.configure(tmp_path, standin, targets, **{"resource-graph": together}))
    azure.save(tmp_path / "saved.json")
    saved = runs.judge(
        runs.configure(tmp_path, standin, targets, snapshot="saved.json", **{"snapshot-max-age": "3650d"})
    )
    assert told(live) == told(saved)
    assert live.exit_code is saved.exit_code
    assert live.source.unreadable == 0
    # A round that wants no two of its resources has nothing to ask together.
    assert ("resource-graph" in live.source.requests) is together or (together and example.folder not in HEALTHY)
