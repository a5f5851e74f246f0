"""Whether the logins in pull secrets are good, and what it means for the pods where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts.pull_rights import PullRight
from pullready.facts.pullers import VirtualNodeIdentity
from pullready.facts.reference import ImageReference
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.service_accounts import Login
from pullready.facts.workloads import Workload
from pullready.predicates.admin_password import hashed_name, is_login_servers, judge_admin, judge_enabled
from pullready.predicates.carried_pull import carried_pull
from pullready.predicates.exchanged_token import judge_token
from pullready.predicates.pull_right import not_needed
from pullready.predicates.scoped_token import judge_scope_map, judge_scoped, judge_token_status, lacking_images
from pullready.predicates.secret_principal import judge_principal
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

#: Judges one login of a pull secret, whose user name stands at the evidence.
Judging = Callable[[SecretLogin, Login, Evidence], Judgement]
#: Returns the images that a finding about a login concerns.
Concerned = Callable[[SecretLogin, Login], tuple[tuple[ImageReference, Workload], ...]]
#: What lets a pod pull without the login: evidence of it, why it cannot be told, or nothing.
Substitute = tuple[Evidence, ...] | FactUnavailable | None


def secret_principal_invalid(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement for each service principal in the secret: found where it cannot sign in, or may not pull."""
    yield from _judge(used, judge_principal, "of a service principal")


def admin_password_stale(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement for each login of the admin user: found where the password may be, or is, an old one."""
    yield from _judge(used, judge_admin, "of the registry's admin user")


def admin_user_disabled(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement for each login of the admin user: found where nobody may sign in as that."""
    yield from _judge(used, judge_admin, "of the registry's admin user", by=judge_enabled)


def exchanged_token_expires(used: SecretLogin) -> Iterator[Judgement]:
    """Yield judgements of the secret's logins: found where one is a token of a sign-in that expired, or will."""
    users = used.logins
    if users and not used.right.registry.pulls_anonymously and all(_lasts(login) for login, _ in users):
        yield Clear(used.subject, tuple(user for _, user in users))
        return
    yield from _judge(used, judge_token, "a token of a sign-in")


def registry_token_unusable(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement for each token of the registry in the secret: found where nobody may sign in as that."""
    yield from _judge(used, judge_scoped, "a token of the registry", by=judge_token_status)


def scope_map_lacking(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement for each token of the registry in the secret: found where it may not pull an image.

    Where it may pull others, one for each repository that it may not: the others are not harmed.
    """
    for part in _by_lacking(used):
        yield from _judge(part, judge_scoped, "a token of the registry", by=judge_scope_map, about=lacking_images)


def _by_lacking(used: SecretLogin) -> Iterator[SecretLogin]:
    """Yield *used* for what its tokens may pull, and for each repository that one lacks; whole where that is all."""
    lacking = [] if used.right.registry.pulls_anonymously else _lacking(used)
    others = tuple(one for one in used.right.written if one[0].repository not in lacking)
    if not lacking or not others:
        yield used
        return
    yield used.for_images(others)
    yield from map(used.on, lacking)


def _lacking(used: SecretLogin) -> list[str]:
    """Return the repositories that a token in the secret may not pull, as far as it can be told."""
    found: dict[str, None] = {}
    with suppress(FactUnavailable):
        for login, _ in used.logins:
            if not login.is_incomplete and _judging_of(used, login) is judge_scoped:
                found.update({image.repository: None for image, _ in lacking_images(used, login)})
    return list(found)


def _lasts(login: Login) -> bool:
    return bool(login.username) and not login.is_exchanged and not login.is_incomplete


def _judge(
    used: SecretLogin, judging: Judging, whose: str, *, by: Judging | None = None, about: Concerned | None = None
) -> Iterator[Judgement]:
    """Judge those logins of the secret that *judging* is for; with *by*, where that is given.

    What is found concerns the images that *about* returns alone, where that is given.
    """
    anybody = used.right.registry.pulls_anonymously
    by_itself = kubelets(used.right) if anybody else None
    if isinstance(by_itself, tuple):
        pulls = used.right.registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
        yield NotApplicable(used.subject, "the registry lets anybody pull, and kubelet signs in", (pulls, *by_itself))
        return
    of_others: list[Evidence] = []
    judged = 0
    for login, user in used.logins:
        if login.is_incomplete:
            of_others.append(user)
        elif login.username is None:
            judged += 1
            yield _nameless(used, user)
        elif (judge := _judging_of(used, login)) is not judging:
            of_others.append(user)
        else:
            judged += 1
            judgement = _one(used, by or judge, login, user)
            concerned = used.for_images(about(used, login)) if about and isinstance(judgement, Found) else used
            yield from settled(concerned, judgement, anybody=anybody)
    if not judged:
        yield NotApplicable(used.subject, f"no login in it is {whose}", tuple(of_others))


def _judging_of(used: SecretLogin, login: Login) -> Judging | None:
    """Return what judges *login* by its user: a service principal, the admin user, or something else."""
    if login.client_id:
        return judge_principal
    if login.is_exchanged:
        return judge_token
    if login.is_admin_of(used.right.registry.name) or is_login_servers(used, login):
        return judge_admin
    return judge_scoped if login.token_name else None


def _one(used: SecretLogin, judge: Judging, login: Login, user: Evidence) -> Judgement:
    if judge in {judge_admin, judge_enabled} and not login.is_admin_of(used.right.registry.name):
        return _unknown(used, hashed_name(used, user))
    try:
        return judge(used, login, user)
    except FactUnavailable as why:
        return _unknown(used, why)


def settled(used: SecretLogin, judgement: Judgement, *, anybody: bool) -> Iterator[Judgement]:
    """Yield *judgement* as it counts for the pods: other credentials may do what this one does not."""
    pulls = used.right.registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
    match judgement:
        case Clear() if anybody:
            yield NotApplicable(used.subject, "the registry lets anybody pull", (pulls, *judgement.evidence))
        case Found() if anybody:
            behind = "; anybody may pull, but not behind a login that is refused"
            yield replace(
                judgement,
                observed=judgement.observed + behind,
                severity=Severity.RISK,
                evidence=(*judgement.evidence, pulls),
            )
        case Found():
            yield weighed(used, judgement)
        case _:
            yield judgement


def weighed(used: SecretLogin, found: Found) -> Found:
    """Return *found*, as a risk where every pod has, or may have, another credential that works."""
    of_all = _best((kubelets(used.right), _substitute(used)))
    doubt: FactUnavailable | None = None
    evidence: list[Evidence] = []
    for workload, others in used.others:
        substitute = _best((of_all, *map(_substitute, others)))
        if substitute is None:
            relies = workload.evidence("/imagePullSecrets", f"{workload.subject} has no other way to pull")
            return replace(found, evidence=(*found.evidence, relies))
        if isinstance(substitute, FactUnavailable):
            doubt = doubt or substitute
        else:
            evidence.extend(one for one in substitute if one not in evidence)
    says = (
        f"whether its pods can pull without it cannot be told: {doubt.reason}"
        if doubt
        else "its pods can pull without it for now"
    )
    return replace(
        found,
        observed=f"{found.observed}; {says}",
        severity=Severity.RISK,
        evidence=(*found.evidence, *evidence),
    )


def kubelets(right: PullRight) -> Substitute:
    """Return what lets kubelet pull with what it has itself."""
    if right.cluster.service_accounts_pull or isinstance(right.by, VirtualNodeIdentity):
        gate = not_needed(right)
        return FactUnavailable(gate.reason if gate else "", "Judge what they pull with")
    return carried_pull(right)


def _substitute(other: SecretLogin) -> Substitute:
    """Return what is good in a pull secret of the same pods."""
    found: list[Substitute] = []
    try:
        for login, user in other.logins:
            if login.is_incomplete:
                continue
            judge = _judging_of(other, login)
            if judge is None:
                found.append(FactUnavailable(f"{other.subject} holds a login that is not judged", "Look at it"))
                continue
            match _one(other, judge, login, user):
                case Clear(evidence=evidence):
                    found.append(evidence)
                case Unknown(reason=reason, remedy=remedy):
                    found.append(FactUnavailable(reason, remedy))
    except FactUnavailable as why:
        return why
    return _best(found)


def _best(substitutes: Iterable[Substitute]) -> Substitute:
    known = list(substitutes)
    works = next((one for one in known if isinstance(one, tuple)), None)
    return works or next((one for one in known if one is not None), None)


def _nameless(used: SecretLogin, user: Evidence) -> Unknown:
    why = FactUnavailable(
        f"the login in {used.secret.subject} has no user name that can be read",
        "Create it anew: kubectl create secret docker-registry",
        document=user.document,
        pointer=user.pointer,
    )
    return _unknown(used, why)


def _unknown(used: SecretLogin, why: FactUnavailable) -> Unknown:
    shown = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    return Unknown(used.subject, why.reason, why.remedy, shown, used.location)
