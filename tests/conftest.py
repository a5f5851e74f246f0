"""The fixtures that tests of several modules ask for."""

from __future__ import annotations

from tests.azure.fixtures import certificates, serve

__all__ = ["certificates", "serve"]
