"""Whether the service principal whose login stands in a pull secret can sign in, and may pull."""

from __future__ import annotations

from collections.abc import Callable

from pullready.errors import FactUnavailable
from pullready.facts.base import Fact
from pullready.facts.graph import Entity, Secret, Validity, only, registered
from pullready.facts.keyed import are_equal
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.service_accounts import Login
from pullready.predicates.carried_pull import carried_pull, pull_missing
from pullready.verdict import Clear, Evidence, Found, Judgement, Severity


def judge_principal(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge the *login* of a service principal, whose client id is the *user*.

    What Microsoft Graph answers of each of its secrets is the first characters, so that one with others, or that is not
    valid, can be told not to be the one in the pull secret; that it is the very one cannot be proven.
    """
    client = login.client_id or ""
    principal = used.principal(client)
    if principal is None:
        return _missing(used, client, user)
    if principal.wire.accountEnabled is False:
        return Found(
            used.subject,
            observed=f"the service principal {client} is disabled",
            expected="the service principal in a pull secret may sign in",
            remedy=f"az ad sp update --id {principal.id} --set accountEnabled=true",
            evidence=(user, principal.evidence("/accountEnabled", "may the principal sign in")),
        )
    signed_in = _judge_secrets(used, login, principal, user)
    if isinstance(signed_in, Found) and signed_in.severity is None:
        return signed_in
    return _judge_right(used, principal, client, signed_in)


def _judge_right(used: SecretLogin, principal: Entity, client: str, signed_in: Judgement) -> Judgement:
    """Return *signed_in*, or that the principal, who can sign in, may not pull."""
    right = used.right_of(principal, client)
    carried = carried_pull(right)
    if isinstance(carried, FactUnavailable):
        raise carried
    if carried is None:
        return pull_missing(used.subject, right)
    if isinstance(signed_in, Clear):
        _ = principal.is_enabled  # unknown where Graph does not say
        return Clear(used.subject, (*signed_in.evidence, *carried))
    return signed_in


def _missing(used: SecretLogin, client: str, user: Evidence) -> Judgement:
    """Judge a principal that the tenant does not have: it may be another tenant's, unless its application is here."""
    applications = used.applications(client)
    nobody = Fact(used.principals(client), "").evidence("/value", "no service principal has the client id")
    application = only(applications)
    if application is None:
        raise FactUnavailable(
            f"the tenant has no service principal {client}: it was deleted, or is one of another tenant",
            f"Look in the tenant that it belongs to: az ad sp show --id {client}",
            document=nobody.document,
            pointer=nobody.pointer,
        )
    return Found(
        used.subject,
        observed=f"the service principal {client} does not exist, and its application does",
        expected="the service principal in a pull secret exists",
        remedy=f"az ad sp create --id {client}, and assign its role anew",
        evidence=(user, nobody, application.evidence("/id", "its application")),
    )


def _judge_secrets(used: SecretLogin, login: Login, principal: Entity, user: Evidence) -> Judgement:
    """Judge which of the secrets of service principal and application together may be the one in the pull secret."""
    secrets, unseen = _known(used, login, principal)
    fitting = [(one, are_equal(one.wire.keyedHint or None, login.keyedHint)) for one in secrets]
    possible = [one for one, fits in fitting if fits is not False]
    known = Validity.among(possible, used.now)
    obstacles = (*unseen, *known.obstacles)
    if not known.valid:
        if obstacles:
            raise obstacles[0]
        return _expired(used, login, user, possible) if possible else _none_fits(used, login, user, secrets)
    valid = list(known.valid)
    others = [one for one in possible if one not in valid]
    if others or obstacles:
        valid = [one for one, fits in fitting if fits and one in valid]
        if not valid or any(fits for one, fits in fitting if one in others):
            raise next(iter(obstacles), _which(used, login, known.valid[0]))
    return _lasting(used, login, user, principal, valid)


def _known(used: SecretLogin, login: Login, principal: Entity) -> tuple[list[Secret], list[FactUnavailable]]:
    """Return the secrets of service principal and application, and why others could not be seen."""
    client = login.client_id or ""
    secrets: list[Secret] = []
    unseen: list[FactUnavailable] = []
    owners: tuple[Callable[[], Entity], ...] = (
        lambda: principal,
        lambda: registered(used.applications(client), client),
    )
    for owner in owners:
        try:
            secrets.extend(owner().secrets)
        except FactUnavailable as why:
            unseen.append(why)
    return secrets, unseen


def _which(used: SecretLogin, login: Login, valid: Secret) -> FactUnavailable:
    return FactUnavailable(
        f"some secrets of {login.client_id} are valid and others are not, and which of them is in "
        f"Secret {'/'.join(used.key)} cannot be told",
        f"Remove those that are not valid: az ad app credential delete --id {login.client_id} --key-id KEY; "
        f"or {_reset(used, login)}",
        document=valid.document.id,
        pointer=valid.base,
    )


def _none_fits(used: SecretLogin, login: Login, user: Evidence, secrets: list[Secret]) -> Found:
    """Return that no secret is left, or that each begins with other characters than the one in the pull secret."""
    client = login.client_id
    observed = (
        f"every secret of {client} begins with other characters than the password that is in the pull secret"
        if secrets
        else f"{client} has no secret at all"
    )
    there = (one.evidence("/keyId", "a secret that there is") for one in secrets)
    return _unusable(used, login, observed, (user, *there))


def _expired(used: SecretLogin, login: Login, user: Evidence, secrets: list[Secret]) -> Found:
    moment = f"{used.now:%Y-%m-%d %H:%M} UTC"
    observed = f"no secret of {login.client_id} that may be in the pull secret is valid at {moment}"
    ends = (one.evidence("/endDateTime", "when it ends") for one in secrets)
    return _unusable(used, login, observed, (user, *ends))


def _unusable(used: SecretLogin, login: Login, observed: str, evidence: tuple[Evidence, ...]) -> Found:
    return Found(
        used.subject,
        observed=observed,
        expected="the pull secret holds a secret of its service principal that is valid",
        remedy=_reset(used, login),
        evidence=evidence,
    )


def _lasting(used: SecretLogin, login: Login, user: Evidence, principal: Entity, valid: list[Secret]) -> Judgement:
    lasting = [one for one in valid if one.end > used.now + used.warning]
    if lasting:
        enabled = principal.evidence("/accountEnabled", "the principal may sign in")
        caveat = "a secret is valid until then; that it is the one in the pull secret, Graph cannot prove"
        return Clear(used.subject, (user, enabled, *(one.evidence("/endDateTime", caveat) for one in lasting)))
    last = max(valid, key=lambda one: one.end)
    return Found(
        used.subject,
        observed=f"the last secret of {login.client_id} that may be in the pull secret ends at "
        f"{last.end:%Y-%m-%d %H:%M} UTC",
        expected=f"a secret lasts for more than {used.warning.days} days",
        remedy=_reset(used, login),
        evidence=(user, last.evidence("/endDateTime", "when the secret ends")),
        severity=Severity.RISK,
    )


def _reset(used: SecretLogin, login: Login) -> str:
    namespace, name = used.key
    return (
        f"az ad sp credential reset --id {login.client_id} --append, then kubectl create secret docker-registry {name} "
        f"--namespace {namespace} --docker-server {used.right.registry.subject} "
        f"--docker-username {login.client_id} --docker-password PASSWORD --dry-run=client --output yaml | "
        "kubectl apply --filename -"
    )
