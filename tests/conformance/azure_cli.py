"""Let the real Azure CLI read environments from the stand-in, and compare what it prints with what they say.

    python -m tests.conformance.azure_cli PYTHON

``PYTHON`` is the interpreter that azure-cli is installed for. The CLI finds the stand-in behind the host names of the
public cloud; whatever other host it asks for is refused. Everything that it writes stays in a temporary folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pullready.config import CLOUDS
from pullready.facts import ids
from pullready.snapshot import Snapshot
from tests.azure import environments
from tests.azure.certificates import server_context
from tests.azure.entra import MANAGED_PRINCIPAL, TENANT
from tests.azure.fixtures import BESIDES
from tests.azure.proxy import HOSTS, Proxy, leading
from tests.azure.rbac import Grant
from tests.azure.standin import Standin
from tools.shop.environment import (
    KUBELET_CLIENT,
    KUBELET_OBJECT,
    LEGACY,
    LEGACY_CLIENT,
    NODE_GROUP,
    PROD,
    PULLER_CLIENT,
    SHOP,
    SUBSCRIPTION,
    ZONE,
)

_TIMEOUT: Final = 120


@dataclass(frozen=True)
class Cli:
    """The Azure CLI of the interpreter *python*, with the variables *environ*, behind *proxy*."""

    python: str
    environ: Mapping[str, str]
    proxy: Proxy

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run ``az`` with *words*."""
        return subprocess.run(
            [self.python, "-m", "azure.cli", *words],
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )

    def read(self, *words: str) -> Any:
        """Return the JSON that ``az`` prints for *words*."""
        done = self.run(*words, "--output", "json")
        if done.returncode != 0:
            raise SystemExit(f"az {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)


@contextmanager
def serving(
    python: str, environment: Snapshot, *, page_size: int = 2, latency: float = 0
) -> Iterator[tuple[Cli, Standin]]:
    """Serve *environment* as the public cloud, and yield a CLI that asks there, with a managed identity."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        context, authority = server_context(folder, HOSTS)
        standin = Standin(environment, page_size=page_size, latency=latency)
        with standin.serving(context), leading(standin, CLOUDS["AzurePublic"]) as proxy:
            kept = {name: value for name, value in os.environ.items() if name not in BESIDES and name[:6] != "AZURE_"}
            own = {
                "REQUESTS_CA_BUNDLE": str(authority),
                "AZURE_CONFIG_DIR": str(folder / "azure"),
                "AZURE_CORE_COLLECT_TELEMETRY": "0",
                "AZURE_CORE_SURVEY_MESSAGE": "0",
                "AZURE_CORE_NO_COLOR": "1",
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": standin.urls["imds"],
                "PYTHONPATH": "",
            }
            yield Cli(python, {**kept, **proxy.environ(), **own}, proxy), standin


def say(line: str) -> None:
    """Print *line* at once."""
    print(line, flush=True)  # noqa: T201  (what the program is for)


def agree(command: str, told: Any, printed: Any) -> None:
    """Say that *command* printed what the environment told; exit where it did not."""
    if wrong := [*differences(told, printed)]:
        raise SystemExit("\n".join([f"{command} prints something else than the environment says:", *wrong]))
    say(f"as it should be: {command}")


def differences(told: Any, printed: Any, at: str = "") -> Iterator[str]:
    """Yield what the environment told and the CLI did not print: it spells names in its own case, and flattens.

    What the CLI prints beside that is no difference.
    """
    match told:
        case dict() if isinstance(printed, dict):
            lowered = {key.casefold(): value for key, value in printed.items()}
            for key, value in told.items():
                if key == "properties" and "properties" not in lowered:
                    yield from differences(value, printed, at)
                else:
                    yield from differences(value, lowered.get(key.casefold()), f"{at}/{key}")
        case list() if isinstance(printed, list) and len(told) == len(printed):
            for place, (one, other) in enumerate(zip(told, printed, strict=True)):
                yield from differences(one, other, f"{at}/{place}")
        case _ if told != printed and not _same_time(told, printed):
            yield f"{at}: told {json.dumps(told)}, printed {json.dumps(printed)}"


def _same_time(one: Any, other: Any) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return False


def compare(cli: Cli, told: Any, *words: str) -> None:
    """Compare what *words* print with what the environment *told*."""
    agree(f"az {' '.join(words)}", told, cli.read(*words))


def read_shop(cli: Cli, environment: Snapshot) -> None:
    """Compare the clusters, the registry, who may pull from it, and what the nodes are."""

    def told(id_: str) -> Any:
        return environment.document(id_).body

    for id_ in (PROD, LEGACY):
        compare(cli, told(id_), "aks", "show", *group_and_name(id_))
    compare(cli, told(SHOP), "acr", "show", *group_and_name(SHOP))
    compare(cli, told(SHOP), "acr", "show", "--name", "shopimages")
    [own, inherited] = told(ids.role_assignments_at(SHOP))["value"]
    assignments = ("role", "assignment", "list", "--scope", SHOP)
    compare(cli, [own | {"roleDefinitionName": "AcrPull", "principalName": KUBELET_CLIENT}], *assignments)
    compare(cli, [own, inherited], *assignments, "--include-inherited")
    compare(cli, [own], *assignments, "--assignee", KUBELET_OBJECT)
    compare(cli, [], *assignments, "--assignee", LEGACY_CLIENT)
    for scale_set in told(ids.scale_sets_in(NODE_GROUP))["value"]:
        compare(cli, scale_set["identity"], "vmss", "identity", "show", *group_and_name(scale_set["id"]))
    compare(cli, told(ids.links_of(ZONE))["value"], *links(ZONE))


def read_directory(cli: Cli, environment: Snapshot) -> None:
    """Compare the service principals."""
    listed = {one["id"]: one for one in cli.read("ad", "sp", "list", "--all")}
    for client in (LEGACY_CLIENT, PULLER_CLIENT):
        [told] = environment.document(ids.service_principal(client)).body["value"]
        agree(f"az ad sp list --all, {client}", told, listed.get(told["id"]))
        compare(cli, [told], "ad", "sp", "list", "--spn", client)
        compare(cli, told["passwordCredentials"], "ad", "sp", "credential", "list", "--id", client)


def read_hub(cli: Cli, environment: Snapshot) -> None:
    """Compare what joins the networks of the hub, and what its zone is linked with."""
    found = 0
    for document in environment:
        network = document.body
        if "/virtualnetworks/" in document.id.casefold() and "virtualNetworkPeerings" in network.get("properties", {}):
            words = ("--resource-group", ids.group_of(document.id), "--vnet-name", ids.name_of(document.id))
            compare(cli, network["properties"]["virtualNetworkPeerings"], "network", "vnet", "peering", "list", *words)
            found += 1
        if document.id.casefold().endswith("/virtualnetworklinks"):
            compare(cli, network["value"], *links(document.id.rpartition("/")[0]))
            found += 1
    if found < 3:  # two networks and a zone
        raise SystemExit("the hub has fewer networks and zones than it should")


def links(zone: str) -> Sequence[str]:
    """Return the words that list what networks *zone* answers."""
    words = ("--resource-group", ids.group_of(zone), "--zone-name", ids.name_of(zone))
    return ("network", "private-dns", "link", "vnet", "list", *words)


def group_and_name(resource: str) -> Sequence[str]:
    """Return the words that name *resource*."""
    return ("--resource-group", ids.group_of(resource), "--name", ids.name_of(resource))


def refused(cli: Cli, standin: Standin) -> None:
    """See that the CLI tells what it was refused in its own words, and what it refuses itself."""
    standin.grants = [Grant(MANAGED_PRINCIPAL, SHOP, ("*/read",))]
    done = cli.run("aks", "show", *group_and_name(PROD))
    says(done, "az aks show without permission", "(AuthorizationFailed)", f"'{MANAGED_PRINCIPAL}'", f"'{PROD}'")
    compare(cli, standin.snapshot.document(SHOP).body, "acr", "show", *group_and_name(SHOP))
    standin.grants = None

    done = cli.run("aks", "show", *group_and_name(f"{PROD}-gone"))
    says(done, "az aks show of what is not there", "(ResourceNotFound)")

    standin.requests.clear()
    with tempfile.TemporaryDirectory() as folder:
        _, other = server_context(Path(folder))
        done = cli.run("aks", "show", *group_and_name(PROD), REQUESTS_CA_BUNDLE=str(other))
    says(done, "az aks show with an authority that is not trusted", "certificate verify failed")
    if standin.requests:
        raise SystemExit("a token was sent to a server that is not trusted")


def says(done: subprocess.CompletedProcess[str], what: str, *words: str) -> None:
    """Say that *what* failed with *words*; exit where it did not."""
    if done.returncode == 0 or not all(word in done.stderr for word in words):
        raise SystemExit(f"{what}: exit code {done.returncode}, and not {' '.join(words)}:\n{done.stderr}")
    say(f"refused as it should be: {what}")


def sign_in(cli: Cli) -> None:
    """Sign in, and compare the subscription that is found."""
    told = {"id": SUBSCRIPTION, "tenantId": TENANT, "user": {"type": "servicePrincipal"}}
    compare(cli, [told], "login", "--identity")


def main() -> None:
    """Run every comparison."""
    python, refusals = sys.argv[1], set()
    with serving(python, environments.healthy()) as (cli, standin):
        say(f"azure-cli {cli.read('version')['azure-cli']}")
        sign_in(cli)
        read_shop(cli, standin.snapshot)
        read_directory(cli, standin.snapshot)
        refused(cli, standin)
        refusals |= {*cli.proxy.refused}
    with serving(python, environments.example("hub")) as (cli, standin):
        sign_in(cli)
        read_hub(cli, standin.snapshot)
        refusals |= {*cli.proxy.refused}
    for host in sorted(refusals):
        say(f"it also asked for {host}, and got nothing")


if __name__ == "__main__":
    main()
