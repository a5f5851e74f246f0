"""Where pullready runs: what signs somebody in there, and the programs that are installed."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from pullready.collectors.azure import Azure
from pullready.collectors.signin import SignIn
from pullready.snapshot import Status
from tests.azure import entra, runs
from tests.azure.entra import CLIENT, TENANT, Issued
from tests.azure.fixtures import Serve
from tests.azure.issuers import GITHUB, JOB_TOKEN, Issuers
from tests.azure.standin import Standin
from tools.shop.environment import PROD

PERSON: Final = "ada@shop.example"
PERSONAL: Final = {"upn": PERSON}
NAMED: Final = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT}
WITH_SECRET: Final = {**NAMED, "AZURE_CLIENT_SECRET": entra.CLIENT_SECRET}
SECRETS: Final = (entra.CLIENT_SECRET, entra.TOKEN, JOB_TOKEN)
#: What may be set where the tests run, and would sign somebody in.
VARIABLES: Final = (
    *("AZURE_TOKEN_CREDENTIALS", "AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"),
    *("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "GITHUB_ACTIONS", "TF_BUILD"),
    *("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"),
    *("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"),
)
#: Where no machine's own service listens: nobody is there.
NOWHERE: Final = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9"}


@dataclass
class Place:
    """Where pullready runs: a stand-in of Azure, the issuers of ID tokens, and a folder with the programs on PATH."""

    standin: Standin
    issuers: Issuers
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def is_with(self, environ: dict[str, str]) -> None:
        """Set variables."""
        for variable, value in environ.items():
            self.monkeypatch.setenv(variable, value)

    def has_program(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "$@" >> "{self.folder}/calls"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def calls(self) -> list[str]:
        """Return the arguments that the programs were called with."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def has_az(self, claims: Mapping[str, str] = PERSONAL, lasts: float = 3600) -> None:
        """Put an ``az`` on PATH to which a person is signed in.

        Its tokens have *claims*, and last so many seconds by the local clock.
        """
        kinds = []
        for service in ("arm", "graph"):
            url = self.standin.urls[service]
            token = self.standin.entra.issue(Issued(url, TENANT), idtyp="user", **claims)
            until = int(time.time() + lasts)
            told = {"accessToken": token, "expires_on": until, "expiresOn": _local(until), "tenant": TENANT}
            (self.folder / f"{service}.json").write_text(json.dumps({**told, "tokenType": "Bearer"}))
            kinds.append(f'*"--resource {url}"*) /bin/cat "{self.folder}/{service}.json" ;;')
        self.has_program("az", f'case "$*" in\n{chr(10).join(kinds)}\n*) exit 2 ;;\nesac')

    def sign_in(self, tenant: str | None = None) -> SignIn:
        """Return a sign-in to the stand-in."""
        return SignIn(self.standin.cloud, tenant)


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ006  (as az writes it)


@pytest.fixture
def place(serve: Serve, certificates: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place where nobody is signed in so far."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    standin = serve(runs.served())
    for variable in VARIABLES[:5]:
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "programs"
    folder.mkdir()
    with Issuers().serving(certificates[0]) as issuers:
        issuers.trusted_by(standin.entra)
        found = Place(standin, issuers, folder, monkeypatch)
        found.is_with({"PATH": str(folder), **NOWHERE})
        yield found


def read(place: Place, tenant: str | None = None) -> tuple[Status, str]:
    """Read a cluster; return how that went, and the line that says who is signed in or why nobody is."""
    azure = Azure(place.standin.cloud, tenant, lambda _: None, 4)
    why = azure.sign_in()
    line = f"{why.detail}. {why.remedy}" if why else azure.signed_in()
    document = azure.document(PROD)
    azure.close()
    assert not any(secret in line + str(document.detail) for secret in SECRETS)
    assert "\n" not in line
    return document.status, line


def with_certificate(place: Place, *, is_registered: bool = True) -> dict[str, str]:
    """Make a certificate and its key, and let the application be signed in to with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deploy")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    pem, raw = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = place.folder / "deploy.pem"
    path.write_bytes(
        key.private_bytes(pem, raw, serialization.NoEncryption()) + builder.sign(key, hashes.SHA256()).public_bytes(pem)
    )
    if is_registered:
        place.standin.entra.applications[CLIENT].certificates.append(key.public_key())
    return {**NAMED, "AZURE_CLIENT_CERTIFICATE_PATH": str(path)}


def with_token_file(place: Place, subject: str = GITHUB[1]) -> dict[str, str]:
    """Write a federated token into a file."""
    path = place.folder / "token"
    path.write_text(place.issuers.vouch(GITHUB[0], subject))
    return {**NAMED, "AZURE_FEDERATED_TOKEN_FILE": str(path)}


def on_a_machine(place: Place, **more: str) -> dict[str, str]:
    """Return the environment of a machine that has identities."""
    return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": place.standin.urls["imds"], **more}


def with_az(place: Place) -> dict[str, str]:
    """Let a person be signed in to ``az``."""
    place.has_az()
    return {}
