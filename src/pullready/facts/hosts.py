"""What the host of an image reference is, told from its spelling alone.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference and
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules (5 to 50 letters and digits).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from pullready.config import CLOUDS, Cloud
from pullready.facts.spelling import SLIP, edits, slipped

#: Microsoft's own registry, and its address in China; both are public and belong to nobody's subscription.
#: Source: https://github.com/microsoft/containerregistry/blob/main/docs/mcr-endpoints-guidance.md
MICROSOFT: Final = frozenset({"mcr.microsoft.com", "mcr.azure.cn"})
DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
HTTPS: Final = 443

#: The registry domain of the cloud for Germany, which was closed in October 2021.
CLOSED: Final = "azurecr.de"
#: The registry domains of Azure's clouds.
_SUFFIXES: Final = (*(cloud.registry_suffix for cloud in CLOUDS.values()), CLOSED)
#: Nothing else is called so, whatever stands behind it.
_UNMISTAKABLE: Final = frozenset({"azurecr", "azureacr"})
#: Microsoft's own domain, two letters away from a registry's.
_OWN_DOMAIN: Final = "azure"
_PRIVATE_LINK: Final = "privatelink"
_LABEL: Final = re.compile(r"([a-z0-9]+)(?:-([a-z0-9]+))?")
_LENGTHS: Final = range(5, 51)
_REGION: Final = re.compile(r"[a-z0-9]+")


class LoginServer(msgspec.Struct, frozen=True):
    """A host that a registry of the cloud may have.

    ``hash`` is that of a domain name label (``shoptools-exfrbuffaye7ceag``). ``region`` is set in a regional endpoint
    (``shoptools.westeurope.geo.azurecr.io``); ``host`` is then still the registry's own login server.
    """

    name: str
    host: str
    hash: str | None = None
    region: str | None = None

    @property
    def is_nameable(self) -> bool:
        """Whether Azure lets a registry have the name."""
        return len(self.name) in _LENGTHS


class DataEndpoint(msgspec.Struct, frozen=True):
    """The host that layers are fetched from; images are named by ``meant``."""

    meant: str


class PrivateLinkName(msgspec.Struct, frozen=True):
    """A name that exists for DNS alone, in any cloud's domain; images are named by ``meant``."""

    meant: str


class OtherCloud(msgspec.Struct, frozen=True):
    """A registry of another Azure cloud, whose domain is ``suffix``."""

    suffix: str
    meant: str


class Misspelt(msgspec.Struct, frozen=True):
    """A host that is no registry's, and a slip away from ``meant``."""

    meant: str


class Malformed(msgspec.Struct, frozen=True):
    """A host in the cloud's registry domain that no registry can have."""

    why: str


class Ported(msgspec.Struct, frozen=True):
    """A login server with a port."""

    port: int
    meant: str


class Microsofts(msgspec.Struct, frozen=True):
    """Microsoft's own public registry."""


class Elsewhere(msgspec.Struct, frozen=True):
    """No Azure container registry."""


Form = (
    LoginServer | DataEndpoint | PrivateLinkName | OtherCloud | Misspelt | Malformed | Ported | Microsofts | Elsewhere
)


def form_of(host: str, cloud: Cloud) -> Form:
    """Say what *host* (as in a reference, maybe with a port) is in *cloud*."""
    return _form_of(host.lower(), cloud.registry_suffix.lower())


@lru_cache(maxsize=4096)
def _form_of(host: str, suffix: str) -> Form:
    name, _, port = host.partition(":")
    if name in MICROSOFT:
        return Microsofts()
    for domain in (suffix, *_SUFFIXES):
        labels = (_before(name, domain) or "").split(".")
        if _PRIVATE_LINK in labels[1:]:
            return PrivateLinkName(_joined(_without_private_link(labels), domain))
    head = _before(name, suffix)
    if head is not None:
        return Ported(int(port), name) if port.isdecimal() else _in_registry_domain(head, suffix)
    for other in _SUFFIXES:
        head = _before(name, other)
        if head is not None:
            return OtherCloud(other, _joined(head, suffix))
    meant = _meant(name, suffix)
    return Elsewhere() if meant is None else Misspelt(meant)


@lru_cache(maxsize=4096)
def is_declared(host: str, declared: tuple[str, ...]) -> bool:
    """Say whether *host*, with its port or without, is among the hosts *declared*; Docker Hub goes by several."""
    name = host.lower()
    names = {name, name.partition(":")[0]}
    if names & DOCKER_HUB:
        names |= DOCKER_HUB
    return any(one.lower().rstrip("/") in names for one in declared)


def _before(name: str, suffix: str) -> str | None:
    """Return what stands in *name* before *suffix*, maybe nothing; none where it does not end so."""
    return "" if name == suffix else name.removesuffix(f".{suffix}") if name.endswith(f".{suffix}") else None


def _without_private_link(labels: list[str]) -> str:
    """Return what stands before the domain in the login server that private link has the name *labels* for."""
    rest = [label for label in labels if label != _PRIVATE_LINK]
    return rest[0] if rest[-1] == "data" else ".".join(rest)


def _joined(head: str, suffix: str) -> str:
    return f"{head or 'REGISTRY'}.{suffix}"


def _in_registry_domain(head: str, suffix: str) -> Form:
    labels = head.split(".")
    match labels:
        case [name]:
            return _login_server(name, suffix, None)
        case [name, region, "geo"] if _REGION.fullmatch(region):
            return _login_server(name, suffix, region)
        case [name, region, "data"] if _REGION.fullmatch(region):
            return DataEndpoint(_joined(name, suffix))
    return Malformed(f"a login server has one label before {suffix}, and this one has {len(labels)}")


def _login_server(label: str, suffix: str, region: str | None) -> LoginServer | Malformed:
    if not label:
        return Malformed(f"no registry is named before {suffix}")
    parts = _LABEL.fullmatch(label)
    if parts is None:
        return Malformed(f"a registry's name is of letters and digits alone, and {label} is not")
    return LoginServer(parts[1], _joined(label, suffix), parts[2], region)


def _meant(name: str, suffix: str) -> str | None:
    """Return the login server that *name* may be misspelt from."""
    labels = name.split(".")
    if suffix not in _SUFFIXES:
        cut = len(labels) - suffix.count(".") - 1
        near = slipped(".".join(labels[cut:]), suffix) if cut >= 0 else False
        return _joined(".".join(labels[:cut]), suffix) if near else None
    if labels[-1] == "azurecr":  # shopimages.azurecr
        return _joined(".".join(labels[:-1]), suffix)
    *head, domain, top = ["", *labels]
    tail = f"{domain}.{top}"
    if domain in _UNMISTAKABLE or (domain != _OWN_DOMAIN and any(edits(tail, one) <= SLIP for one in _SUFFIXES)):
        return _joined(".".join(head).strip("."), suffix)
    if any(tail.endswith(one) for one in _SUFFIXES):  # shopazurecr.io
        return _joined(".".join([*head, domain.removesuffix("azurecr")]).strip("."), suffix)
    return None
