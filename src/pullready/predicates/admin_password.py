"""Whether the password of a registry's admin user that stands in a pull secret is one that the registry takes."""

from __future__ import annotations

from pullready.errors import FactUnavailable
from pullready.facts.admin_user import LOG_REACH, ActivityLog, activity_log, admin_passwords
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.service_accounts import Login
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity


def judge_admin(used: SecretLogin, login: Login, user: Evidence) -> Judgement:
    """Judge the *login* of the admin user: by its password where those may be listed, else by the activity log.

    The log does not say which of the two passwords was made anew, so what it shows is a risk and never more.
    """
    registry = used.right.registry
    if not registry.has_admin_user:
        disabled = registry.evidence("/properties/adminUserEnabled", "may one sign in as the admin user")
        reason = "the admin user is disabled, as admin-user-disabled-with-admin-secret finds"
        return NotApplicable(used.subject, reason, (user, disabled))
    listed = _by_password(used, login, user) if used.scope.settings.list_credentials else None
    return listed or _by_log(used, user)


def judge_enabled(used: SecretLogin, login: Login, user: Evidence) -> Judgement:  # noqa: ARG001  (a judging's form)
    """Judge whether one may sign in as the admin user at all, whose login stands at *user*."""
    registry = used.right.registry
    if registry.has_admin_user:
        return Clear(used.subject, (user, _enabled(used)))
    return Found(
        used.subject,
        observed=f"the pull secret signs in as the admin user of {registry.name}, which is disabled",
        expected="the admin user in a pull secret may sign in",
        remedy=_without_admin(used),
        evidence=(user, registry.evidence("/properties/adminUserEnabled", "may one sign in as the admin user")),
    )


def is_login_servers(used: SecretLogin, login: Login) -> bool:
    """Say whether the user is named after the login server, which has a hash behind the registry's name.

    Azure documents the registry's own name as the admin user's, and says nothing of such registries.
    """
    return (login.username or "").lower() == used.right.registry.subject.partition(".")[0]


def hashed_name(used: SecretLogin, user: Evidence) -> FactUnavailable:
    """Return that it is not documented whether the admin user may have that name."""
    return FactUnavailable(
        f"the user {user.value} is the first part of the login server, and the admin user's name is documented to be "
        f"{used.right.registry.name}",
        f"Look at the name that Azure answers: az acr credential show --name {used.right.registry.name} "
        "--query username",
        document=user.document,
        pointer=user.pointer,
    )


def _by_password(used: SecretLogin, login: Login, user: Evidence) -> Judgement | None:
    """Judge by the passwords themselves; none where they cannot be compared, for another run read one of the two."""
    passwords = admin_passwords(used.scope, used.right.registry)
    match passwords.include(login.keyedPassword):
        case True:
            same = passwords.evidence("/logins", "one of the admin user's passwords is the one in the pull secret")
            return Clear(used.subject, (user, same))
        case False:
            other = passwords.evidence("/logins", "none of the admin user's passwords is the one in the pull secret")
            return Found(
                used.subject,
                observed=f"the password in the pull secret is none that {used.right.registry.name} has",
                expected="the password in a pull secret is one of the admin user's two",
                remedy=_renew(used),
                evidence=(user, other),
            )
        case _:
            return None


def _by_log(used: SecretLogin, user: Evidence) -> Judgement:
    log = activity_log(used.scope, used.right.registry)
    enabled = _enabled(used)
    regenerated, changed = log.last_regeneration, used.secret.changed
    if regenerated is None:
        return _without_event(used, user, log)
    when, event = regenerated
    if changed is None:
        raise FactUnavailable(
            f"a password of the admin user of {used.right.registry.name} was made anew at {when:%Y-%m-%d %H:%M} UTC, "
            "and whether the pull secret was written before or after that cannot be told",
            f"Set list-credentials: true in pullready.yaml, so that the passwords are compared; or: {_renew(used)}",
            document=event.document,
            pointer=event.pointer,
        )
    written, secret = changed
    if written > when:
        return Clear(used.subject, (user, enabled, event, secret))
    return Found(
        used.subject,
        observed=f"a password of the admin user of {used.right.registry.name} was made anew at {when:%Y-%m-%d %H:%M} "
        f"UTC, after the pull secret was last changed at {written:%Y-%m-%d %H:%M} UTC",
        expected="a pull secret is written anew when the password in it is",
        remedy=_renew(used),
        evidence=(user, event, secret),
        severity=Severity.RISK,
    )


def _without_event(used: SecretLogin, user: Evidence, log: ActivityLog) -> Judgement:
    """Judge by a log that has no new password: it proves nothing of a secret that is older than the log."""
    changed = used.secret.changed
    if changed is not None and changed[0] > used.now - LOG_REACH:
        return Clear(used.subject, (user, _enabled(used), log.listed, changed[1]))
    written = "has no time" if changed is None else f"was last changed at {changed[0]:%Y-%m-%d %H:%M} UTC"
    raise FactUnavailable(
        f"no password of the admin user of {used.right.registry.name} was made anew in the last {LOG_REACH.days} days, "
        f"which is as far as the activity log is read; what was before cannot be told, and the pull secret {written}",
        f"Set list-credentials: true in pullready.yaml, so that the passwords are compared; or: {_renew(used)}",
        document=log.listed.document,
        pointer=log.listed.pointer,
    )


def _enabled(used: SecretLogin) -> Evidence:
    return used.right.registry.evidence("/properties/adminUserEnabled", "one may sign in as the admin user")


def _renew(used: SecretLogin) -> str:
    namespace, name = used.key
    registry = used.right.registry
    return (
        f"az acr credential show --name {registry.name}, then kubectl create secret docker-registry {name} "
        f"--namespace {namespace} --docker-server {registry.subject} --docker-username {registry.name} "
        "--docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -; better: let the "
        "kubelet identity pull, and disable the admin user"
    )


def _without_admin(used: SecretLogin) -> str:
    registry, cluster = used.right.registry, used.right.cluster
    return (
        f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} --attach-acr {registry.id}, "
        f"which needs no pull secret; or: az acr update --name {registry.name} --admin-enabled true"
    )
