"""The clouds by the names of their hosts, from the sign-in to the verdicts, and several tenants in one run."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from pullready.collectors.azure import Azure
from pullready.config import CLOUDS, Cloud
from pullready.outcome import Exit, Run
from pullready.snapshot import Status
from pullready.verdict import Verdict
from tests.azure import runs
from tests.azure.certificates import server_context
from tests.azure.entra import CLIENT
from tests.azure.places import WITH_SECRET, Place, on_a_machine, with_az, with_token_file
from tests.azure.proxy import HOSTS, Proxy, leading
from tests.azure.standin import Standin
from tests.environment import HEALTHY
from tools.shop.environment import PROD, SUBSCRIPTION, healthy

EXCHANGES: Final = {
    "AzurePublic": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChina": "api://AzureADTokenExchangeChina",
}
#: A pull secret's JSON in Base64: it begins with ``{"auths"``.
_DOCKER_CONFIG: Final = re.compile(r"\beyJhdXRocyI[\w+/]+=*")
PUBLIC: Final = CLOUDS["AzurePublic"]


def translated(text: str, cloud: Cloud) -> str:
    """Return *text*, which is written for the public cloud, with the names that *cloud* has, in Base64 too."""
    suffixes = {PUBLIC.registry_suffix: cloud.registry_suffix, str(PUBLIC.storage_suffix): str(cloud.storage_suffix)}

    def encoded(found: re.Match[str]) -> str:
        return base64.b64encode(translated(base64.b64decode(found[0]).decode(), cloud).encode()).decode()

    for ours, theirs in suffixes.items():
        text = text.replace(ours, theirs)
    return _DOCKER_CONFIG.sub(encoded, text)


def manifests(folder: Path, name: str, cloud: Cloud) -> str:
    """Write the manifests of the healthy example's *name* for *cloud* into *folder*; return where."""
    there = folder / f"manifests-{name}"
    there.mkdir()
    for path in (HEALTHY / "manifests" / name).iterdir():
        (there / path.name).write_text(translated(path.read_text(), cloud))
    return str(there)


def targets(folder: Path, cloud: Cloud) -> list[dict[str, Any]]:
    """Return the targets of the healthy example, with the manifests of *cloud*."""
    names = ("prod", "legacy")
    return [
        {**one, "manifests": [manifests(folder, name, cloud)]}
        for one, name in zip(runs.targets(*names), names, strict=True)
    ]


def verdicts(run: Run) -> dict[tuple[str, str], Verdict]:
    """Return the verdict of each check and target."""
    return {(result.check.id, result.target): result.verdict for result in run.results}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The TLS context of a server that is good for the hosts of every cloud, and the file of its authority."""
    return server_context(tmp_path_factory.mktemp("clouds"), HOSTS)


@contextmanager
def being(cloud: Cloud, trusted: Any, place: Place) -> Iterator[tuple[Standin, Proxy]]:
    """Serve the healthy example as *cloud*, behind a proxy; *place* is one of its machines."""
    context, authority = trusted
    standin = Standin(runs.served(json.loads(translated(json.dumps(healthy()), cloud))))
    both = place.folder / "authorities.pem"
    both.write_text(authority.read_text() + Path(os.environ["REQUESTS_CA_BUNDLE"]).read_text())
    with standin.serving(context), leading(standin, cloud) as proxy:
        place.standin = standin
        place.is_with({**proxy.environ(), "REQUESTS_CA_BUNDLE": str(both)})
        place.is_with(dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"))
        standin.entra.exchange = place.issuers.audience = EXCHANGES[cloud.name]
        place.issuers.trusted_by(standin.entra)
        yield standin, proxy


@pytest.fixture
def public(place: Place, tmp_path: Path) -> Mapping[tuple[str, str], Verdict]:
    """The verdicts of the healthy example as it is."""
    place.is_with(WITH_SECRET)
    (tmp_path / "public").mkdir()
    return verdicts(runs.judge(runs.configure(tmp_path / "public", place.standin, runs.targets("prod", "legacy"))))


@pytest.mark.parametrize("name", CLOUDS)
def test_the_healthy_shop_is_ready_in_every_cloud(
    name: str, public: Mapping[tuple[str, str], Verdict], trusted: Any, place: Place, tmp_path: Path
) -> None:
    cloud = CLOUDS[name]
    with being(cloud, trusted, place) as (standin, proxy):
        run = runs.judge(runs.configure(tmp_path, standin, targets(tmp_path, cloud), cloud=name))
    assert run.exit_code is Exit.READY
    assert verdicts(run).items() ^ public.items() == set()
    assert proxy.refused == [], "another cloud's host was asked"
    assert {*proxy.led} == {urlsplit(one).hostname for one in (cloud.authority, cloud.resource_manager, cloud.graph)}
    assert {one.audience for one in standin.tokens.values()} == {cloud.resource_manager, cloud.graph}
    zones = {id_.partition("/privateDnsZones/")[2].partition("/")[0] for id_ in standin.asked()} - {""}
    assert zones == {f"privatelink.{cloud.registry_suffix}"}


def test_a_cloud_of_ones_own_has_names_of_its_own(
    public: Mapping[tuple[str, str], Verdict], place: Place, tmp_path: Path
) -> None:
    cloud = replace(PUBLIC, registry_suffix="images.example")
    place.standin.snapshot = runs.served(json.loads(translated(json.dumps(healthy()), cloud)))
    path = runs.configure(tmp_path, place.standin, targets(tmp_path, cloud))
    told = json.loads(path.read_text())
    told["cloud"]["registry-suffix"] = cloud.registry_suffix
    path.write_text(json.dumps(told))
    place.standin.requests.clear()
    run = runs.judge(path)
    assert run.exit_code is Exit.READY
    assert verdicts(run).items() ^ public.items() == set()
    assert any("/privateDnsZones/privatelink.images.example/" in id_ for id_ in place.standin.asked())


SIGN_INS: Final[dict[str, Callable[[Place], dict[str, str]]]] = {
    "client-secret": lambda _: WITH_SECRET,
    "workload-identity": with_token_file,
    "github-actions": lambda place: place.issuers.environ("GitHub Actions"),
    "azure-pipelines": lambda place: place.issuers.environ("Azure Pipelines"),
    "managed-identity": on_a_machine,
    "azure-cli": with_az,
}


@pytest.mark.parametrize("kind", SIGN_INS)
@pytest.mark.parametrize("name", ["AzureUSGovernment", "AzureChina"])
def test_each_kind_signs_in_to_the_cloud_that_is_named(name: str, kind: str, trusted: Any, place: Place) -> None:
    with being(CLOUDS[name], trusted, place) as (standin, proxy):
        place.is_with(SIGN_INS[kind](place))
        azure = Azure(CLOUDS[name], None, lambda _: None, 4)
        assert azure.sign_in() is None
        assert azure.document(PROD).status is Status.READ
        azure.close()
        assert [one.audience for one in standin.tokens.values()][:1] == [CLOUDS[name].resource_manager]
    assert proxy.refused == []
    if kind == "github-actions":
        assert [call.query["audience"] for call in place.issuers.asked] == [EXCHANGES[name]]


def test_an_id_token_for_another_cloud_is_not_exchanged(trusted: Any, place: Place) -> None:
    with being(CLOUDS["AzureChina"], trusted, place) as (standin, _):
        standin.entra.exchange = EXCHANGES["AzurePublic"]
        place.is_with(place.issuers.environ("GitHub Actions"))
        why = Azure(CLOUDS["AzureChina"], None, lambda _: None, 4).sign_in()
    assert why is not None
    assert "AADSTS700212" in why.detail


TENANTS: Final = ("aaaaaaaa-2222-4222-8222-222222222222", "bbbbbbbb-2222-4222-8222-222222222222")
OTHER: Final = "99999999-1111-4111-8111-111111111111"


def in_two_tenants(place: Place, tmp_path: Path) -> list[dict[str, Any]]:
    """Serve the shop a second time, in a subscription of another tenant; return a target in each."""
    bodies = healthy()
    second = json.loads(json.dumps(bodies).replace(SUBSCRIPTION, OTHER))
    place.standin.snapshot = runs.served(bodies | second)
    place.standin.homes = dict(zip((SUBSCRIPTION, OTHER), TENANTS, strict=True))
    text = json.dumps(runs.targets("prod"))
    return [
        {**target, "tenant": tenant}
        for tenant, subscription in zip(TENANTS, (SUBSCRIPTION, OTHER), strict=True)
        for target in json.loads(text.replace(SUBSCRIPTION, subscription))
    ]


def test_each_target_is_read_in_its_tenant(place: Place, tmp_path: Path) -> None:
    place.is_with(WITH_SECRET)
    described = in_two_tenants(place, tmp_path)
    runs.configure(tmp_path, place.standin, described)
    done = runs.run(tmp_path)
    assert done.exit_code == 0, done.said
    for tenant in TENANTS:
        assert done.said.count(f"signed in to Azure as service principal {CLIENT} of tenant {tenant}") == 1
    home = {subscription: tenant for tenant, subscription in zip(TENANTS, (SUBSCRIPTION, OTHER), strict=True)}
    for request in place.standin.requests:
        assert request.tenant == home[request.id.split("/")[2]], request
    assert len({request.token for request in place.standin.requests}) == 2


@pytest.mark.parametrize("number", [0, 1])
def test_a_tenant_that_cannot_be_signed_in_to_leaves_the_other_alone(number: int, place: Place, tmp_path: Path) -> None:
    place.is_with(WITH_SECRET)
    described = in_two_tenants(place, tmp_path)
    place.standin.entra.absent.add(TENANTS[number])
    run = runs.judge(runs.configure(tmp_path, place.standin, described))
    assert run.exit_code is Exit.INCOMPLETE
    absent, present = described[number]["cluster"], described[1 - number]["cluster"]
    by_cluster = {
        cluster: {result.verdict for result in run.results if result.cluster == cluster}
        for cluster in (absent, present)
    }
    assert Verdict.UNKNOWN in by_cluster[absent]
    assert by_cluster[present] <= {Verdict.CLEAR, Verdict.NOT_APPLICABLE}
    assert by_cluster[absent] <= {Verdict.UNKNOWN, Verdict.CLEAR, Verdict.NOT_APPLICABLE}
