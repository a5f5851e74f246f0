"""What a configuration is made of: targets, settings, waivers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from pullready.config.places import file_name


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoints of one Azure cloud. Suffixes have no leading dot; that of storage is not known of every cloud."""

    name: str
    authority: str
    resource_manager: str
    graph: str
    registry_suffix: str
    registry_audience: str
    instance_discovery: bool = True
    storage_suffix: str | None = None

    @property
    def private_zone(self) -> str:
        """The private DNS zone that registries' private endpoints use."""
        return f"privatelink.{self.registry_suffix}"


CLOUDS: Final = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "AzurePublic",
            "https://login.microsoftonline.com",
            "https://management.azure.com",
            "https://graph.microsoft.com",
            "azurecr.io",
            "https://containerregistry.azure.net",
            storage_suffix="core.windows.net",
        ),
        Cloud(
            "AzureUSGovernment",
            "https://login.microsoftonline.us",
            "https://management.usgovcloudapi.net",
            "https://graph.microsoft.us",
            "azurecr.us",
            "https://containerregistry.azure.us",
            storage_suffix="core.usgovcloudapi.net",
        ),
        Cloud(
            "AzureChina",
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
            "https://microsoftgraph.chinacloudapi.cn",
            "azurecr.cn",
            "https://containerregistry.azure.cn",
            storage_suffix="core.chinacloudapi.cn",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is judged together. ``file`` and ``line`` say where the cluster is named; ``name`` is unique in the run.

    ``registries`` holds names, login servers or resource ids. Paths in ``manifests`` are absolute, or ``-`` for stdin.
    """

    name: str
    cluster: str | None = None
    manifests: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    context: str | None = None
    tenant: str | None = None
    egress_addresses: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding or unknown: on *subject* of *check* (in *target*, else in all), up to and with *until*."""

    check: str
    subject: str
    reason: str
    owner: str
    until: date
    target: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every target of the run."""

    cloud: Cloud = CLOUDS["AzurePublic"]
    exclude: tuple[str, ...] = ()
    read_secrets: bool = False
    list_credentials: bool = False
    resource_graph: bool = False
    read_registries: bool = True
    fail_on: str = "blocker"
    expiry_warning_days: int = 30
    ignore_registries: tuple[str, ...] = ()
    snapshot_max_age: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole configuration. ``snapshot`` is an absolute path; ``file`` the configuration's own, where there is one.

    Without targets, they are those that the snapshot was taken of. The patterns in ``exclude`` are relative to
    ``folder``, an absolute path: that of the configuration's file, else the current one.
    """

    targets: tuple[Target, ...]
    settings: Settings = field(default_factory=Settings)
    snapshot: str | None = None
    waivers: tuple[Waiver, ...] = ()
    file: str | None = None
    folder: str | None = None


def digest(configuration: Configuration) -> str:
    """Return ``sha256:…`` over what the configuration says; where the files lie, and on which line, does not count."""
    content = {
        "targets": [_without_place(asdict(target)) for target in configuration.targets],
        "settings": asdict(configuration.settings),
        "snapshot": configuration.snapshot and file_name(Path(configuration.snapshot)),
        "waivers": [_without_place(asdict(waiver)) for waiver in configuration.waivers],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _without_place(content: dict[str, Any]) -> dict[str, Any]:
    """Return *content* without its file and line, and with the paths in it as reports name them."""
    kept = {key: value for key, value in content.items() if key not in {"file", "line"}}
    if "manifests" in kept:
        kept["manifests"] = [path if path == "-" else file_name(Path(path)) for path in kept["manifests"]]
    return kept
