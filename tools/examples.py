"""Make the embedded examples under ``manifests_examples/``: healthy environments, and a copy of one for each fault.

Every document is written here after the shape that Azure documents; nothing in it was recorded.

    python -m tools.examples            write the examples
    python -m tools.examples --check    fail where a file on disk differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pullready.facts import ids
from pullready.snapshot import Document, Provider, Snapshot, Status
from tools.shop.environment import PROD, SHOPTEAMS, Bodies, healthy
from tools.shop.fault import Fault
from tools.shop.faults import OWNED, faults
from tools.shop.hub import STAGE, hub
from tools.shop.image_faults import image_faults
from tools.shop.landing_zone import landing_zone
from tools.shop.name_faults import name_faults

EXAMPLES: Final = Path(__file__).parent.parent / "manifests_examples"
CAPTURED_AT: Final = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)

README: Final = """\
# {fault.shows}

{fault.story}

{fault.without} say:

```
{fault.symptom}
```

What puts it right:

```sh
{fault.remedy}
```

See it found:

```sh
pullready run --config manifests_examples/broken/{fault.slug}/pullready.yaml
```

The check: [{fault.slug}](../../../docs/checks/{fault.slug}.md).
"""


def documents(bodies: Mapping[str, Any]) -> Iterator[Document]:
    """Wrap *bodies* as documents that were read; a list becomes ARM's and Graph's ``value``, none was not found."""
    for id_, body in bodies.items():
        whole = {"value": body} if isinstance(body, list) else body
        status = Status.NOT_FOUND if body is None else Status.READ
        yield Document(id=id_, provider=provider_of(id_), status=status, body=whole)


def provider_of(id_: str) -> Provider:
    """Return who answers the document *id_*."""
    providers = {"graph:": Provider.GRAPH, "https://": Provider.REGISTRY, "kubernetes:": Provider.KUBERNETES}
    return next((one for start, one in providers.items() if id_.startswith(start)), Provider.ARM)


@dataclass(frozen=True)
class Example:
    """One folder: the documents of its snapshot, its other files (path to text), and what it shows."""

    folder: str
    shows: str
    bodies: Bodies
    files: dict[str, str] = field(default_factory=dict)

    def contents(self) -> dict[Path, bytes]:
        """Return every generated file of the example, by path."""
        folder = EXAMPLES / self.folder
        snapshot = Snapshot(documents(self.bodies), captured_at=CAPTURED_AT, example=self.shows).encode()
        texts = {folder / name: text.encode() for name, text in self.files.items()}
        return {folder / "snapshot.json": snapshot, **texts}


def of_fault(fault: Fault) -> Example:
    """Return the folder of *fault*: the shop as far as its cluster needs it, with the one thing wrong."""
    named = f"registries: [{ids.name_of(SHOPTEAMS)}]\n" if fault.cluster == PROD else ""
    files = {
        "pullready.yaml": f"cluster: {fault.cluster}\nmanifests: [manifests]\n{named}snapshot: snapshot.json\n",
        "README.md": README.format(fault=fault),
    }
    sound = EXAMPLES / ("hub" if fault.cluster == STAGE else "healthy")
    for path in sorted((sound / "manifests" / ids.name_of(fault.cluster)).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        old, new = fault.manifests.get(path.name, ("", ""))
        if old not in text:
            message = f"{path} has no {old!r} to replace"
            raise ValueError(message)
        files[f"manifests/{path.name}"] = text.replace(old, new)
    bodies = _around(fault.cluster) | fault.bodies
    return Example(f"broken/{fault.slug}", fault.shows, bodies, files)


def _around(cluster: str) -> Bodies:
    """Return the documents of the healthy environment that *cluster* is in, as far as it needs them."""
    if cluster == STAGE:
        return hub()
    others = {id_ for other, owned in OWNED.items() if other != cluster for id_ in owned}
    return {id_: body for id_, body in healthy().items() if id_ not in others}


def examples() -> Iterator[Example]:
    """Yield every example."""
    yield Example("healthy", "a small shop with two clusters, in which every check is clear", healthy())
    yield Example("hub", "a cluster behind the firewall of a hub, in which the checks of firewalls are clear", hub())
    yield Example("landing-zone", "a landing zone of two clusters and three registries behind one hub", landing_zone())
    for fault in (*faults(), *image_faults(), *name_faults()):
        yield of_fault(fault)


def main(arguments: list[str]) -> int:
    """Write the examples, or compare them with what is on disk; return the exit code."""
    contents: dict[Path, bytes] = {}
    for example in examples():
        contents.update(example.contents())
    if "--check" in arguments:
        stale = [path for path, content in contents.items() if not path.exists() or path.read_bytes() != content]
        for path in stale:
            print(f"{path.relative_to(EXAMPLES.parent)} is stale: run python tools/examples.py", file=sys.stderr)
        return 1 if stale else 0
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
