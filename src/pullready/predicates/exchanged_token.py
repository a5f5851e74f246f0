"""Whether the token of a sign-in that stands in a pull secret still counts, and whether something renews it."""

from __future__ import annotations

from pullready.errors import FactUnavailable
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.service_accounts import Login
from pullready.verdict import Clear, Evidence, Found, Judgement, Severity


def judge_token(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge the *login* by a token that a registry gave for a sign-in, which it takes for three hours.

    One that nothing renews is a risk even while it counts.
    """
    ends = used.secret.expiry_of(login)
    if ends is None:
        raise FactUnavailable(
            f"when the token in {used.secret.subject} expires cannot be read; az acr login gives it for three hours",
            _instead(used),
            document=user.document,
            pointer=user.pointer,
        )
    when, expires = ends
    text = f"{when:%Y-%m-%d %H:%M} UTC"
    if when <= used.now:
        return _found(used, f"the token in the pull secret expired at {text}", (user, expires))
    if login.token and login.token.audience == "other":
        return _found(
            used, f"the token in the pull secret was given by another registry than {login.server}", (user, expires)
        )
    renewed = used.secret.renewed_by
    if renewed:
        return Clear(used.subject, (user, expires, renewed))
    observed = f"the token in the pull secret expires at {text}, and nothing is seen to renew it"
    return _found(used, observed, (user, expires), Severity.RISK)


def _found(used: SecretLogin, observed: str, evidence: tuple[Evidence, ...], severity: Severity | None = None) -> Found:
    return Found(
        used.subject,
        observed=observed,
        expected="a pull secret holds a login that lasts, or a controller renews it",
        remedy=_instead(used),
        evidence=evidence,
        severity=severity,
    )


def _instead(used: SecretLogin) -> str:
    registry, cluster = used.right.registry, used.right.cluster
    return (
        f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} --attach-acr {registry.id}, "
        f"which needs no pull secret; or: az acr token create --name NAME --registry {registry.name} "
        "--scope-map _repositories_pull, whose password lasts"
    )
