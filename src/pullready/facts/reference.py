"""Image references, read by the rules that container runtimes share.

Source: https://github.com/distribution/reference (grammar in reference.go, Docker Hub's short names in normalize.go)
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

HUB: Final = "docker.io"
_HUB_NAMESPACE: Final = "library/"
_HUB_ALIAS: Final = "index.docker.io"
_LONGEST_REPOSITORY: Final = 255
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
#: What is no host by the grammar and passes all the same, for it may be the first part of a path: my_registry.example.
_LIKE_A_HOST: Final = re.compile(_COMPONENT)
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ALGORITHM: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*")
_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NO_PORT: Final = re.compile(r":(?![0-9]*\Z)")
#: What renderers replace: {{ .Values.x }}, {% x %}, <% x %>, ${X}, $(X), $X, #{X}#, <x>, @@X@@, __X__.
_PLACEHOLDER: Final = re.compile(r"\{\{|\{%|[$<>]|#\{|@@|__[A-Z][A-Z0-9_]*__")
_DIGEST_TAIL: Final = re.compile(r"@sha(?:256|384|512):[^@/]*\Z")


class ImageReference(msgspec.Struct, frozen=True):
    """A well-formed reference. ``host`` is in lower case, with its port; neither tag nor digest means ``latest``."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{self._version}"

    @property
    def _version(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


class InvalidReference(msgspec.Struct, frozen=True):
    """Why a text is no reference; a node refuses it before it asks any registry (``InvalidImageName``)."""

    reason: str


def parse(text: str) -> ImageReference | InvalidReference:
    """Read *text* as a container runtime does."""
    reason = _unusable(text)
    if reason:
        return InvalidReference(reason)
    host, rest = _split_host(text)
    rest, at, digest = rest.partition("@")
    if at and (reason := _unusable_digest(digest)):
        return InvalidReference(reason)
    repository, colon, tag = rest.partition(":")
    if host == HUB and "/" not in repository:
        repository = _HUB_NAMESPACE + repository
    if not _HOST.fullmatch(host) and not _LIKE_A_HOST.fullmatch(host):
        return InvalidReference("the host before the first slash is malformed")
    if reason := _unusable_repository(repository.removeprefix(_HUB_NAMESPACE), len(repository)):
        return InvalidReference(reason)
    if colon and not _TAG.fullmatch(tag):
        return InvalidReference("the tag is not 1 to 128 letters, digits, dots, dashes and underscores")
    return ImageReference(host.lower(), repository, tag if colon else None, digest if at else None)


def without_user_info(text: str) -> str:
    """Return *text* with ``***`` for the user name and password in it, be it a reference or a URL."""
    digest = _DIGEST_TAIL.search(text)
    rest, tail = (text[: digest.start()], digest[0]) if digest else (text, "")
    scheme = match[0] if (match := _SCHEME.match(rest)) else ""
    rest = rest[len(scheme) :]
    first = rest.partition("/")[0]
    # Behind the first slash an @ is a slip in a reference, unless a password has a slash in it.
    if "@" in rest and (scheme or "@" in first or _NO_PORT.search(first)):
        rest = "***@" + rest.rpartition("@")[2]
    return scheme + rest + tail


def has_placeholder(text: str) -> bool:
    """Say whether something in *text* is still to be filled in; none of its signs may stand in a name or reference."""
    return _PLACEHOLDER.search(text) is not None


def _unusable(text: str) -> str | None:
    if not text:
        return "the reference is empty"
    if text != text.strip():
        return "white space stands before or behind the reference"
    if "://" in text:
        return "a reference has no scheme such as https://"
    if _IDENTIFIER.fullmatch(text):
        return "64 hexadecimal digits are an image's id, which no registry knows"
    return None


def _split_host(text: str) -> tuple[str, str]:
    """Split at the first slash if what stands before it can only be a host; elsewhere the host is Docker Hub's."""
    first, slash, rest = text.partition("/")
    is_host = any(sign in first for sign in ".:") or first == "localhost" or first != first.lower()
    if not slash or not is_host:
        return HUB, text
    return (HUB if first == _HUB_ALIAS else first), rest


def _unusable_repository(path: str, length: int) -> str | None:
    if not path:
        return "no repository is named"
    if path != path.lower():
        return "the repository has upper-case letters"
    if not _REPOSITORY.fullmatch(path):
        return "the repository is not lower-case letters and digits, single separators (. _ __ -) and slashes"
    if length > _LONGEST_REPOSITORY:
        return f"the repository has {length} characters, and {_LONGEST_REPOSITORY} are allowed"
    return None


def _unusable_digest(digest: str) -> str | None:
    algorithm, _, value = digest.partition(":")
    if not _ALGORITHM.fullmatch(algorithm):
        return "the digest does not start with an algorithm such as sha256:"
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None:
        return "the digest's algorithm is none of sha256, sha384 and sha512"
    if not re.fullmatch(rf"[a-f0-9]{{{length}}}", value):
        return f"a {algorithm} digest has {length} hexadecimal digits in lower case"
    return None
