"""A real API server for each module, and who reads from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes.server import ASSETS, ApiServer, start

SignIn = Callable[[Path], None]


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with both programs; tests that need it fail where there is none, and are never skipped."""
    folder = Path(os.environ.get(ASSETS, ""))
    if not all(os.access(folder / name, os.X_OK) for name in ("kube-apiserver", "etcd")):
        pytest.fail(f"{ASSETS} names no folder with kube-apiserver and etcd: run .ci/conformance kubernetes")
    return folder


@pytest.fixture(scope="module")
def server(
    assets: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[ApiServer]:
    """An API server that the tests of a module share; the module's ``FLAGS``, where it has any, are put to it."""
    with start(tmp_path_factory.mktemp("server"), *getattr(request.module, "FLAGS", ())) as running:
        yield running


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Make a kubeconfig the one that is read, in this process and in those that it starts."""

    def use(kubeconfig: Path) -> None:
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        if "NO_PROXY" not in os.environ:
            monkeypatch.setenv("NO_PROXY", "localhost")

    return use
