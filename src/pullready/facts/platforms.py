"""Platforms that images are built for, and the nodes that containerd takes them to.

Source: https://github.com/containerd/platforms (``normalizeArch`` in database.go, ``platformVector`` in compare.go)
"""

from __future__ import annotations

from typing import Final

import msgspec

from pullready.facts.pool_labels import LINUX
from pullready.facts.scheduling import Truth

AMD64: Final = "amd64"
ARM64: Final = "arm64"
#: What attestations have in an index instead of a platform.
#: Source: https://docs.docker.com/build/metadata/attestations/attestation-storage/
_NO_PLATFORM: Final = "unknown"
_SPELLINGS: Final = {"x86_64": AMD64, "x86-64": AMD64, "aarch64": ARM64, "i386": "386"}
#: The variants that every processor of an architecture has; elsewhere the variant counts.
_PLAIN: Final = {AMD64: frozenset({"", "v1"}), ARM64: frozenset({"", "8", "v8", "v8.0"}), "386": frozenset({""})}


class Platform(msgspec.Struct, frozen=True):
    """An operating system and a processor's architecture, in containerd's spelling; empty: any variant of it.

    ``version`` is ``os.version``, which only Windows has; empty: none is named.
    """

    os: str
    architecture: str
    variant: str = ""
    version: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def is_real(self) -> bool:
        """Whether something can run on it; what only describes an image has no platform."""
        return _NO_PLATFORM not in {self.os, self.architecture}

    def runs_on(self, os: str, architecture: str) -> Truth:
        """Say whether containerd takes it for a node of *os* and *architecture*, and the node's processor runs it.

        A node of ``amd64`` takes ``386`` as well. Which later variants a processor has, and whether one of ``arm64``
        runs the 32-bit ``arm`` that containerd takes for it, is not decidable.
        """
        if self.os != os:
            return False
        if self.architecture == architecture or (os, self.architecture, architecture) == (LINUX, "386", AMD64):
            return True if self.variant in _PLAIN.get(self.architecture, {""}) else None
        return None if (self.architecture, architecture) == ("arm", ARM64) else False


def platform(os: str, architecture: str, variant: str = "", version: str = "") -> Platform:
    """Return the platform in containerd's spelling: without case, and without a variant that says nothing."""
    known = _SPELLINGS.get(architecture.lower(), architecture.lower())
    plain = variant.lower() in _PLAIN.get(known, {""})
    return Platform(os.lower(), known, "" if plain else variant.lower(), version)
