"""Every way to sign in, to a cluster that is read, and who is said to be signed in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from pullready.collectors.credentials import KINDS as KINDS_THERE_ARE
from pullready.snapshot import Status
from tests.azure import runs
from tests.azure.entra import CLIENT, MANAGED_CLIENT, MANAGED_PRINCIPAL, PRINCIPAL, TENANT
from tests.azure.places import (
    PERSON,
    WITH_SECRET,
    Place,
    on_a_machine,
    read,
    with_az,
    with_certificate,
    with_token_file,
)
from tests.environment import ROOT

SERVICE: Final = f"service principal {CLIENT} of tenant {TENANT}"
MANAGED: Final = f"managed identity {MANAGED_CLIENT} of tenant {TENANT} (managed identity)"
KINDS: Final[dict[str, tuple[Callable[[Place], dict[str, str]], str, str]]] = {
    "client-secret": (lambda _: WITH_SECRET, f"{SERVICE} (environment)", PRINCIPAL),
    "client-certificate": (with_certificate, f"{SERVICE} (environment)", PRINCIPAL),
    "workload-identity": (with_token_file, f"{SERVICE} (workload identity)", PRINCIPAL),
    "system-assigned": (on_a_machine, MANAGED, MANAGED_PRINCIPAL),
    "user-assigned": (lambda place: on_a_machine(place, AZURE_CLIENT_ID=MANAGED_CLIENT), MANAGED, MANAGED_PRINCIPAL),
    "azure-cli": (with_az, f"{PERSON} of tenant {TENANT} (Azure CLI)", PRINCIPAL),
    "github-actions": (
        lambda place: place.issuers.environ("GitHub Actions"),
        f"{SERVICE} (GitHub Actions)",
        PRINCIPAL,
    ),
    "azure-pipelines": (
        lambda place: place.issuers.environ("Azure Pipelines"),
        f"{SERVICE} (Azure Pipelines)",
        PRINCIPAL,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_signs_in_and_reads_a_cluster(kind: str, place: Place) -> None:
    set_up, says, principal = KINDS[kind]
    place.is_with(set_up(place))
    assert read(place) == (Status.READ, f"signed in to Azure as {says}")
    [asked] = place.standin.requests
    assert place.standin.tokens[asked.token].principal == principal


@pytest.mark.parametrize("host", [None, "https://login.microsoftonline.com"], ids=["unset", "public"])
@pytest.mark.parametrize("kind", ["client-secret", "workload-identity", "github-actions", "azure-pipelines"])
def test_the_authority_of_the_cloud_decides(kind: str, host: str | None, place: Place) -> None:
    place.is_with(KINDS[kind][0](place) | ({"AZURE_AUTHORITY_HOST": host} if host else {}))
    assert read(place)[0] is Status.READ
    assert any(target.startswith(f"/{TENANT}/oauth2/") for target in place.standin.sign_ins)


CHOICES: Final = {
    "": "environment",
    "prod": "environment",
    "DEV": "Azure CLI",
    "EnvironmentCredential": "environment",
    "WorkloadIdentityCredential": "workload identity",
    "AzurePipelinesCredential": "Azure Pipelines",
    "AzureCliCredential": "Azure CLI",
}


@pytest.mark.parametrize("choice", CHOICES)
def test_where_all_are_there_the_first_that_is_chosen_signs_in(choice: str, place: Place) -> None:
    pipelines, github = (place.issuers.environ(kind) for kind in ("Azure Pipelines", "GitHub Actions"))
    place.is_with({**pipelines, **github, **with_token_file(place), **WITH_SECRET, **with_az(place)})
    place.is_with({**on_a_machine(place), "AZURE_TOKEN_CREDENTIALS": choice})
    assert read(place)[1].endswith(f"({CHOICES[choice]})")


def test_a_managed_identity_alone_is_asked_for_by_its_name(place: Place) -> None:
    place.has_az()
    place.is_with({**on_a_machine(place), **WITH_SECRET, "AZURE_CLIENT_ID": MANAGED_CLIENT})
    place.is_with({"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"})
    assert read(place)[1].endswith(MANAGED)


def test_no_proxy_stands_between_the_machine_and_its_identity(place: Place) -> None:
    place.is_with({**on_a_machine(place), "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"})
    assert read(place)[0] is Status.READ


TELLING: Final = {
    "user": ({"upn": PERSON}, f"as {PERSON} of tenant {TENANT} (Azure CLI)"),
    "guest": ({"unique_name": f"live.com#{PERSON}"}, f"as live.com#{PERSON} of tenant {TENANT} (Azure CLI)"),
    "service-principal": ({}, f"as {SERVICE} (Azure CLI)"),
    "identity": ({"xms_mirid": "/x"}, f"as managed identity {CLIENT} of tenant {TENANT} (Azure CLI)"),
    "no-line-of-its-own": ({"upn": "a\nb\x1b[2Jc" + "d" * 500}, f"as ab[2Jc{'d' * 114} of tenant {TENANT} (Azure CLI)"),
    "other-tenant": (
        {"upn": PERSON, "tid": PRINCIPAL},
        f"as {PERSON} of tenant {PRINCIPAL}, not of {TENANT} as asked (Azure CLI)",
    ),
}


@pytest.mark.parametrize("name", TELLING)
def test_the_token_tells_who_is_signed_in(name: str, place: Place) -> None:
    said, line = TELLING[name]
    place.has_az(said)
    assert read(place, TENANT)[1] == f"signed in to Azure {line}"
    assert place.calls()[0].endswith(f"--tenant {TENANT}")


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!.c", "..", "a.WzFd.c"])
def test_an_opaque_token_tells_the_kind_alone(token: str, place: Place) -> None:
    place.has_az()
    (place.folder / "arm.json").write_text(json.dumps({"accessToken": token, "expires_on": int(time.time()) + 3600}))
    assert read(place)[1] == "signed in to Azure (Azure CLI)"


def test_a_person_is_named_on_the_console_once_and_nowhere_else(place: Place, tmp_path: Path) -> None:
    place.has_az()
    folder = tmp_path / "run"
    folder.mkdir()
    runs.configure(folder, place.standin, runs.targets("prod", "legacy"))
    done = runs.run(folder)
    assert done.exit_code == 0, done.said
    assert done.said.count(f"signed in to Azure as {PERSON}") == 1
    assert not [path for path in folder.rglob("*") if path.is_file() and PERSON in path.read_text()]
    assert len(place.calls()) == 2, "one token for each service"


def test_the_page_names_every_kind_and_what_it_needs() -> None:
    page = (ROOT / "docs" / "sign-in.md").read_text()
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| ")}
    for kind in KINDS_THERE_ARE:
        needed = {name for names in kind.variables for name in names.split(" or ")}
        named = {*re.findall(r"`([A-Z_]{9,})`", rows[kind.name])}
        assert needed <= named, kind.name
        choices = {one.casefold() for one in re.findall(r"`(\w+)`", rows[kind.name].split("|")[3])}
        assert choices == {*kind.choices}, kind.name
    assert [*rows][1:] == [kind.name for kind in KINDS_THERE_ARE]
