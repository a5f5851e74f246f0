"""For which images kubelet uses the login that stands in a pull secret under some server.

Source: https://kubernetes.io/docs/concepts/containers/images/#config-json
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

#: What Docker writes behind a server's host, and kubelet leaves out.
_API_VERSIONS: Final = ("/v1/", "/v2/")


def host_of(server: str) -> str:
    """Return the host in *server*, in lower case, maybe with a port."""
    return parts_of(server)[0].lower()


def is_for(server: str, host: str) -> bool:
    """Say whether a login to *server* may be for images of *host*: part by part, ``*`` for any characters."""
    return covers(host_of(server), host.lower())


def is_for_image(server: str, host: str, repository: str) -> bool:
    """Say whether kubelet uses a login to *server* for the image *repository* of *host*.

    A scheme does not count. A port has to be the image's own, and a path the beginning of the image's.
    """
    key, path = parts_of(server)
    return covers(key, host) and f"/{repository}".startswith(path)


def parts_of(server: str) -> tuple[str, str]:
    """Return host and path of *server*; the path is empty where there is none."""
    for scheme in ("https://", "http://"):
        server = server.removeprefix(scheme)
    host, slash, rest = server.partition("/")
    path = f"{slash}{rest}"
    if path.startswith(_API_VERSIONS):
        path = path[len("/v1") :]
    return host.rpartition("@")[2], "" if path == "/" else path


def covers(pattern: str, host: str) -> bool:
    """Say whether *pattern* covers *host*, both maybe with a port: part by part, letter by letter."""
    pattern, _, port = pattern.partition(":")
    host, _, port_of_image = host.partition(":")
    labels, parts = pattern.split("."), host.split(".")
    return port == port_of_image and len(labels) == len(parts) and all(map(fnmatchcase, parts, labels))
