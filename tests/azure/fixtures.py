"""Fixtures: the stand-in's certificate, and an environment in which the Azure clients talk to the stand-in."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from pullready.snapshot import Snapshot
from tests.azure.certificates import server_context
from tests.azure.proxy import HOSTS, REGISTRY_HOSTS, leading_to_registries
from tests.azure.standin import CLIENT, CLIENT_SECRET, TENANT, Standin

Serve = Callable[..., Standin]
#: What would lead somewhere else than to the stand-in.
BESIDES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "CURL_CA_BUNDLE")


def signed_in(authority: Path) -> dict[str, str]:
    """Return the environment of a pipeline that is signed in to the stand-in, and trusts *authority*."""
    return {
        "NO_PROXY": "localhost",
        "REQUESTS_CA_BUNDLE": str(authority),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
    }


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """The server's TLS context and the file of the authority."""
    return server_context(tmp_path_factory.mktemp("certificates"), (*HOSTS, *REGISTRY_HOSTS))


@pytest.fixture
def serve(certificates: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a stand-in for a snapshot; the environment is that of a pipeline that is signed in to it."""
    context, authority = certificates
    for variable in BESIDES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in signed_in(authority).items():
        monkeypatch.setenv(variable, value)
    with ExitStack() as running:

        def start(snapshot: Snapshot, *, page_size: int = 2) -> Standin:
            return running.enter_context(Standin(snapshot, page_size=page_size).serving(context))

        yield start


@pytest.fixture
def serve_registries(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a stand-in for a snapshot and its registries, which a proxy leads to under their own names."""
    with ExitStack() as running:

        def start(snapshot: Snapshot, *, page_size: int = 100) -> Standin:
            standin = serve(snapshot, page_size=page_size)
            proxy = running.enter_context(leading_to_registries(standin))
            for variable, value in proxy.environ().items():
                monkeypatch.setenv(variable, f"localhost,{value}" if variable.casefold() == "no_proxy" else value)
            return standin

        yield start
