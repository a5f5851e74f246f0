"""Reading live, through Azure's own clients and over TLS: all that is needed, each once, and nothing else."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from pullready import snapshot as snapshots
from pullready.collectors import paths, scoped_tokens
from pullready.collectors.answers import stripped_of_held
from pullready.collectors.live import collect
from pullready.collectors.reader import WORKERS, Reader
from pullready.config import Settings, Target
from pullready.facts import MAKERS, Need, needs_of
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import environments, runs
from tests.azure.fixtures import Serve
from tests.azure.standin import Fault, Standin
from tools.shop.environment import SIZES

ROOT: Final = Path(__file__).parent.parent
EVERYTHING: Final = needs_of(MAKERS)
#: What is not read where no registry is asked: what registries hold, and the sizes that are looked at only with it.
UNREAD: Final = ("https://", SIZES.casefold())
NOWHERE: Final = "/subscriptions/eeeeeeee-0000-4000-8000-000000000001/resourceGroups/none/providers/Microsoft.Network"


def read(standin: Standin, environment: Snapshot, needs: frozenset[Need] = EVERYTHING) -> tuple[Snapshot, list[str]]:
    """Read *environment* live from *standin*; return what was read and the lines of progress."""
    said: list[str] = []
    targets = environments.targets(environment)
    settings = replace(Settings(), cloud=standin.cloud, read_registries=False)
    needed = {target.name: needs for target in targets}
    return collect(targets, settings, needed, environments.unread(environment), said.append), said


def bodies(snapshot: Snapshot) -> dict[str, tuple[Status, object]]:
    return {document.id.casefold(): (document.status, document.body) for document in snapshot}


@pytest.mark.parametrize(
    "make", [environments.hub, environments.healthy, environments.landing_zone], ids=lambda make: make.__name__
)
def test_reading_an_environment_gives_back_its_documents_and_no_others(
    make: Callable[[], Snapshot], serve: Serve
) -> None:
    environment = make()
    standin = serve(environment)
    found, said = read(standin, environment)
    assert bodies(found) == bodies(environment)
    assert any(line.startswith("read cluster") for line in said)
    asked = {"arm": len(standin.asked("arm")), "graph": len(standin.asked("graph"))}
    assert found.requests == asked


def test_every_document_is_asked_for_once_however_many_pages_it_has(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment, page_size=1)
    read(standin, environment)
    pages = [(request.id.casefold(), request.query.get("$skiptoken")) for request in standin.requests]
    assert len(pages) == len(set(pages))
    assert len(pages) > len({id_ for id_, _ in pages})


def test_without_a_need_for_azure_nobody_signs_in(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment)
    found, said = read(standin, environment, frozenset({Need.MANIFESTS, Need.WORKLOADS}))
    assert (standin.tokens, standin.requests, said) == ({}, [], [])
    assert bodies(found) == bodies(environments.unread(environment))


@pytest.mark.parametrize(
    ("fact", "kinds"),
    [
        ("cluster", {"microsoft.containerservice/managedclusters"}),
        (
            "pool_machines",
            {
                "microsoft.containerservice/managedclusters",
                "microsoft.containerregistry/registries",
                "microsoft.compute/virtualmachinescalesets",
                "microsoft.compute/virtualmachines",
            },
        ),
        ("cluster_service_principals", {"microsoft.containerservice/managedclusters", "graph"}),
        (
            "image_registries",
            {"microsoft.containerregistry/registries", "microsoft.containerregistry/checknameavailability"},
        ),
    ],
)
def test_only_what_the_facts_need_is_read(fact: str, kinds: set[str], serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment)
    read(standin, environment, needs_of([fact]))
    asked = {"graph" if id_.startswith("graph:") else paths.type_of(id_) for id_ in standin.asked()}
    # Where something is listed, what the caller may do is asked for beside it.
    assert asked - {"microsoft.authorization/permissions"} == kinds


def test_a_target_is_read_in_the_tenant_that_it_names(serve: Serve) -> None:
    standin = serve(environments.hub())
    cluster = environments.targets(standin.snapshot)[0]
    other = replace(cluster, tenant="99999999-9999-4999-8999-999999999999")
    settings = replace(Settings(), cloud=standin.cloud)
    found = collect(
        [other],
        settings,
        {other.name: frozenset({Need.CLUSTER})},
        environments.unread(standin.snapshot),
        lambda _: None,
    )
    assert found.document(str(cluster.cluster)).status is Status.READ
    assert standin.tenants == {other.tenant}


def test_secrets_stay_where_they_are(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    environment = environments.hub()
    planted = {
        "displayName": "canary-name",
        "hint": "canary-hint",
        "secretText": "canary-text",
        "customKeyIdentifier": "canary-key",
    }
    application = next(one for one in environment if "/applications" in one.id)
    application.body["value"][0]["passwordCredentials"][0].update(planted)
    application.body["value"][0]["notes"] = "canary-notes"
    rules = next(
        one for one in environment if one.id.endswith("spoke-vnet/listNetworkManagerEffectiveSecurityAdminRules")
    )
    for place in (rules.body["value"][0], rules.body["value"][0]["properties"]):
        place["description"] = place["ruleGroups"] = "canary-said-by-people"
    cluster = next(one for one in environment if one.id.endswith("/spoke"))
    proxy = {"httpProxy": "http://canary:canary@proxy.example:3128/", "noProxy": ["store.azurecr.io", "a@b"]}
    cluster.body["properties"]["httpProxyConfig"] = {"enabled": False, **proxy}
    standin = serve(environment)
    with caplog.at_level(logging.INFO):
        found, said = read(standin, environment)
    assert "canary" not in found.encode().decode() + str(said) + caplog.text
    kept = found.document(cluster.id).body["properties"]["httpProxyConfig"]
    assert kept == {"enabled": False, **proxy, "httpProxy": "http://***@proxy.example:3128/"}
    [secret] = found.document(application.id).body["value"][0]["passwordCredentials"]
    assert set(secret) == {"keyId", "startDateTime", "endDateTime", "keyedHint"}


def test_no_more_than_so_many_requests_are_under_way_at_once(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment)
    wanted = [f"{NOWHERE}/publicIPAddresses/{number}" for number in range(2 * WORKERS)]
    for id_ in wanted:
        standin.fails(id_, Fault(200, {"id": id_}, delay=0.4))
    with Reader(replace(Settings(), cloud=standin.cloud)) as reader:
        read_at_once = [future.result() for future in reader.start(wanted, Target("prod"))]
    assert [document.id for document in read_at_once] == wanted
    assert WORKERS // 2 < standin.most_at_once <= WORKERS


def test_the_healthy_shop_read_live_is_ready(serve: Serve, tmp_path: Path) -> None:
    environment = environments.healthy()
    application = next(one for one in environment if "/applications" in one.id)
    application.body["value"][0]["passwordCredentials"][0]["endDateTime"] = "9999-12-31T00:00:00Z"  # live is now
    standin = serve(environment)
    cloud = {
        "authority": standin.cloud.authority,
        "resource-manager": standin.cloud.resource_manager,
        "graph": standin.cloud.graph,
        "registry-suffix": "azurecr.io",
        "registry-audience": standin.cloud.registry_audience,
    }
    targets = runs.targets(*(target.name for target in environments.targets(environment)))
    told = {"cloud": cloud, "targets": targets, "read-registries": False}
    (tmp_path / "pullready.yaml").write_text(json.dumps(told))
    command = [sys.executable, "-m", "pullready", "run", "--config", "pullready.yaml", "--save-snapshot", "saved.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nread cluster" in done.stdout
    source = json.loads((tmp_path / "reports" / "report.json").read_text())["source"]
    assert (source["kind"], source["requests"]) == ("live", {"arm": len(standin.asked("arm")), "graph": 5})
    saved = snapshots.load(tmp_path / "saved.json")
    given = ("manifest:", *UNREAD)
    live = {id_: body for id_, body in bodies(environment).items() if not id_.startswith(given)}
    assert live.items() <= bodies(saved).items()


def recorded() -> list[tuple[str, Any]]:
    """Return recorded answers of the kinds that are read, each under an id of its own."""
    corpus = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire"
    if not corpus.is_dir():
        pytest.skip("PULLREADY_CORPUS names no folder with wire/recorded.jsonl")
    found = []
    for number, line in enumerate((corpus / "recorded.jsonl").read_text().splitlines()):
        entry = json.loads(line)
        path = re.sub("/+", "/", urlsplit(entry["url"]).path).rstrip("/")
        if (entry["method"], entry["status"]) == ("GET", 200) and paths.type_of(path).partition("/")[
            0
        ] in paths.CLIENTS:
            own = re.sub("(?i)^(/subscriptions/[^/]+)?", f"/subscriptions/{number}", path)
            found.append((own, json.loads((corpus / entry["file"]).read_text())))
    return found


def test_recorded_answers_come_back_unchanged(serve: Serve) -> None:
    answers = recorded()
    for _, body in answers:
        body.pop("nextLink", None)
    documents = [Document(id=id_, provider=Provider.ARM, status=Status.READ, body=body) for id_, body in answers]
    standin = serve(Snapshot(documents, captured_at=datetime.now(UTC)), page_size=50)
    with Reader(replace(Settings(), cloud=standin.cloud)) as reader:
        found = [future.result() for future in reader.start([id_ for id_, _ in answers], Target("recorded"))]
    assert len(found) > 250
    for document, (id_, body) in zip(found, answers, strict=True):
        expected = {"value": body["value"]} if isinstance(body.get("value"), list) else body
        expected = stripped_of_held(expected)  # what may be a secret is not kept, and of a token its dates alone
        expected = scoped_tokens.reduced(expected) if scoped_tokens.is_of(id_) else expected
        assert (document.status, document.body) == (Status.READ, expected), (id_, document.detail)
