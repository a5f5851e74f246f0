"""What is said where nobody is signed in, or a sign-in that was set up fails: one line, with what helps there."""

from __future__ import annotations

import re
import socket
import time
from typing import Any, Final

import pytest

from pullready.snapshot import Status
from tests.azure.entra import CLIENT, MANAGED_CLIENT, TENANT
from tests.azure.issuers import GITHUB
from tests.azure.places import NAMED, WITH_SECRET, Place, on_a_machine, read, with_certificate, with_token_file

AZ_SAYS: Final = {
    "nobody": ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "Azure CLI: not signed in"),
    "broken": ("echo 'Traceback canary-job-token' >&2; exit 1", "Azure CLI: failed"),
    "hangs": ("exec /bin/sleep 60", "Azure CLI: no answer within 1 seconds"),
    "absent": ("", "Azure CLI: az is not installed"),
}
NOT_SET_UP: Final = (
    "environment: AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH is not set, "
    "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set, "
)
NOT_INSTALLED: Final = "Azure PowerShell: pwsh is not installed, Azure Developer CLI: azd is not installed"


@pytest.mark.parametrize("says", AZ_SAYS)
def test_where_nobody_is_signed_in_all_that_was_tried_is_said_soon(says: str, place: Place) -> None:
    script, why = AZ_SAYS[says]
    if script:
        place.has_program("az", script)
    place.monkeypatch.setattr("pullready.collectors.credentials.PATIENCE", 1)
    place.monkeypatch.setattr("pullready.collectors.refusals.PATIENCE", 1)
    begin = time.monotonic()
    status, line = read(place)
    assert time.monotonic() - begin < 30
    assert status is Status.FAILED
    tried = f"{NOT_SET_UP}managed identity: no answer, {why}, {NOT_INSTALLED}"
    assert f"for {place.standin.urls['arm']} failed: no way to sign in worked ({tried}). Run az login" in line
    assert place.standin.requests == []
    assert len(place.calls()) == bool(script), "it is not asked again for every document"


def test_an_address_that_does_not_answer_costs_little(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        place.is_with({"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{full.getsockname()[1]}"})
        begin = time.monotonic()
        assert "managed identity: no answer" in read(place)[1]
        assert 1 <= time.monotonic() - begin < 20


PLACES: Final = {
    "github": (
        {"GITHUB_ACTIONS": "true", **NAMED},
        "GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set",
        r"permissions: id-token: write, .*azure/login",
    ),
    "pipelines": (
        {"TF_BUILD": "True"},
        "Azure Pipelines: SYSTEM_OIDCREQUESTURI is not set",
        r"AzureCLI@2 task .*SYSTEM_ACCESSTOKEN: \$\(System\.AccessToken\)",
    ),
    "machine": ({"AZURE_CLIENT_ID": CLIENT}, "managed identity: identity not found", "Run az login"),
    "unknown-choice": ({"AZURE_TOKEN_CREDENTIALS": "gcloud"}, "AZURE_TOKEN_CREDENTIALS names no way", "dev, prod or"),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_to_do_is_said_for_the_place(name: str, place: Place) -> None:
    environ, why, remedy = PLACES[name]
    place.is_with(on_a_machine(place) | environ)
    if name != "machine":
        place.standin.entra.managed.clear()
    status, line = read(place)
    assert status is Status.FAILED
    assert why in line
    assert re.search(remedy, line.partition(why)[2]), line


def set_refusal(code: str) -> Any:
    """Return what lets Entra refuse everything with *code*, over lines that tell what nobody needs."""
    text = f"AADSTS{code}: What is wrong with 'canary-client-secret'.\r\nTrace ID: canary\r\nCorrelation ID: canary"

    def refuse(place: Place) -> dict[str, str]:
        place.standin.entra.refusal = text
        return WITH_SECRET

    return refuse


def without_the_tenant(place: Place) -> dict[str, str]:
    place.standin.entra.absent.add(TENANT)
    return WITH_SECRET


def with_a_clock_that_is_wrong(place: Place) -> dict[str, str]:
    place.issuers.ahead = 7200
    return place.issuers.environ("GitHub Actions")


def with_another_subject(place: Place) -> dict[str, str]:
    place.standin.entra.applications[CLIENT].federated.clear()
    return place.issuers.environ("GitHub Actions")


def with_another_audience(place: Place) -> dict[str, str]:
    place.standin.entra.exchange = "api://AzureADTokenExchangeUSGov"
    return place.issuers.environ("GitHub Actions")


def with_az_that_expired(place: Place) -> dict[str, str]:
    place.has_program("az", "echo 'ERROR: AADSTS700082: expired. Please run: az login --tenant x' >&2; exit 1")
    return {}


def without_the_job_token(place: Place, kind: str) -> dict[str, str]:
    return {**place.issuers.environ(kind), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "SYSTEM_ACCESSTOKEN": "x"}


def with_a_broken_certificate(place: Place) -> dict[str, str]:
    (place.folder / "broken.pem").write_text("canary-client-secret")
    return {**NAMED, "AZURE_CLIENT_CERTIFICATE_PATH": str(place.folder / "broken.pem")}


FAILURES: Final = {
    "secret-expired": (set_refusal("7000222"), "the client secret has expired", "AZURE_CLIENT_SECRET"),
    "secret-wrong": (
        lambda _: {**WITH_SECRET, "AZURE_CLIENT_SECRET": "x"},
        "AADSTS7000215 (the client secret is wrong)",
        "AZURE_CLIENT_SECRET",
    ),
    "application-elsewhere": (
        lambda _: {**WITH_SECRET, "AZURE_CLIENT_ID": MANAGED_CLIENT},
        "AADSTS700016 (the application is not known in the tenant)",
        "AZURE_TENANT_ID.*az ad sp create",
    ),
    "certificate-unknown": (
        lambda place: with_certificate(place, is_registered=False),
        "AADSTS700027 (the certificate is not registered",
        "credential reset --id CLIENT_ID --cert",
    ),
    "certificate-broken": (with_a_broken_certificate, "AZURE_CLIENT_CERTIFICATE_PATH names is not valid", "PEM"),
    "subject-of-github": (
        with_another_subject,
        f"AADSTS700213 (no federated credential of the application has the token's subject: {GITHUB[1]})",
        "federated-credential create",
    ),
    "subject-of-a-pod": (
        lambda place: with_token_file(place, "system:serviceaccount:shop:gate"),
        "subject: system:serviceaccount:shop:gate)",
        "federated-credential create",
    ),
    "audience": (with_another_audience, "AADSTS700212", "federated-credential create"),
    "token-file-gone": (
        lambda _: {**NAMED, "AZURE_FEDERATED_TOKEN_FILE": "/nowhere"},
        "the file that AZURE_FEDERATED_TOKEN_FILE names cannot be read",
        "AZURE_FEDERATED_TOKEN_FILE",
    ),
    "clock": (with_a_clock_that_is_wrong, "AADSTS700024 (the assertion has expired, or is not valid yet)", "clock"),
    "tenant-absent": (without_the_tenant, "AADSTS90002 (the tenant is not found in this cloud)", "cloud:"),
    "mfa": (
        set_refusal("50076"),
        "multi-factor authentication",
        "az login --tenant TENANT --scope https://local.*/.def",
    ),
    "conditional-access": (set_refusal("53003"), "Conditional Access policy blocks it", "az login --tenant"),
    "az-expired": (with_az_that_expired, "(Azure CLI) failed: Microsoft Entra ID answered AADSTS700082", "az login"),
    "unknown-code": (set_refusal("999999"), "Microsoft Entra ID answered AADSTS999999. ", "az login"),
    "github-refuses": (
        lambda place: without_the_job_token(place, "GitHub Actions"),
        "(GitHub Actions) failed: localhost:.* answered 401 and no ID token",
        "id-token: write",
    ),
    "pipelines-refuse": (
        lambda place: without_the_job_token(place, "Azure Pipelines"),
        "(Azure Pipelines) failed: localhost:.* answered 401 and no ID token",
        "SYSTEM_ACCESSTOKEN",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_sign_in_that_was_set_up_and_fails_says_why_and_what_helps(name: str, place: Place) -> None:
    set_up, why, remedy = FAILURES[name]
    place.is_with(set_up(place))
    if name != "az-expired":
        place.has_az()
    status, line = read(place)
    assert status is Status.FAILED
    found = re.search(re.escape(why).replace(r"\.\*", ".*"), line)
    assert found, line
    assert re.search(remedy, line[found.end() - 2 :]), line
    assert "canary" not in line
    assert name == "az-expired" or place.calls() == [], "nobody else is signed in in its place"


def test_the_token_for_a_job_goes_to_no_address_without_tls(place: Place) -> None:
    place.is_with(place.issuers.environ("GitHub Actions"))
    place.is_with({"ACTIONS_ID_TOKEN_REQUEST_URL": place.issuers.url.replace("https", "http")})
    assert "ACTIONS_ID_TOKEN_REQUEST_URL is no https address" in read(place)[1]
    assert place.issuers.asked == []


def test_an_authority_that_is_not_there_is_named(place: Place) -> None:
    place.is_with({**WITH_SECRET, "REQUESTS_CA_BUNDLE": "/nowhere.pem"})
    assert "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that is not there" in read(place)[1]


def test_the_way_to_entra_is_barred(place: Place) -> None:
    place.is_with({**WITH_SECRET, "REQUESTS_CA_BUNDLE": ""})
    host = place.standin.urls["entra"].removeprefix("https://")
    assert f"(environment) failed: the TLS certificate of {host} is not trusted" in read(place)[1]
