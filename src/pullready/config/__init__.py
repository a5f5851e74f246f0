"""What to prove: the targets and the settings of a run, from ``pullready.yaml`` and the options."""

from __future__ import annotations

from pullready.config.file import load
from pullready.config.model import CLOUDS, Cloud, Configuration, Settings, Target, Waiver, digest
from pullready.config.names import targets_from, unknown_checks, waivers_for
from pullready.config.options import Options, resolve
from pullready.config.places import file_name

__all__ = [
    "CLOUDS",
    "Cloud",
    "Configuration",
    "Options",
    "Settings",
    "Target",
    "Waiver",
    "digest",
    "file_name",
    "load",
    "resolve",
    "targets_from",
    "unknown_checks",
    "waivers_for",
]
