"""Faults of the host in an image reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from pullready.facts.hosts import (
    CLOSED,
    DOCKER_HUB,
    HTTPS,
    DataEndpoint,
    Elsewhere,
    LoginServer,
    Malformed,
    Microsofts,
    Misspelt,
    OtherCloud,
    Ported,
    PrivateLinkName,
)
from pullready.facts.known_hosts import REGIONAL_ENDPOINTS, Configured, ImageRegistry, InReach, OutOfReach
from pullready.facts.registry import Registry
from pullready.facts.spelling import nearest
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

#: How long the hash of a domain name label is in every login server that was seen.
HASH_LENGTH: Final = 16


def registry_unknown(image: ImageRegistry) -> Iterator[Judgement]:
    """Yield whether the registry that *image* names exists, as far as its spelling and what could be read tell."""
    if image.is_ignored:
        reason = f"{image.host} is declared out of scope by ignore-registries"
        yield NotApplicable(image.subject, reason, (image.names(),))
    else:
        yield _by_form(image)


def _by_form(image: ImageRegistry) -> Judgement:
    match image.form:
        case LoginServer() as server:
            return _login_server(image, server)
        case Malformed(why):
            return _malformed(image, why)
        case OtherCloud() | PrivateLinkName() as form:
            return _fault_of_its_own(image, form)
        case Microsofts() | Elsewhere() as form:
            return _elsewhere(image, form)
        case form:
            return _no_login_server(image, form)


def _no_login_server(image: ImageRegistry, form: DataEndpoint | Misspelt | Ported) -> Judgement:
    match form:
        case Misspelt(meant):
            expected = f"a host in {image.cloud.registry_suffix}"
            return _found(image, f"{image.host} is no registry of Azure, and {meant} is one slip away", expected, meant)
        case DataEndpoint(meant):
            return _found(image, f"{image.host} is a data endpoint: it serves layers only", "a login server", meant)
        case Ported(port, meant) if port != HTTPS:
            return _found(image, f"no Azure container registry answers on port {port}", "a host without a port", meant)
        case Ported(_, meant):
            return _not_judged(image, f"whether credentials match {image.host}, with its port, is not judged", meant)


def _login_server(image: ImageRegistry, server: LoginServer) -> Judgement:
    match image.standing:
        case InReach() as reached if server.region:
            return _regional(image, server, reached)
        case InReach(registry):
            said = "the login server of a registry that can be read"
            return Clear(image.subject, (registry.evidence("/properties/loginServer", said),))
        case OutOfReach(namesake=Registry() as registry):
            return _labelled(image, registry.login_server)
        case OutOfReach() as nowhere:
            return _out_of_reach(image, server, nowhere)
        case Configured() as configured:
            return _without_cluster(image, server, configured)


def _labelled(image: ImageRegistry, host: str) -> NotApplicable:
    return _judged_by(image, f"the registry of that name is {host}", "dnl-login-server-mismatch")


def _malformed(image: ImageRegistry, why: str, meant: str | None = None) -> Found:
    expected = f"REGISTRY.{image.cloud.registry_suffix}, and a registry's name has 5 to 50 letters and digits"
    return _found(image, why, expected, meant)


def _regional(image: ImageRegistry, server: LoginServer, reached: InReach) -> Judgement:
    names = reached.registry.evidence(REGIONAL_ENDPOINTS, "the regional endpoints of the registry")
    if reached.answers_at(image.host):
        return Clear(image.subject, (names,))
    return Unknown(
        image.subject,
        f"whether {reached.registry.subject} has an endpoint of its own in {server.region} was not read",
        f"Compare with az acr show-endpoints --name {server.name}, or name the image by {server.host}",
        (names,),
    )


def _out_of_reach(image: ImageRegistry, server: LoginServer, nowhere: OutOfReach) -> Judgement:
    name = server.name
    meant = nearest(server.host, nowhere.readable)
    if not server.is_nameable:
        return _malformed(image, _length(server), meant)
    if server.hash:
        return _unseen(image, meant, f"no registry that can be read is {server.host}, and Azure is asked for no others")
    answer = nowhere.availability(name)
    said = answer.evidence("/nameAvailable", f"Azure's answer to whether the name {name} is free")
    if answer.is_free:
        return _found(
            image, f"nobody has a registry {name} in {image.cloud.name}", "a registry that exists", meant, said
        )
    return _unseen(
        image, meant, f"the name {name} is taken: this run cannot read the registry, or it was deleted", said
    )


def _unseen(image: ImageRegistry, meant: str | None, reason: str, *more: Evidence) -> Unknown:
    return Unknown(
        image.subject,
        reason,
        ("" if meant is None else f"Did you mean {meant}? If not: ")
        + "Name it by its resource id under registries: in pullready.yaml, or list its host under ignore-registries: "
        "if it is another publisher's",
        (image.names(), *more),
    )


def _without_cluster(image: ImageRegistry, server: LoginServer, configured: Configured) -> Judgement:
    if server.host in configured.hosts:
        return Clear(image.subject, (image.use.evidence("", "a registry that the configuration names"),))
    if host := configured.labelled(server):
        return _labelled(image, host)
    return _by_spelling(image, server, nearest(server.host, configured.hosts))


def _by_spelling(image: ImageRegistry, server: LoginServer, meant: str | None) -> Judgement:
    if meant is not None:
        observed = f"the configuration names {meant}, and not {server.host}"
        return _found(image, observed, "a registry that the configuration names", meant)
    if not server.is_nameable:
        # Azure was not asked, and its rule may be younger than the registry.
        return replace(_malformed(image, _length(server)), severity=Severity.RISK)
    if server.hash and len(server.hash) != HASH_LENGTH:
        reason = f"a registry's name has no dash, and {server.hash} may not be the hash of a domain name label"
        return _not_judged(image, reason, "the login server: az acr list --query [].loginServer")
    said = f"has the form of a registry of {image.cloud.name}; without a cluster, whether it exists is not judged"
    return Clear(image.subject, (image.use.evidence("", said),))


def _length(server: LoginServer) -> str:
    return f"{server.name} has {len(server.name)} characters"


def _fault_of_its_own(image: ImageRegistry, form: OtherCloud | PrivateLinkName) -> Judgement:
    if isinstance(form, PrivateLinkName):
        return _judged_by(image, f"{image.host} is a name of private link", "image-uses-privatelink-hostname")
    login = image.login if form.suffix != CLOSED else None
    if login is None:
        return _judged_by(image, f"{form.suffix} is another Azure cloud's", "cloud-suffix-mismatch")
    return Unknown(
        image.subject,
        f"{image.host} is in another cloud, of which nothing is read: neither the registry nor the way there",
        f"List {image.host} under ignore-registries: in pullready.yaml, once the image was pulled from there",
        (image.names(), login),
    )


def _judged_by(image: ImageRegistry, reason: str, check: str) -> NotApplicable:
    return NotApplicable(image.subject, f"{reason}; {check} judges that", (image.names(),))


def _elsewhere(image: ImageRegistry, form: Microsofts | Elsewhere) -> Judgement:
    if isinstance(form, Microsofts):
        return NotApplicable(image.subject, f"{image.host} is Microsoft's own public registry", (image.names(),))
    short = " (a name without a host is Docker Hub's)" if image.host in DOCKER_HUB else ""
    return Unknown(
        image.subject,
        f"{image.host} is no Azure container registry{short}, and nothing is judged about it",
        "Correct the reference if the image is in a registry of yours, "
        f"else list {image.host} under ignore-registries: in pullready.yaml",
        (image.use.evidence("", f"stands for {image.reference}"),),
    )


def _not_judged(image: ImageRegistry, reason: str, meant: str, *more: Evidence) -> Unknown:
    evidence = (image.names(), *more)
    return Unknown(image.subject, reason, f"Name the image by {meant}", evidence)


def _found(image: ImageRegistry, observed: str, expected: str, meant: str | None, *more: Evidence) -> Found:
    remedy = f"Did you mean {meant}/{image.reference.repository}?" if meant else "Correct the host."
    return Found(
        image.subject,
        observed,
        expected,
        f"{remedy} The right hosts: az acr list --query [].loginServer",
        (image.names(), *more),
    )
