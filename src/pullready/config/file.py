"""Reading ``pullready.yaml``: every entry is looked at, and all that is wrong with the file is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pullready import yaml
from pullready.config import values
from pullready.config.entries import Entry, Source
from pullready.config.model import CLOUDS, Cloud, Configuration, Settings, Waiver
from pullready.config.names import named, unknown_targets, waivers_for
from pullready.config.places import absolute, file_name
from pullready.config.targets import TARGET_KEYS, read_targets
from pullready.errors import InputError, together

KEYS: Final = (
    "targets",
    *TARGET_KEYS,
    "snapshot",
    "snapshot-max-age",
    "exclude",
    "read-secrets",
    "list-credentials",
    "resource-graph",
    "read-registries",
    "fail-on",
    "expiry-warning-days",
    "ignore-registries",
    "cloud",
    "waivers",
)
CLOUD_KEYS: Final = ("authority", "resource-manager", "graph", "registry-suffix", "registry-audience")
_SUFFIXES: Final = ("registry-suffix", "storage-suffix")
WAIVER_REQUIRED: Final = ("check", "subject", "reason", "owner", "until")
WAIVER_KEYS: Final = (*WAIVER_REQUIRED, "target")
FAIL_ON: Final = ("blocker", "risk", "advice")
MOST_DAYS: Final = 3650


def load(path: Path) -> Configuration:
    """Read the configuration file at *path*; raise :class:`InputError` with everything that is wrong with it.

    A file may leave the targets to the options. Paths in it are relative to its folder.
    """
    path = absolute(path)
    document = _document(path, file_name(path))
    source = Source(file_name(path), document.lines)
    made = _configuration(Entry(document.value, "pullready.yaml", "", source), path.parent)
    source.raise_problems()
    targets = named(made.targets)
    if targets and (unknown := unknown_targets(made.waivers, targets)):
        raise together(unknown)
    return replace(
        made,
        targets=targets,
        waivers=waivers_for(made.waivers, targets),
        file=source.file,
        folder=str(path.parent),
    )


def _document(path: Path, name: str) -> yaml.YamlDocument:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the configuration cannot be read: {error.strerror}",
            "Name an existing file with --pullready-config",
            file=name,
        ) from error
    return yaml.read_mapping(content, name)


def _configuration(top: Entry, folder: Path) -> Configuration:
    entries = top.mapping(KEYS) or {}
    cloud = _cloud(entries["cloud"]) if "cloud" in entries else CLOUDS["AzurePublic"]
    snapshot = entries["snapshot"].text(values.path(folder)) if "snapshot" in entries else None
    return Configuration(
        targets=read_targets(entries, folder, cloud),
        settings=_settings(entries, cloud),
        snapshot=snapshot,
        waivers=tuple(_waivers(entries["waivers"])) if "waivers" in entries else (),
    )


def _settings(entries: Mapping[str, Entry], cloud: Cloud | None) -> Settings:
    readers: dict[str, Callable[[Entry], Any]] = {
        "snapshot-max-age": lambda entry: entry.text(values.age),
        "exclude": lambda entry: entry.texts(values.words),
        "read-secrets": Entry.flag,
        "list-credentials": Entry.flag,
        "resource-graph": Entry.flag,
        "read-registries": Entry.flag,
        "fail-on": lambda entry: entry.text(values.one_of(*FAIL_ON)),
        "expiry-warning-days": lambda entry: entry.number(MOST_DAYS),
        "ignore-registries": lambda entry: entry.texts(values.host),
    }
    read: dict[str, Any] = {key: reader(entries[key]) for key, reader in readers.items() if key in entries}
    read["cloud"] = cloud
    return Settings(**{key.replace("-", "_"): value for key, value in read.items() if value is not None})


def _cloud(entry: Entry) -> Cloud | None:
    """Return the cloud that is named, or the one whose endpoints are; none where they will not do."""
    if not isinstance(entry.value, dict):
        return entry.text(values.cloud_name)
    entries = entry.mapping((*CLOUD_KEYS, "storage-suffix"), required=CLOUD_KEYS) or {}
    read = {key: inner.text(values.suffix if key in _SUFFIXES else values.https) for key, inner in entries.items()}
    endpoints = {key.replace("-", "_"): value for key, value in read.items() if value is not None}
    if any(key not in read or read[key] is None for key in (*CLOUD_KEYS, *entries)):
        return None
    return Cloud(name="custom", instance_discovery=False, **endpoints)


def _waivers(entry: Entry) -> Iterator[Waiver]:
    for item in entry.items():
        entries = item.mapping(WAIVER_KEYS, required=WAIVER_REQUIRED) or {}
        until = entries["until"].text(values.day) if "until" in entries else None
        texts = {key: inner.text(values.words) for key, inner in entries.items() if key != "until"}
        read: dict[str, Any] = {key: text for key, text in texts.items() if text is not None}
        if until and all(key in read for key in WAIVER_REQUIRED if key != "until"):
            yield Waiver(**read, until=until, file=item.source.file, line=item.line)
