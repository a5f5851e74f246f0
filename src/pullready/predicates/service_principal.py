"""Whether the service principal that a cluster was made with can still sign in."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts.base import Fact
from pullready.facts.graph import ClusterServicePrincipal, Entity, Secret, Validity, registered
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown


def service_principal_cannot_sign_in(signed_in: ClusterServicePrincipal) -> Iterator[Judgement]:
    """Yield one judgement: found where the principal is gone or disabled, or has no secret that is valid (for long)."""
    if signed_in.client_id is None:
        yield NotApplicable(signed_in.subject, "the cluster uses a managed identity", (signed_in.client_evidence,))
        return
    principal = signed_in.principal
    if principal is None:
        yield _settled(signed_in, _missing(signed_in))
    elif principal.wire.accountEnabled is False:
        yield _settled(signed_in, _disabled(signed_in, principal))
    else:
        yield _settled(signed_in, _judge_secrets(signed_in, principal))


def _judge_secrets(signed_in: ClusterServicePrincipal, principal: Entity) -> Judgement:
    """Judge the secrets of service principal and application together, for AKS may hold one of either."""
    known = Validity.of(principal, signed_in.now) + _of_application(signed_in)
    lasting = [secret for secret in known.valid if secret.end > signed_in.now + signed_in.warning]
    if lasting:
        _ = principal.is_enabled  # unknown where Graph does not say
        return Clear(signed_in.subject, _sound(signed_in, principal, lasting))
    if known.obstacles:
        raise known.obstacles[0]
    if known.valid:
        return _ending(signed_in, known.valid)
    return _expired(signed_in, principal)


def _of_application(signed_in: ClusterServicePrincipal) -> Validity:
    """Judge the application's secrets; without the application, say why nothing is known of them."""
    try:
        application = registered(signed_in.applications, str(signed_in.client_id))
    except FactUnavailable as why:
        return Validity((), (why,))
    return Validity.of(application, signed_in.now)


def _settled(signed_in: ClusterServicePrincipal, judgement: Judgement) -> Judgement:
    """Return *judgement*, but nothing is found on a cluster that is just being given another principal or secret."""
    if not (isinstance(judgement, Found) and signed_in.cluster.is_updating):
        return judgement
    state = signed_in.cluster.evidence("/properties/provisioningState", "the cluster is being changed")
    return Unknown(
        signed_in.subject,
        f"the cluster is being changed, and at the moment {judgement.observed}",
        "Wait until its provisioning state is Succeeded, then judge again",
        (state, *judgement.evidence),
    )


def _missing(signed_in: ClusterServicePrincipal) -> Found:
    nobody = Fact(signed_in.principals, "").evidence("/value", "no service principal has the client id")
    return Found(
        signed_in.subject,
        observed=f"the service principal {signed_in.client_id} does not exist",
        expected="the cluster's service principal exists",
        remedy=f"az ad sp create --id {signed_in.client_id} if its application still exists, and assign its roles "
        f"anew; {_with_new_secret(signed_in)}",
        evidence=(signed_in.client_evidence, nobody),
    )


def _disabled(signed_in: ClusterServicePrincipal, principal: Entity) -> Found:
    return Found(
        signed_in.subject,
        observed=f"the service principal {signed_in.client_id} is disabled",
        expected="the cluster's service principal may sign in",
        remedy=f"az ad sp update --id {principal.id} --set accountEnabled=true",
        evidence=(signed_in.client_evidence, principal.evidence("/accountEnabled", "may the principal sign in")),
    )


def _expired(signed_in: ClusterServicePrincipal, principal: Entity) -> Found:
    owners = filter(None, (principal, signed_in.application))
    return Found(
        signed_in.subject,
        observed=f"no secret of {signed_in.client_id} is valid at {signed_in.now:%Y-%m-%d %H:%M} UTC",
        expected="the secret that the cluster signs in with is valid",
        remedy=_with_new_secret(signed_in),
        evidence=(
            signed_in.client_evidence,
            *(owner.evidence("/passwordCredentials", "every secret there is") for owner in owners),
        ),
    )


def _ending(signed_in: ClusterServicePrincipal, valid: tuple[Secret, ...]) -> Found:
    last = max(valid, key=lambda secret: secret.end)
    return Found(
        signed_in.subject,
        observed=f"the last secret of {signed_in.client_id} that is valid ends at {last.end:%Y-%m-%d %H:%M} UTC",
        expected=f"a secret lasts for more than {signed_in.warning.days} days",
        remedy=_with_new_secret(signed_in),
        evidence=(signed_in.client_evidence, last.evidence("/endDateTime", "when the secret ends")),
        severity=Severity.RISK,
    )


def _sound(signed_in: ClusterServicePrincipal, principal: Entity, lasting: list[Secret]) -> tuple[Evidence, ...]:
    caveat = "a secret is valid until then; which of the secrets the cluster holds, Graph cannot tell"
    return (
        signed_in.client_evidence,
        principal.evidence("/accountEnabled", "the principal may sign in"),
        *(secret.evidence("/endDateTime", caveat) for secret in lasting),
    )


def _with_new_secret(signed_in: ClusterServicePrincipal) -> str:
    cluster = signed_in.cluster
    return (
        f"az ad app credential reset --id {signed_in.client_id} --append, then "
        f"az aks update-credentials --name {cluster.name} --resource-group {cluster.resource_group} "
        f"--reset-service-principal --service-principal {signed_in.client_id} --client-secret SECRET; better: "
        f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} --enable-managed-identity"
    )
