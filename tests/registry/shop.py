"""The images of the healthy shop, in registries that hold them: one of each kind.

    with serving(folder) as registries:
        push(registries, layouts)
        stand_behind(standin, registries)

The stand-in serves :func:`without_images`, and manifests are :func:`with_digests` of the images that were pushed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from pullready.snapshot import Snapshot
from tests.azure import acr
from tests.azure.standin import Standin
from tests.registry import server
from tests.registry.layouts import Descriptor, Layout
from tests.registry.server import Registry
from tools.shop.contents import REPORT, SHOPIMAGES, SHOPTOOLS

#: What the pools of the shop have, and the release after it.
WINDOWS_2022, WINDOWS_2025 = "10.0.20348.2700", "10.0.26100.4061"


def for_both(layout: Layout) -> Descriptor:
    """Build an index for both architectures."""
    return layout.index(*_both(layout))


def attested(layout: Layout) -> Descriptor:
    """Build an index for both architectures, with what BuildKit attests of each."""
    both = _both(layout)
    return layout.index(*both, *map(layout.attestation, both))


def for_windows(layout: Layout) -> Descriptor:
    """Build an index for two builds of Windows."""
    return layout.index(*(layout.image("windows", "amd64", version=one) for one in (WINDOWS_2025, WINDOWS_2022)))


def single(layout: Layout) -> Descriptor:
    """Build an image without an index."""
    return layout.image("linux", "amd64")


def _both(layout: Layout) -> tuple[Descriptor, ...]:
    return layout.image("linux", "amd64"), layout.image("linux", "arm64", variant="v8")


class Image(NamedTuple):
    """An image that a registry holds, and whether its manifests are Docker's."""

    host: str
    repository: str
    tag: str
    build: Callable[[Layout], Descriptor]
    is_docker: bool = False


WEB: Final = Image(SHOPIMAGES, "web", "1.4.2", attested)
BILLING: Final = Image(SHOPIMAGES, "billing", "7.0.3", for_windows)
#: The manifests name it by its digest.
NIGHTLY: Final = Image(SHOPIMAGES, "jobs/report", "nightly", single)
MIGRATE: Final = Image(SHOPTOOLS, "db-migrate", "2.1.0", for_both, is_docker=True)
STOCK: Final = Image(SHOPTOOLS, "stock", "3.2.1", single, is_docker=True)
IMAGES: Final = (WEB, BILLING, NIGHTLY, MIGRATE, STOCK)


def for_amd64(layout: Layout) -> Descriptor:
    """Build an index for one architecture, with what BuildKit attests of it."""
    one = layout.image("linux", "amd64")
    return layout.index(one, layout.attestation(one))


def for_windows_2025(layout: Layout) -> Descriptor:
    """Build an index for the later build of Windows alone."""
    return layout.index(layout.image("windows", "amd64", version=WINDOWS_2025))


#: What is pushed over what the shop has, so that the fault of that name shows in its registries.
OF_FAULTS: Final[dict[str, tuple[Image, ...]]] = {
    "image-architecture-mismatch": (WEB._replace(build=for_amd64), NIGHTLY._replace(build=for_both)),
    "windows-os-build-mismatch": (BILLING._replace(build=for_windows_2025),),
    "image-or-repo-read-disabled": (),
}


@contextmanager
def serving(folder: Path, images: Iterable[Image] = IMAGES) -> Iterator[dict[str, Registry]]:
    """Run the registries of *images* until the ``with`` statement ends; yield them by login server.

    They hold what *folder* has of them.
    """
    with ExitStack() as running:
        hosts = dict.fromkeys(image.host for image in images)
        yield {host: running.enter_context(server.serving(folder / host, host)) for host in hosts}


def push(registries: Mapping[str, Registry], layouts: Path, *images: Image) -> None:
    """Push *images*, by default all; *layouts* is a folder for what is built for that."""
    for image in images or IMAGES:
        layout = Layout(layouts / image.host / image.repository)
        kind = "v2s2" if image.is_docker else None
        built = layout.holding(image.build(layout))
        registries[image.host].push(built, image.repository, image.tag, manifests=kind)


def stocked(folder: Path, layouts: Path, *images: Image) -> Path:
    """Push *images*, by default all, to registries that keep them in *folder*; return it."""
    with serving(folder, images or IMAGES) as registries:
        push(registries, layouts, *images)
    return folder


def stand_behind(standin: Standin, registries: Mapping[str, Registry]) -> None:
    """Let *standin* pass on what it is asked for images."""
    standin.registries.behind |= registries


def without_images(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* without what registries hold, and with what Azure says beside that."""
    documents = [one for one in snapshot if "/v2/" not in one.id]
    return Snapshot(documents, captured_at=snapshot.captured_at, targets=snapshot.targets)


def with_digests(text: str, registries: Mapping[str, Registry]) -> str:
    """Return *text*, a manifest of the shop, with the digest of the image that was pushed."""
    digest = registries[NIGHTLY.host].pointed_at(NIGHTLY.repository, NIGHTLY.tag)
    assert digest, "the image that is named by its digest was not pushed"
    return acr.with_digests(text, {REPORT: digest})
