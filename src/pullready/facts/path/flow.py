"""What flows from nodes to a registry, and what something on the way says to it.

A registry's public addresses are not in Azure Resource Manager, so a public destination is told by the service tags
that it is in; a private one by the address of its private endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from pullready.verdict import Evidence

#: Images are pulled over HTTPS alone.
PORT: Final = 443


@dataclass(frozen=True, slots=True)
class PrivateAddress:
    """An address of a private endpoint, for *host*; ``endpoint`` is its id, none where that could not be read."""

    host: str
    address: IPv4Address
    endpoint: str | None
    evidence: Evidence

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True, slots=True)
class PublicService:
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


@dataclass(frozen=True, slots=True)
class Flow:
    """Connections over TCP to :data:`PORT`, from any address in ``sources`` to ``destination``."""

    sources: tuple[IPv4Network, ...]
    destination: Destination


@dataclass(frozen=True, slots=True)
class Allowed:
    """Something lets the flow pass; ``by`` names what decides it, as a person would look it up."""

    by: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """Something stops the flow; ``remedy`` is what to do about it."""

    by: str
    evidence: tuple[Evidence, ...]
    remedy: str


#: What a hop says; one that cannot tell raises :class:`~pullready.errors.FactUnavailable`.
Passing = Allowed | Denied
