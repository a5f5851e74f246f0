"""Prove, before a deployment, that an AKS cluster can pull the images its workloads name.

The names below are loaded on first use: the pytest plugin is imported in every test run of an installation, and must
cost nothing in those that are not ours.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pullready.spec import check, judge
    from pullready.verdict import Clear, Found, NotApplicable, Severity, Unknown

__version__ = "0.1.0"

__all__ = ["Clear", "Found", "NotApplicable", "Severity", "Unknown", "__version__", "check", "judge"]

if not TYPE_CHECKING:  # else any name would pass for one of this package

    def __getattr__(name: str) -> Any:
        """Import *name* from the module that has it."""
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module("pullready.spec" if name in {"check", "judge"} else "pullready.verdict"), name)
