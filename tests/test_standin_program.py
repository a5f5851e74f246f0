"""The stand-in behind the host names of the clouds, and as a program that serves until it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import requests

from pullready.collectors.live import collect
from pullready.config import CLOUDS, Settings
from pullready.facts import MAKERS, needs_of
from pullready.snapshot import Status
from tests.azure import environments
from tests.azure.fixtures import BESIDES, Serve
from tests.azure.proxy import Proxy, leading
from tests.azure.standin import Standin
from tests.environment import HEALTHY, ROOT
from tools.shop.environment import PROD


@pytest.fixture(params=CLOUDS)
def proxied(
    request: pytest.FixtureRequest, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Standin, Proxy]]:
    """A stand-in that is the cloud, behind its own host names."""
    standin = serve(environments.hub())
    with leading(standin, CLOUDS[request.param]) as proxy:
        for name, value in proxy.environ().items():
            monkeypatch.setenv(name, value)
        yield request.param, standin, proxy


def test_every_cloud_is_read_at_its_own_hosts_and_no_other(proxied: tuple[str, Standin, Proxy]) -> None:
    name, standin, proxy = proxied
    cloud, environment = CLOUDS[name], standin.snapshot
    targets, needs = environments.targets(environment), needs_of(MAKERS)
    found = collect(
        targets,
        replace(Settings(), cloud=cloud, read_registries=False),
        {target.name: needs for target in targets},
        environments.unread(environment),
        lambda _: None,
    )
    own = {url.removeprefix("https://") for url in (cloud.authority, cloud.resource_manager, cloud.graph)}
    assert ({*proxy.led}, proxy.refused) == (own, [])
    assert {issued.audience for issued in standin.tokens.values()} == {cloud.resource_manager, cloud.graph}
    assert {one.status for one in found if one.id in standin.asked()} <= {Status.READ, Status.NOT_FOUND}
    assert any(request.query.get("$skiptoken") for request in standin.requests)


def test_the_proxy_leads_nowhere_else(proxied: tuple[str, Standin, Proxy]) -> None:
    name, _, proxy = proxied
    other = next(cloud for cloud in CLOUDS.values() if cloud.name != name)
    for url in (other.resource_manager, f"{CLOUDS[name].graph}:8443", "http://registry.example"):
        try:
            answered = requests.get(url, timeout=10).status_code
        except requests.exceptions.ProxyError as error:
            answered = 502 if "502" in str(error) else 0
        assert answered == 502, url
    assert (len(proxy.refused), proxy.led) == (3, [])


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.azure", *arguments]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_serves_until_it_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    arguments = ("--environment", str(HEALTHY), "--forbid", PROD, "graph:/v1.0/x", "--throttle", "250,25")
    command = program(*arguments, "--write", str(tmp_path))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as served:
        assert served.stdout is not None
        said = []
        for line in served.stdout:
            said.append(line)
            if "pullready run --config" in line:
                break
        exported = dict(line[7:].strip().split("=", 1) for line in said if line.startswith("export "))
        assert Path(exported["REQUESTS_CA_BUNDLE"]).is_file()
        environ = {name: value for name, value in os.environ.items() if name not in BESIDES} | exported
        run = subprocess.run(
            [sys.executable, "-m", "pullready", "run"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        served.send_signal(number)
        rest, _ = served.communicate(timeout=20)
    assert (served.returncode, rest) == (0, "")
    assert run.returncode == 10, run.stdout
    assert f"Microsoft.ContainerService/managedClusters/read is missing at {PROD}" in run.stdout
    assert not Path(exported["REQUESTS_CA_BUNDLE"]).exists()


BAD_ARGUMENTS: Final = {
    "the following arguments are required": (),
    "cannot be read": ("--environment", "none"),
    "not a snapshot": ("--environment", "src/pullready/pullready.schema.json"),
    "--throttle": ("--environment", "manifests_examples/healthy", "--throttle", "many"),
    "--page-size": ("--environment", "manifests_examples/healthy", "--page-size", "0"),
    "--latency": ("--environment", "manifests_examples/healthy", "--latency", "-1"),
    "--forbid": ("--environment", "manifests_examples/healthy", "--forbid", "prod"),
    "--cloud": ("--environment", "manifests_examples/healthy", "--cloud", "AzureMoon"),
    "File exists": ("--environment", "manifests_examples/healthy", "--write", "Makefile"),
}


@pytest.mark.parametrize("says", BAD_ARGUMENTS)
def test_the_program_says_in_one_line_what_is_wrong_with_its_arguments(says: str) -> None:
    done = subprocess.run(
        program(*BAD_ARGUMENTS[says]), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m tests.azure: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
