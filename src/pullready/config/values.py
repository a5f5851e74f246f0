"""What a single value of the configuration may be; a file and an option are held to the same.

Every parser takes a string and raises :class:`Refused` with what is wrong and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pullready.config.model import CLOUDS, Cloud
from pullready.config.places import absolute

_LONGEST: Final = 160
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP: Final = re.compile(r"[\w().-]{0,89}[\w()-]")
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})+", re.IGNORECASE)
_HOST_AND_PORT: Final = re.compile(rf"({_LABEL}(\.{_LABEL})+(:\d{{1,5}})?|{_LABEL}:\d{{1,5}}|localhost)", re.IGNORECASE)
_AGE: Final = re.compile(r"(\d{1,6})([mhd])")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Ranges whose addresses no registry ever sees; documentation ranges are not among them.
_INTERNAL: Final = tuple(
    ip_network(range_)
    for range_ in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)

CLUSTER_TYPE: Final = "Microsoft.ContainerService/managedClusters"
REGISTRY_TYPE: Final = "Microsoft.ContainerRegistry/registries"
#: The resource's name by its type. Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_NAMES: Final = {
    CLUSTER_TYPE: re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII),
    REGISTRY_TYPE: re.compile(r"[a-z0-9]{1,50}", re.IGNORECASE | re.ASCII),
}


class Refused(Exception):
    """A value that will not do: ``what`` is wrong with it, and the ``remedy``."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(what)


def quoted(text: str) -> str:
    """Return *text* fit for a message: in one line, cut, without what may be a user name and a password."""
    line = re.sub(r"\S+@", "…@", text)
    line = "".join(letter if letter.isprintable() else "�" for letter in line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def words(text: str) -> str:
    """Return text that is not empty and has no control characters."""
    if not text.strip():
        raise Refused("this is empty", "Write a value; a variable that is not set leaves nothing behind")
    if not text.isprintable():
        raise Refused("a control character or a line break stands in it", "Write it in one line")
    return text.strip()


def path(folder: Path) -> Callable[[str], str]:
    """Return a parser of paths, which are taken from *folder*; what it returns is absolute."""
    return lambda text: str(absolute(Path(words(text)), folder))


def manifest(folder: Path) -> Callable[[str], str]:
    """Return a parser of what manifests are read from: a path, taken from *folder*, or ``-`` for standard input."""

    def parse(text: str) -> str:
        if words(text) == "-":
            return "-"
        if "://" in text:
            raise Refused(f"{quoted(text)} is an address, not a path", "Name a file or folder, or pipe it in with -")
        return path(folder)(text)

    return parse


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a parser of exactly the *allowed* words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise Refused(f"{quoted(text)} is not one of the possible values", f"Write one of: {', '.join(allowed)}")
        return text

    return parse


def cluster_id(text: str) -> str:
    """Return the resource id of an AKS cluster, without a trailing slash."""
    remedy = (
        f"Write /subscriptions/<subscription id>/resourceGroups/<group>/providers/{CLUSTER_TYPE}/<name>, "
        "as this prints it: az aks show --resource-group <group> --name <name> --query id"
    )
    return _resource_id(words(text), CLUSTER_TYPE, remedy)


def registry(cloud: Cloud | None) -> Callable[[str], str]:
    """Return a parser of a registry's name, login server (of *cloud*, where that is known) or resource id."""
    remedy = "Write the registry's name, its login server, or its resource id, as az acr show --name <name> prints them"

    def parse(text: str) -> str:
        text = words(text).rstrip("/")
        if text.startswith("/"):
            return _resource_id(text, REGISTRY_TYPE, remedy)
        if "://" in text or "/" in text or "@" in text:
            raise Refused(f"{quoted(text)} is more than the name of a registry", remedy)
        if "." not in text:
            if not _NAMES[REGISTRY_TYPE].fullmatch(text):
                raise Refused(f"{quoted(text)} is not a registry's name, which has up to 50 letters and digits", remedy)
            return text
        if not _HOST.fullmatch(text):
            raise Refused(f"{quoted(text)} is not a host name", remedy)
        if cloud and not text.casefold().endswith(f".{cloud.registry_suffix}"):
            raise Refused(
                f"{quoted(text)} is not a login server of the cloud {cloud.name}: they end in .{cloud.registry_suffix}",
                "Correct the host name, or name the cloud under cloud:",
            )
        return text

    return parse


def _resource_id(text: str, type_: str, remedy: str) -> str:
    if not text.startswith("/"):
        raise Refused(f"{quoted(text)} is not a resource id, which starts with /subscriptions/", remedy)
    segments = text.rstrip("/").split("/")[1:]
    noun = "cluster" if type_ == CLUSTER_TYPE else "registry"
    fixed = ("subscriptions", "", "resourceGroups", "", "providers", *type_.split("/"), "")
    called = ("", "subscription id", "", "resource group", "", "", "", f"{noun} name")
    for place, word in enumerate(fixed):
        if place >= len(segments):
            raise Refused(f"{quoted(text)} ends too early: {word or 'the ' + called[place]} is missing", remedy)
        if word and segments[place].casefold() != word.casefold():
            raise Refused(_other(text, segments, place, word, type_), remedy)
    if len(segments) > len(fixed):
        below = "/".join(segments[len(fixed) :])
        raise Refused(
            f"{quoted(text)} names something below the {noun}: {quoted(below)}", f"Leave out /{quoted(below)}"
        )
    for place, fits in ((1, _GUID), (3, _GROUP), (7, _NAMES[type_])):
        if not fits.fullmatch(segments[place]):
            raise Refused(
                f"{quoted(segments[place]) or 'nothing'} is not a valid {called[place]} in {quoted(text)}", remedy
            )
    return "/" + "/".join(segments)


def _other(text: str, segments: Sequence[str], place: int, word: str, type_: str) -> str:
    """Say what stands in *place* instead of *word*."""
    if place in {5, 6}:
        return f"{quoted(text)} is of type {quoted('/'.join(segments[5:7]))}, not {type_}"
    return f"{quoted(text)} has {quoted(segments[place]) or 'nothing'} where {word} belongs"


def tenant(text: str) -> str:
    """Return a tenant: its GUID, or one of its domains."""
    if not _GUID.fullmatch(words(text)) and not _HOST.fullmatch(words(text)):
        raise Refused(
            f"{quoted(text)} is not a tenant", "Write its id or a domain of it: az account show --query tenantId"
        )
    return words(text)


def address(text: str) -> str:
    """Return a public IP address, or a range of them in CIDR notation."""
    text = words(text)
    try:
        network = ip_network(text)
    except ValueError:
        host, slash, _ = text.partition("/")
        remedy = "Write an address such as 203.0.113.7, or a range such as 203.0.113.0/28"
        try:
            inside = slash and ip_network(text, strict=False)
            remedy = f"Write {inside} for the whole range, or {ip_address(host)}" if inside else remedy
        except ValueError:
            pass
        raise Refused(f"{quoted(text)} is neither an IP address nor a range in CIDR notation", remedy) from None
    if any(network.version == internal.version and network.overlaps(internal) for internal in _INTERNAL):
        raise Refused(
            f"{quoted(text)} is not public, so that no registry ever sees it",
            "Write the public address that the traffic leaves from",
        )
    return text


def host(text: str) -> str:
    """Return the host of a registry in lower case, with its port where it has one."""
    text = words(text)
    if not _HOST_AND_PORT.fullmatch(text):
        raise Refused(
            f"{quoted(text)} is not the host of a registry",
            "Write it as images name it, without scheme and path, such as docker.io or registry.example:5000",
        )
    return text.lower()


def suffix(text: str) -> str:
    """Return the part that the login servers of a cloud end in, without a leading dot."""
    text = words(text)
    if not _HOST.fullmatch(text):
        raise Refused(f"{quoted(text)} is not a domain", "Write it without a leading dot, such as azurecr.io")
    return text.lower()


def https(text: str) -> str:
    """Return an https address without a trailing slash."""
    text = words(text)
    try:
        parts = urlsplit(text)
        fits = parts.scheme == "https" and parts.hostname and parts.port != 0
        bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        fits = bare = False
    if not fits or not bare:
        raise Refused(
            f"{quoted(text)} is not an https address of an endpoint",
            "Write https:// and the host, without user name and query",
        )
    return text.rstrip("/")


def cloud_name(text: str) -> Cloud:
    """Return the cloud of that name, compared without case."""
    for name, cloud in CLOUDS.items():
        if name.casefold() == text.strip().casefold():
            return cloud
    raise Refused(
        f"{quoted(text)} is not a known cloud",
        f"Write one of: {', '.join(CLOUDS)}, or a mapping with the endpoints of another",
    )


def age(text: str) -> timedelta:
    """Return a span of time: 90m, 24h, 7d."""
    found = _AGE.fullmatch(words(text))
    if not found or not int(found[1]):
        raise Refused(f"{quoted(text)} is not a span of time", "Write minutes, hours or days, such as 90m, 24h or 7d")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def day(text: str) -> date:
    """Return a date in ISO format."""
    try:
        if _DATE.fullmatch(words(text)):
            return date.fromisoformat(words(text))
    except ValueError:
        pass
    raise Refused(f"{quoted(text)} is not a date", "Write year, month and day, such as 2026-12-31")
