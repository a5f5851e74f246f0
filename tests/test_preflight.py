"""A run without pytest around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pullready import catalogue
from pullready.config import Configuration, Target
from pullready.facts import ids
from pullready.outcome import Exit
from pullready.preflight import Surroundings, judge_all
from pullready.snapshot import Document, Snapshot, TargetScope
from pullready.verdict import Verdict
from tests.environment import NAMES, healthy

CHECKS = catalogue.load()
NOW = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
AROUND = Surroundings(NOW, lambda: b"", lambda _: None)
TENANT = "22222222-2222-4222-8222-222222222222"
SECRET = "cluster-sp-secret-expired"


def _saved(folder: Path, tenant: str | None) -> str:
    """Save the healthy shop as if its older cluster had been read in *tenant*."""

    def placed(document: Document) -> Document:
        client = NAMES["legacy-principal"].split("'")[1]
        new = {
            NAMES["legacy-principal"]: ids.service_principal(client, tenant),
            NAMES["legacy-application"]: ids.application(client, tenant),
        }.get(document.id, document.id)
        return Document(id=new, provider=document.provider, status=document.status, body=document.body)

    scope = TargetScope(name="legacy", cluster=NAMES["legacy"], tenant=tenant)
    path = folder / "snapshot.json"
    Snapshot(map(placed, healthy()), captured_at=NOW - timedelta(hours=1), targets=[scope]).save(path)
    return str(path)


@pytest.mark.parametrize("tenant", [None, TENANT])
def test_a_snapshot_is_judged_in_the_tenant_that_it_was_read_in(tenant: str | None, tmp_path: Path) -> None:
    target = Target("legacy", cluster=NAMES["legacy"].upper(), registries=("shoptools",))
    configuration = Configuration((target,), snapshot=_saved(tmp_path, tenant))
    run = judge_all(configuration, AROUND, {SECRET: CHECKS[SECRET]})
    assert [result.verdict for result in run.results] == [Verdict.CLEAR]
    assert run.exit_code is Exit.READY


def test_a_tenant_that_the_configuration_names_is_kept(tmp_path: Path) -> None:
    target = Target(
        "legacy", cluster=NAMES["legacy"], registries=("shoptools",), tenant="33333333-0000-4000-8000-000000000000"
    )
    run = judge_all(Configuration((target,), snapshot=_saved(tmp_path, TENANT)), AROUND, {SECRET: CHECKS[SECRET]})
    assert [result.verdict for result in run.results] == [Verdict.UNKNOWN]
