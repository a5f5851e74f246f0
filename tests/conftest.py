"""The fixtures that tests of several modules ask for."""

from __future__ import annotations

from tests.azure.fixtures import certificates, serve, serve_registries
from tests.azure.places import place

__all__ = ["certificates", "place", "serve", "serve_registries"]
