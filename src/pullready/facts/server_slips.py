"""What is wrong with a server in a pull secret that was meant for an image's registry, and does not cover it.

Sources: https://kubernetes.io/docs/concepts/containers/images/#config-json,
https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference and
https://kubernetes.io/docs/reference/kubectl/generated/kubectl_create/kubectl_create_secret_docker-registry/
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from pullready.facts.hosts import DOCKER_HUB
from pullready.facts.reference import ImageReference
from pullready.facts.registry import Registry
from pullready.facts.server_keys import covers, is_for_image, parts_of
from pullready.facts.service_accounts import Login, is_guid

#: What a path of Docker's own is where the slash behind it is missing.
_API_PATHS: Final = frozenset({"/v1", "/v2"})
#: What the domains of registries have in common in every cloud.
_DOMAIN: Final = "azurecr"


def slip_of(login: Login, image: ImageReference, registry: Registry) -> str | None:
    """Return what is wrong with the server of *login*; none where it covers *image*, or is not for *registry*."""
    server = login.server
    if is_for_image(server, image.host, image.repository):
        return None
    scheme, rest, behind = server.partition("://")
    if rest and scheme not in {"https", "http"}:
        is_meant = is_for_image(behind, image.host, image.repository)
        return f"kubelet knows no scheme {scheme}" if is_meant else None
    host, path = parts_of(server)
    if covers(host, image.host):
        return f"the path {path} has to end in a slash, or to be left out" if path in _API_PATHS else None
    return _of_host(host, login, image, registry)


def is_for_other_images(login: Login, image: ImageReference) -> bool:
    """Say whether the server of *login* is the image's, with the path of other images behind it."""
    host, path = parts_of(login.server)
    covered = is_for_image(login.server, image.host, image.repository)
    return covers(host, image.host) and path not in _API_PATHS and not covered


def _of_host(written: str, login: Login, image: ImageReference, registry: Registry) -> str | None:
    host, _, port = written.lower().partition(":")
    meant, _, port_of_image = image.host.partition(":")
    if host == meant and port == port_of_image:
        return "kubelet tells small letters from capital ones"
    if host == meant:
        return f"it has the port {port}" if port else f"it lacks the image's port {port_of_image}"
    if "*" in host and fnmatchcase(meant, host):
        return "each * stands within one of the parts between the dots, and the number of parts differs"
    return _of_name(host, login, meant, registry)


def _of_name(host: str, login: Login, meant: str, registry: Registry) -> str | None:
    label, _, domain = registry.subject.partition(".")
    names = {registry.name.lower(), label}
    if host in names:
        return f"it is the registry's name without {domain}"
    if host == domain:
        return "it names no registry"
    if _is_another_name(host, names):
        return f"the image is named by {meant}, and each name needs a key of its own"
    return _of_docker_hub(host, login, names)


def _is_another_name(host: str, names: set[str]) -> bool:
    """Say whether *host* is another name of the registry: regional, for DNS alone, of another cloud, with a label."""
    first, _, domain = host.partition(".")
    return (first in names or first.partition("-")[0] in names) and _DOMAIN in domain.split(".")


def _of_docker_hub(host: str, login: Login, names: set[str]) -> str | None:
    """Return that the server is the one that kubectl writes by itself; none where the user may be Docker Hub's."""
    user = (login.username or "").lower()
    if host not in DOCKER_HUB | {""} or not (is_guid(user) or user in names):
        return None
    return "it is Docker Hub's, which kubectl writes where --docker-server is left out, and the user is none of it"
