"""Whether the token of a registry that stands in a pull secret may sign in, and may pull what its pods name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.reference import ImageReference
from pullready.facts.scoped_tokens import ScopedToken, ScopeMap, TokenPassword
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.service_accounts import Login
from pullready.facts.workloads import Workload
from pullready.snapshot import Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity

#: How long Azure says that it takes until a password that was made anew counts.
_REPLICATION: Final = timedelta(seconds=60)
#: How far the clocks of the registry and of the cluster may be apart.
_CLOCKS: Final = timedelta(minutes=5)
#: How many repositories a finding names.
_NAMED: Final = 3


def judge_scoped(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge the *login* of a token as a whole: that it may sign in, and that it may pull."""
    signed_in = judge_token_status(used, login, user)
    if isinstance(signed_in, Found) and signed_in.severity is None:
        return signed_in
    pulls = judge_scope_map(used, login, user)
    if isinstance(signed_in, Clear) and isinstance(pulls, Clear):
        return Clear(used.subject, tuple(dict.fromkeys((*signed_in.evidence, *pulls.evidence))))
    return signed_in if isinstance(pulls, Clear) else pulls


def judge_token_status(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge whether one may sign in as the token at all, whose name is the *user*."""
    name = login.token_name or ""
    token = used.token(name)
    if token is None:
        there = ids.token_of(used.right.registry.id, name)
        absent = Evidence(there, "", Status.NOT_FOUND.value, "the registry has no such token")
        found = _found(used, login, f"{used.right.registry.name} has no token {name}", (user, absent))
        made = f"az acr token create --name {name} --registry {used.right.registry.name} --scope-map _repositories_pull"
        return replace(found, remedy=f"{made}, then {_rewrite(used, login)}")
    changing = token.changing
    if changing:
        raise _doubt(changing, f"the token {name} is being changed", "Judge again once Azure is done")
    status = token.evidence("/properties/status", "may one sign in as the token")
    if not token.is_enabled:
        return Found(
            used.subject,
            observed=f"the token {name} is disabled",
            expected="the token in a pull secret may sign in",
            remedy=f"az acr token update --name {name} --registry {used.right.registry.name} --status enabled",
            evidence=(user, status),
        )
    return _by_passwords(used, login, token, (user, status))


def _by_passwords(used: SecretLogin, login: Login, token: ScopedToken, shown: tuple[Evidence, ...]) -> Judgement:
    """Judge by which of the token's passwords may be the one in the pull secret; nobody is told what they are."""
    passwords = token.passwords
    if not passwords:
        certificates = " but certificates, by which kubelet does not sign in" if token.has_certificates else ""
        listed = token.evidence("/properties/credentials", "the token has no password")
        return _found(used, login, f"the token {token.name} has no password{certificates}", (*shown, listed))
    fresh = next((one for one in passwords if one.made and used.now - _REPLICATION < one.made), None)
    if fresh:
        raise _doubt(
            _made(fresh),
            f"{fresh.name} of the token {token.name} was made a moment ago, and it takes a minute until it counts",
            "Run again in a minute",
        )
    older = [one for one in passwords if not _is_newer(used, one)]
    if not older:
        return _made_anew(used, login, token, shown)
    possible = older if used.secret.is_tracked else passwords
    expired = [one for one in possible if one.ends and one.ends <= used.now]
    if len(expired) == len(possible):
        ends = tuple(map(_end, expired))
        observed = (
            f"no password of the token {token.name} that may be in the pull secret counts any more: {_ends(expired)}"
        )
        return _found(used, login, observed, (*shown, *ends))
    if expired:
        raise _doubt(
            _end(expired[0]),
            f"{_ends(expired)}, another password of the token {token.name} counts, and which of them is in "
            f"{used.secret.subject} cannot be told",
            _anew(used, login),
        )
    return _lasting(used, login, possible, shown)


def _is_newer(used: SecretLogin, password: TokenPassword) -> bool:
    """Say whether *password* was made after the pull secret was last written, and so cannot be in it."""
    changed = used.secret.changed
    return bool(changed and password.made and password.made > changed[0] + _CLOCKS)


def _made_anew(used: SecretLogin, login: Login, token: ScopedToken, shown: tuple[Evidence, ...]) -> Found:
    """Return that all passwords are newer than the pull secret, whose file may have been edited since its date."""
    passwords = token.passwords
    first = min((one for one in passwords if one.made), key=lambda one: one.made or used.now)
    when, secret = used.secret.changed or (used.now, used.named)
    return _found(
        used,
        login,
        f"each password of the token {token.name} was made anew, the first at {_text(first.made)}, after the pull "
        f"secret was last changed at {_text(when)}",
        (*shown, *map(_made, passwords), secret),
        None if used.secret.is_tracked else Severity.RISK,
    )


def _lasting(
    used: SecretLogin, login: Login, possible: Sequence[TokenPassword], shown: tuple[Evidence, ...]
) -> Judgement:
    ending = [one for one in possible if one.ends and one.ends <= used.now + used.warning]
    if not ending:
        return Clear(used.subject, (*shown, *map(_end, possible)))
    first = min(ending, key=lambda one: one.ends or used.now)
    which = "the password" if len(possible) == 1 else "a password"
    return Found(
        used.subject,
        observed=f"{which} of the token {login.token_name} that may be in the pull secret expires at "
        f"{_text(first.ends)}",
        expected=f"a password lasts for more than {used.warning.days} days",
        remedy=_anew(used, login),
        evidence=(*shown, _end(first)),
        severity=Severity.RISK,
    )


def judge_scope_map(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge whether the scope map of the token lets one pull all images that kubelet takes the *login* for."""
    name = login.token_name or ""
    token = used.token(name)
    if token is None:
        reason = f"{used.right.registry.name} has no token {name}, as registry-token-disabled-or-expired finds"
        return NotApplicable(used.subject, reason, (user,))
    scope_map = token.scope_map(used.scope)
    reading = {image.repository: scope_map.reading(image.repository) for image, _ in used.images_for(login)}
    lacking = [repository for repository, action in reading.items() if action is None]
    if not lacking:
        return Clear(used.subject, (user, *filter(None, reading.values())))
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    return Found(
        used.subject,
        observed=f"the scope map {scope_map.name} of the token {name} does not let one pull "
        f"{', '.join(lacking[:_NAMED])}{more}",
        expected="the scope map of a token has content/read for each repository that its pods pull from",
        remedy=_widen(used, token, scope_map, lacking),
        evidence=(user, token.evidence("/properties/scopeMapId", "the token's scope map"), scope_map.listed),
    )


def lacking_images(used: SecretLogin, login: Login) -> tuple[tuple[ImageReference, Workload], ...]:
    """Return the images that kubelet takes the *login* of a token for, and that its scope map does not let it pull."""
    token = used.token(login.token_name or "")
    if token is None:
        return ()
    scope_map = token.scope_map(used.scope)
    return tuple(one for one in used.images_for(login) if scope_map.reading(one[0].repository) is None)


def _widen(used: SecretLogin, token: ScopedToken, scope_map: ScopeMap, lacking: Sequence[str]) -> str:
    registry = used.right.registry.name
    if scope_map.name.startswith("_"):
        return f"az acr token update --name {token.name} --registry {registry} --scope-map _repositories_pull"
    added = " ".join(f"--add-repository {repository} content/read" for repository in lacking)
    return f"az acr scope-map update --name {scope_map.name} --registry {registry} {added}"


def _found(
    used: SecretLogin,
    login: Login,
    observed: str,
    evidence: tuple[Evidence, ...],
    severity: Severity | None = None,
) -> Found:
    return Found(
        used.subject,
        observed=observed,
        expected="the password in a pull secret is one that its token has, and has not expired",
        remedy=_anew(used, login),
        evidence=evidence,
        severity=severity,
    )


def _anew(used: SecretLogin, login: Login) -> str:
    generate = f"az acr token credential generate --name {login.token_name} --registry {used.right.registry.name}"
    return f"{generate} --password1, then {_rewrite(used, login)}"


def _rewrite(used: SecretLogin, login: Login) -> str:
    namespace, name = used.key
    return (
        f"kubectl create secret docker-registry {name} --namespace {namespace} --docker-server "
        f"{used.right.registry.subject} --docker-username {login.token_name} --docker-password PASSWORD "
        "--dry-run=client --output yaml | kubectl apply --filename -"
    )


def _doubt(shown: Evidence, reason: str, remedy: str) -> FactUnavailable:
    return FactUnavailable(reason, remedy, document=shown.document, pointer=shown.pointer)


def _end(password: TokenPassword) -> Evidence:
    when = "expires then" if password.ends else "has no date at which it expires"
    return password.evidence("/expiry", f"{password.name} {when}")


def _made(password: TokenPassword) -> Evidence:
    return password.evidence("/creationTime", f"when {password.name} was made")


def _ends(passwords: Sequence[TokenPassword]) -> str:
    return " and ".join(f"{one.name} expired at {_text(one.ends)}" for one in passwords)


def _text(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "an unknown time"
