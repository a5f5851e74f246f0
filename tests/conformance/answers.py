"""Write down what the stand-in answers for Azure Resource Manager, once for every environment that there is.

    python -m tests.conformance.answers answers.jsonl

An exchange is written down as it went over the wire, between Azure's own clients and the stand-in. The same answer to
the same request stands there once. A page of a list is an answer of its own.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter

from pullready import config
from pullready.collectors import admin_passwords, paths
from pullready.collectors.live import collect
from pullready.collectors.manifests import read_manifests
from pullready.collectors.reader import Reader
from pullready.config import Settings
from pullready.facts import MAKERS, ids, needs_of
from pullready.snapshot import Provider, Snapshot, Status, TargetScope
from tests.azure import environments
from tests.azure.certificates import server_context
from tests.azure.fixtures import BESIDES, signed_in
from tests.azure.standin import Standin
from tests.conformance.exchanges import Exchange, save
from tools.examples import CAPTURED_AT, EXAMPLES, Example, documents, examples
from tools.shop.environment import SHOP

#: Where Azure is, in place of the stand-in's port, which is another each time.
ARM: Final = "https://management.azure.com"
#: When it is, which the filter of the activity log names.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\dZ(?='|%27)")


def everything() -> dict[str, Snapshot]:
    """Return every environment by name."""
    made = {example.folder: environment_of(example) for example in examples()}
    return {
        "tests/azure/environments/hub": environments.hub(),
        **made,
        "healthy, with passwords": made["healthy"].with_documents(documents(passwords())),
    }


def passwords() -> dict[str, Any]:
    """Return what the registry of the shop tells of its admin user, which no snapshot keeps."""
    pair = [{"name": "password", "value": "first-example"}, {"name": "password2", "value": "second-example"}]
    return {ids.admin_passwords_of(SHOP): {"username": ids.name_of(SHOP), "passwords": pair}}


def environment_of(example: Example) -> Snapshot:
    """Return what *example* is made from, with the manifests of its targets."""
    folder = EXAMPLES / example.folder
    scopes, manifests = [], []
    for target in config.load(folder / "pullready.yaml").targets:
        read = read_manifests(list(target.manifests), root=folder)
        names = tuple(one.id for one in read)
        scopes.append(TargetScope(target.name, cluster=target.cluster, registries=target.registries, manifests=names))
        manifests += read
    return Snapshot(documents(example.bodies), captured_at=CAPTURED_AT).with_documents(manifests, scopes)


def read(environment: Snapshot, context: ssl.SSLContext, *, through_graph: bool = False) -> list[Exchange]:
    """Return the exchanges of reading all of *environment* from a stand-in, as far as it goes *through_graph*."""
    with Standin(environment).serving(context) as standin, listening(standin.urls["arm"]) as heard:
        targets = environments.targets(environment)
        needs = {target.name: needs_of(MAKERS) for target in targets}
        chosen = replace(settings(standin, environment), resource_graph=through_graph)
        collect(targets, chosen, needs, environments.unread(environment), lambda _: None)
    return heard


def refused(environment: Snapshot, status: Status, context: ssl.SSLContext) -> list[Exchange]:
    """Return the exchanges of asking for each document of *environment* where all of them have *status*."""
    arm = [one for one in environment if one.provider is Provider.ARM]
    without = environment.with_documents(msgspec.structs.replace(one, status=status, body=None) for one in arm)
    target = environments.targets(environment)[0]
    with (
        Standin(without).serving(context) as standin,
        listening(standin.urls["arm"]) as heard,
        Reader(settings(standin, environment)) as reader,
    ):
        for reading in reader.start([one.id for one in arm], target):
            reading.result()
    return heard


def settings(standin: Standin, environment: Snapshot) -> Settings:
    """Return settings to read *standin* with; where *environment* has passwords, they are read in place of events."""
    has_passwords = any(admin_passwords.is_of(one.id) for one in environment)
    return replace(Settings(), cloud=standin.cloud, list_credentials=has_passwords, read_registries=False)


@contextmanager
def listening(base: str) -> Iterator[list[Exchange]]:
    """Write down each exchange with *base* that the process has until the ``with`` statement ends."""
    heard: list[Exchange] = []
    send = HTTPAdapter.send

    def listen(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = send(self, request, *args, **options)
        if str(request.url).startswith(base):
            heard.append(exchange(request, response, base))
        return response

    with patch.object(HTTPAdapter, "send", listen):
        yield heard


def exchange(request: requests.PreparedRequest, response: requests.Response, base: str) -> Exchange:
    """Return *request* to *base*, and *response*."""
    url = str(request.url).removeprefix(base)
    parts = urlsplit(url)
    return {
        "environment": "",
        "method": str(request.method),
        "url": url,
        "type": paths.type_of(parts.path),
        "version": "".join(parse_qs(parts.query).get("api-version", [])),
        "request": sent(request),
        "status": response.status_code,
        "contentType": response.headers.get("Content-Type"),
        "body": json.loads(response.text.replace(base, ARM)),
    }


def sent(request: requests.PreparedRequest) -> Any:
    """Return the body of *request*."""
    match request.body:
        case str() | bytes() as body:
            return json.loads(body)
        case _:
            return None


def heard_from(context: ssl.SSLContext) -> Iterator[tuple[str, list[Exchange]]]:
    """Yield the exchanges that reading each environment takes, and those of being refused."""
    made = everything()
    for name, environment in made.items():
        yield name, read(environment, context)
        yield f"{name}, through Resource Graph", read(environment, context, through_graph=True)
    for name in ("healthy", "landing-zone"):
        for status in (Status.FORBIDDEN, Status.NOT_FOUND):
            yield f"{name}, all {status.value}", refused(made[name], status, context)


def main(path: Path) -> None:
    """Read every environment, and write the exchanges to *path*."""
    different: dict[str, Exchange] = {}
    for variable in BESIDES:
        os.environ.pop(variable, None)
    with tempfile.TemporaryDirectory() as folder:
        context, authority = server_context(Path(folder))
        os.environ.update(signed_in(authority))
        for name, exchanges in heard_from(context):
            for one in exchanges:
                key = _TIME.sub("", json.dumps(one, sort_keys=True))
                different.setdefault(key, {**one, "environment": name})
    save(path, different.values())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
