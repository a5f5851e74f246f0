"""Images that name a registry by another host than its login server."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts.hosts import LoginServer
from pullready.facts.known_hosts import Configured, ImageRegistry, InReach, OutOfReach
from pullready.facts.registry import Registry
from pullready.predicates.image_host import beside
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown

_EXPECTED = "the registry's login server, as Azure says it, and not its name"


def host_without_label(image: ImageRegistry) -> Iterator[Judgement]:
    """Yield whether *image* has the login server of the registry that it names, domain name label included."""
    match image.form:
        case _ if (other := beside(image)) is not None:
            yield other
        case LoginServer() as server:
            yield _login_server(image, server)
        case _:
            reason = f"{image.host} has not the form of a login server, which other checks judge"
            yield NotApplicable(image.subject, reason, (image.names(),))


def _login_server(image: ImageRegistry, server: LoginServer) -> Judgement:
    match image.standing:
        case InReach(registry):
            return Clear(image.subject, (image.names(), _named(registry)))
        case OutOfReach(namesake=Registry() as registry) as nowhere:
            return _another(image, server, nowhere, registry)
        case OutOfReach():
            reason = f"no registry that can be read has the name {server.name}"
            return NotApplicable(image.subject, reason, (image.names(),))
        case Configured() as configured if host := configured.labelled(server):
            return _found(image, host, f"the configuration names {host}, and not {server.host}")
        case Configured():
            reason = "no cluster is given, so no registry was read, and none that is configured has another host"
            return NotApplicable(image.subject, reason, (image.names(),))


def _another(image: ImageRegistry, server: LoginServer, nowhere: OutOfReach, registry: Registry) -> Judgement:
    """Judge a host whose name a registry has that answers under another; names are unique with their label alone."""
    meant = registry.login_server
    if server.hash:
        reason = f"the registry {registry.name} is {meant}; one of another subscription may be {server.host}"
        return _unknown(image, meant, reason, _named(registry))
    answer = nowhere.availability(server.name)
    said = answer.evidence("/nameAvailable", f"Azure's answer to whether the name {server.name} is free")
    if answer.is_free:
        observed = f"nobody has {server.host}: the login server of the registry {registry.name} is {meant}"
        return _found(image, meant, observed, _named(registry), said)
    reason = f"the registry {registry.name} is {meant}; {server.host} is taken, by a registry that this run cannot read"
    return _unknown(image, meant, reason, _named(registry), said)


def _named(registry: Registry) -> Evidence:
    return registry.evidence("/properties/loginServer", f"the login server of the registry {registry.name}")


def _found(image: ImageRegistry, meant: str, observed: str, *more: Evidence) -> Found:
    remedy = f"Name the image by {meant}/{image.reference.repository}. The right hosts: az acr list --query"
    return Found(image.subject, observed, _EXPECTED, f"{remedy} [].loginServer", (image.names(), *more))


def _unknown(image: ImageRegistry, meant: str, reason: str, *more: Evidence) -> Unknown:
    return Unknown(
        image.subject,
        reason,
        f"Name the image by {meant}/{image.reference.repository} if that is meant. If not: Name the registry by its "
        "resource id under registries: in pullready.yaml, or list its host under ignore-registries: if it is another "
        "publisher's",
        (image.names(), *more),
    )
