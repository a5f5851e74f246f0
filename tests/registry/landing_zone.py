"""The images of the landing zone: for either architecture, for one of them, and for Windows."""

from __future__ import annotations

from typing import Final

from tests.registry.layouts import Descriptor, Layout
from tests.registry.shop import WINDOWS_2022, Image, for_amd64, for_both

RETAILIMAGES: Final = "retailimages.azurecr.io"
RETAILTEAMS: Final = "retailteams.azurecr.io"
RETAILTOOLS: Final = "retailtools.azurecr.io"


def _for_arm64(layout: Layout) -> Descriptor:
    return layout.index(layout.image("linux", "arm64", variant="v8"))


def _for_windows(layout: Layout) -> Descriptor:
    return layout.index(layout.image("windows", "amd64", version=WINDOWS_2022))


STOREFRONT: Final = Image(RETAILIMAGES, "storefront", "5.1.0", for_both)
SEARCH: Final = Image(RETAILIMAGES, "search", "2.0.0", _for_arm64)
TILLS: Final = Image(RETAILIMAGES, "tills", "8.3.1", _for_windows)
SETTLEMENT: Final = Image(RETAILIMAGES, "jobs/settlement", "1.9.0", for_amd64)
LOYALTY: Final = Image(RETAILTEAMS, "loyalty", "0.7.2", for_both, is_docker=True)
EVENTS: Final = Image(RETAILTEAMS, "shared/events", "0.7.2", for_both)
MIGRATE: Final = Image(RETAILTOOLS, "db-migrate", "2.3.0", for_both, is_docker=True)
EXPORTER: Final = Image(RETAILTOOLS, "exporter", "1.0.4", for_amd64)
IMAGES: Final = (STOREFRONT, SEARCH, TILLS, SETTLEMENT, LOYALTY, EVENTS, MIGRATE, EXPORTER)
