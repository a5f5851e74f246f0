"""A run without pytest around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pullready import catalogue, config
from pullready.config import Configuration, Target
from pullready.facts import ids
from pullready.kept import Scopes
from pullready.outcome import Exit, Selection
from pullready.preflight import Preflight, Surroundings, judge_all
from pullready.snapshot import Document, Snapshot, TargetScope
from pullready.verdict import Verdict
from tests.environment import HEALTHY, NAMES, ROOT, healthy

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


@pytest.mark.parametrize(
    "example",
    [HEALTHY, ROOT / "manifests_examples" / "broken" / "pull-role-on-stale-principal"],
    ids=lambda path: path.name,
)
def test_one_target_after_the_other_is_judged_as_check_by_check(example: Path) -> None:
    configuration = config.load(example / "pullready.yaml")
    preflight = Preflight(configuration, AROUND)
    checks = catalogue.roots_first(CHECKS.values())
    selected = [(check, target.name) for check in checks for target in preflight.targets]
    preflight.read(selected)
    for check, target in selected:
        preflight.judge(check, target)
    assert judge_all(configuration, AROUND) == preflight.finish(Selection(tuple(check.id for check in checks)))


SCOPES = Scopes(
    [
        TargetScope("legacy", cluster=NAMES["legacy"]),
        TargetScope("app"),
        TargetScope("prod", cluster=f"{NAMES['prod']}-of-old"),
        TargetScope("live", cluster=NAMES["prod"], context="live"),
    ]
)


@pytest.mark.parametrize(
    ("target", "scope"),
    [
        (Target("any", cluster=NAMES["legacy"].upper() + "/"), "legacy"),
        (Target("prod", cluster=NAMES["prod"]), "live"),
        (Target("prod"), "prod"),
        (Target("app", cluster=f"{NAMES['prod']}-2"), "app"),
        (Target("legacy", cluster=f"{NAMES['prod']}-2"), None),
        (Target("web"), None),
    ],
)
def test_the_scope_of_a_target_is_that_of_its_cluster_else_of_its_name(target: Target, scope: str | None) -> None:
    found = SCOPES.of(target)
    assert (found.name if found else None) == scope
