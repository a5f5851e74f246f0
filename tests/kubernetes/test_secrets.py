"""Secrets of a live cluster: read where that is asked for, their logins alone, and nothing of them anywhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import snapshot as snapshots
from pullready.collectors import kubernetes
from pullready.config import Settings, Target
from pullready.facts import Facts, Scope, ids
from pullready.reports import NAMES
from pullready.snapshot import Status
from tests.azure import environments, runs
from tests.azure.fixtures import Serve
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, READER, ApiServer
from tests.test_canaries import Canaries, encoded, spellings
from tools.shop.environment import PROD

HOST: Final = "shopimages.azurecr.io"
CLIENT: Final = "dddddddd-5555-4555-8555-555555555555"
SECRETS: Final = ids.live_list(CONTEXT, kubernetes.SECRETS)
#: Every list that the ClusterRole allows but the nodes.
LISTS: Final = len(objects.listed()) - 1


Configure = Callable[..., Path]


@pytest.fixture(scope="module")
def planted() -> Canaries:
    """The secrets that are in the cluster."""
    return Canaries()


@pytest.fixture(scope="module")
def cluster(server: ApiServer, planted: Canaries) -> ApiServer:
    """A cluster with a canary in all that is secret; what it runs names the pull secrets."""
    server.apply([objects.cluster_role(), objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")])
    server.apply([*secrets(planted), *workloads(planted)])
    server.await_access([*objects.listed().values(), kubernetes.SECRETS])
    return server


def secrets(plant: Canaries) -> list[objects.Body]:
    """Return pull secrets of both types, written in each way that there is, and a Secret that is none."""
    applied = {"kubectl.kubernetes.io/last-applied-configuration": plant("annotation")}
    new = {
        HOST: {"username": CLIENT, "password": plant("password"), "email": plant("email")},
        f"https://{HOST}/v2/": {"auth": encoded(f"{CLIENT}:{plant('auth')}")},
        f"user:{plant('address')}@{HOST}": {"username": "shopimages", "password": plant("admin")},
        f"{HOST}/team": {"identitytoken": plant("identity token"), "registrytoken": plant("registry token")},
    }
    old = {HOST: {"auth": encoded(f"shopimages:{plant('old auth')}"), "password": plant("old password")}}
    opaque = {"key": encoded(plant("opaque")), ".dockerconfigjson": encoded(plant("no pull secret"))}
    other: objects.Body = {"metadata": {"name": "other", "namespace": objects.SHOP}, "type": "Opaque", "data": opaque}
    return [
        objects.pull_secret("new", new, annotations=applied, labels={"team": "shop"}),
        objects.pull_secret("old", old, is_old=True),
        {"apiVersion": "v1", "kind": "Secret", **other},
    ]


def workloads(plant: Canaries) -> list[objects.Body]:
    """Return what runs: it names the pull secrets, by itself or by its service account, and has secrets of its own."""
    own = {
        "env": [{"name": "PASSWORD", "value": plant("variable")}],
        "args": [f"--key={plant('argument')}"],
        "command": ["run", plant("command")],
    }
    pod: dict[str, Any] = {"containers": [{"name": "web", "image": objects.IMAGE, **own}]}
    named = [*objects.every_kind("named"), objects.deployment("named", imagePullSecrets=[{"name": "new"}], **pod)]
    account = objects.service_account("builder", "old")
    account["metadata"]["annotations"] = {"note": plant("account")}
    return [*named, account, objects.deployment("by-account", serviceAccountName="builder", **pod)]


@pytest.fixture
def configure(cluster: ApiServer, sign_in: SignIn, serve: Serve, tmp_path: Path) -> Configure:
    """Write the configuration of a run over the cluster, with or without Secrets; return its path."""
    sign_in(cluster.kubeconfig())
    standin = serve(runs.served(), page_size=100)
    target = {"cluster": PROD, "context": CONTEXT, "registries": [*environments.REGISTRIES["prod"]]}
    return lambda *, read_secrets: runs.configure(tmp_path, standin, [target], **{"read-secrets": read_secrets})


def leaks(canaries: Canaries, *outputs: bytes) -> list[str]:
    return [one for one in canaries.planted for text in spellings(one) for output in outputs if text in output]


@pytest.mark.parametrize("read_secrets", [False, True])
def test_a_run_tells_no_secret_to_anybody(
    read_secrets: bool,  # noqa: FBT001
    configure: Configure,
    planted: Canaries,
    tmp_path: Path,
) -> None:
    configure(read_secrets=read_secrets)
    done = runs.run(tmp_path)
    assert len(planted.planted) == 16
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > len(NAMES)
    assert leaks(planted, done.said.encode(), *left) == []
    saved = snapshots.load(tmp_path / "saved.json")
    assert saved.requests["kubernetes"] == LISTS + 1 + read_secrets
    assert (SECRETS in saved) is read_secrets
    reasons = json.dumps(done.report)
    assert ("those of the live cluster are not read" in reasons) is not read_secrets


def test_a_run_logs_no_secret(
    configure: Configure, cluster: ApiServer, planted: Canaries, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run = runs.judge(configure(read_secrets=True))
    assert "/api/v1/secrets?limit=" in caplog.text
    assert leaks(planted, caplog.text.encode(), repr(run).encode()) == []
    assert cluster.token(READER) not in caplog.text + repr(run)


def test_the_logins_of_both_types_are_read(configure: Configure, tmp_path: Path) -> None:
    configure(read_secrets=True)
    runs.run(tmp_path)
    saved = snapshots.load(tmp_path / "saved.json")
    assert saved.document(SECRETS).status is Status.READ
    facts = Facts(Scope(saved, Target(CONTEXT, context=CONTEXT), Settings()))
    found = {one.name: one for one in facts("pull_secrets")}
    assert found.keys() == {"new", "old"}
    assert {(one.server, one.username, one.kind) for one in found["new"].logins} == {
        (HOST, CLIENT, "whole"),
        (f"https://{HOST}/v2/", CLIENT, "whole"),
        (f"***@{HOST}", "shopimages", "whole"),
        (f"{HOST}/team", None, "no-user"),
    }
    assert [(one.server, one.username, one.kind) for one in found["old"].logins] == [(HOST, "shopimages", "whole")]
    assert all(one.changed for one in found.values())
    kept = {key for one in saved.document(SECRETS).body["items"] for key in one}
    assert kept == {"apiVersion", "kind", "metadata", "type", "registries", "note", "flaw"}
