"""What flows from nodes to a registry, and what something on the way says to it.

A registry's public addresses are not in Azure Resource Manager, so a public destination is told by the service tags
that it is in; a private one by the address of its private endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Final

import msgspec

from pullready.verdict import Evidence

#: Images are pulled over HTTPS alone.
PORT: Final = 443


class PrivateAddress(msgspec.Struct, frozen=True):
    """An address of a private endpoint, for *host*; ``endpoint`` is its id, none where that could not be read."""

    host: str
    address: IPv4Address
    endpoint: str | None
    evidence: Evidence

    def __str__(self) -> str:
        return str(self.address)


class PublicService(msgspec.Struct, frozen=True):
    """The public addresses of *host*; of layer storage in a cloud of one's own, the host is not known.

    ``tags`` are the service tags, in lower case and without region, that surely hold all of them, the narrowest first;
    ``doubtful`` those of which it is not documented. ``regions()`` returns the names (such as ``westeurope``) of all
    Azure regions that may answer, at least one; it raises where they cannot be read. The regional variants of a tag
    hold the addresses where those of every such region do.
    """

    host: str | None
    tags: tuple[str, ...]
    doubtful: tuple[str, ...]
    regions: Callable[[], tuple[str, ...]]

    def __str__(self) -> str:
        return f"the public addresses of {self.host or 'storage accounts'}"


Destination = PrivateAddress | PublicService


class Flow(msgspec.Struct, frozen=True):
    """Connections over TCP to :data:`PORT`, from any address in ``sources`` to ``destination``."""

    sources: tuple[IPv4Network, ...]
    destination: Destination


class Allowed(msgspec.Struct, frozen=True):
    """Something lets the flow pass; ``by`` names what decides it, as a person would look it up."""

    by: str
    evidence: tuple[Evidence, ...]


class Denied(msgspec.Struct, frozen=True):
    """Something stops the flow; ``remedy`` is what to do about it."""

    by: str
    evidence: tuple[Evidence, ...]
    remedy: str


#: What a hop says; one that cannot tell raises :class:`~pullready.errors.FactUnavailable`.
Passing = Allowed | Denied
