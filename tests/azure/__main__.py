"""Serve an environment as Azure would, until Ctrl-C: to try by hand what a run makes of it.

python -m tests.azure --environment manifests_examples/healthy --write /tmp/try
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from msgspec.structs import replace

from pullready import config
from pullready import snapshot as snapshots
from pullready.config import CLOUDS
from pullready.errors import PullreadyError
from pullready.snapshot import Snapshot
from tests.azure import arm, graph, rbac, runs
from tests.azure.certificates import server_context
from tests.azure.fixtures import BESIDES, signed_in
from tests.azure.proxy import HOSTS, leading
from tests.azure.standin import PRINCIPAL, Fault, Standin
from tests.azure.throttling import Bucket
from tests.azure.wire import Answer

_CLUSTER: Final = re.compile(r"/.*/providers/microsoft\.containerservice/managedclusters/[^/]+", re.IGNORECASE)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        environment, targets = _environment(options.environment)
        with _serving(options, environment) as (standin, environ):
            cloud = {} if options.cloud is None else {"cloud": options.cloud}
            if options.write is not None:
                options.write.mkdir(parents=True, exist_ok=True)
                runs.configure(options.write, standin, targets, **cloud)
            print("\n".join(_said(options, environment, standin, environ)), flush=True)  # noqa: T201  (a program)
            stopped.wait()
    except (PullreadyError, OSError) as error:
        parser.error(" ".join(str(error).split()))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("python -m tests.azure", description=(__doc__ or "").partition("\n")[0])
    text = "a snapshot, or a folder with a snapshot.json and a pullready.yaml"
    parser.add_argument("--environment", type=Path, required=True, metavar="FOLDER|FILE", help=text)
    parser.add_argument("--latency", type=_number, default=0, metavar="MS", help="milliseconds that each answer takes")
    parser.add_argument("--page-size", type=_count, default=100, metavar="N", help="how long the pages of lists are")
    parser.add_argument("--throttle", type=_bucket, metavar="BURST,RATE", help="requests at once, and per second")
    parser.add_argument("--forbid", nargs="+", type=_id, default=[], metavar="ID", help="documents answered with 403")
    parser.add_argument("--cloud", choices=CLOUDS, help="be this cloud, with its own host names, behind a proxy")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write a pullready.yaml that leads here into it")
    return parser


def _number(text: str) -> float:
    if not 0 <= (number := float(text)) < float("inf"):
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _bucket(text: str) -> Bucket:
    size, refill = (_number(part) for part in text.split(","))
    if not (size and refill):
        raise ValueError(text)
    return Bucket(size, refill)


def _id(text: str) -> str:
    if not text.startswith(("/", "graph:/")):
        raise ValueError(text)
    return text


# What argparse calls a type that refuses a value.
_number.__name__, _count.__name__, _id.__name__ = "number", "count", "document id (/… or graph:/…)"
_bucket.__name__ = "throttle (two numbers, as 250,25)"


def _environment(path: Path) -> tuple[Snapshot, list[dict[str, Any]]]:
    """Return what *path* describes, as it would be served today, and the targets in it."""
    file = path / "snapshot.json" if path.is_dir() else path
    saved = snapshots.load(file)
    environment = saved.with_documents(replace(one, body=runs.lasting(one.body)) for one in saved)
    described = path / "pullready.yaml"
    if described.is_file():
        return environment, [_described(target) for target in config.load(described).targets]
    clusters = [one.id for one in environment if _CLUSTER.fullmatch(one.id)]
    return environment, [{"cluster": id_} for id_ in clusters]


def _described(target: config.Target) -> dict[str, Any]:
    told = {
        "cluster": target.cluster,
        "manifests": [*target.manifests],
        "registries": [*target.registries],
        "tenant": target.tenant,
        "egress-addresses": [*target.egress_addresses],
    }
    return {key: value for key, value in told.items() if value}


@contextmanager
def _serving(options: argparse.Namespace, environment: Snapshot) -> Iterator[tuple[Standin, Mapping[str, str]]]:
    """Serve *environment* until the ``with`` statement ends; yield the stand-in and the variables that lead to it."""
    standin = Standin(environment, page_size=options.page_size, latency=options.latency / 1000)
    standin.throttle = options.throttle
    for id_ in options.forbid:
        refusal = graph.denied() if id_.startswith("graph:") else _refusal(id_)
        standin.fails(id_, Fault(refusal.status, refusal.body))
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        context, authority = server_context(folder, HOSTS)
        running.enter_context(standin.serving(context))
        environ = signed_in(authority) | {"AZURE_POD_IDENTITY_AUTHORITY_HOST": standin.urls["imds"]}
        if options.cloud is not None:
            cloud = CLOUDS[options.cloud]
            environ |= running.enter_context(leading(standin, cloud)).environ()
            environ["AZURE_AUTHORITY_HOST"] = cloud.authority
        yield standin, environ


def _refusal(id_: str) -> Answer:
    path = id_.partition("?")[0]
    return arm.forbidden(PRINCIPAL, rbac.action_of("GET", path), rbac.scope_of(path))


def _said(
    options: argparse.Namespace, environment: Snapshot, standin: Standin, environ: Mapping[str, str]
) -> Iterator[str]:
    yield f"# {len(environment)} documents of {options.environment}; Ctrl-C ends it"
    yield f"unset {' '.join(name for name in BESIDES if name not in environ)}"
    yield from (f"export {name}={shlex.quote(value)}" for name, value in environ.items())
    if options.write is not None:
        yield f"# pullready run --config {shlex.quote(str(options.write / 'pullready.yaml'))}"
    elif options.cloud is not None:
        yield f"# in pullready.yaml: cloud: {options.cloud}"
    else:
        yield f"# in pullready.yaml: cloud: {json.dumps(runs.cloud_of(standin))}"


if __name__ == "__main__":
    main(sys.argv[1:])
