"""Whether the pull secrets that pods refer to are there, and whether pods that need one refer to it."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.secret_references import SecretReference, UnnamedSecrets
from pullready.facts.server_slips import is_for_other_images, slip_of
from pullready.predicates.pull_secret import kubelets, weighed
from pullready.verdict import Clear, Found, Judgement, NotApplicable


def pull_secret_out_of_reach(reference: SecretReference) -> Iterator[Judgement]:
    """Yield one judgement: found where a named pull secret is not there, or one that pods need is not named."""
    match reference.to:
        case SecretLogin() as used:
            yield _named(used)
        case UnnamedSecrets() as unnamed:
            yield _unnamed(unnamed)


def _named(used: SecretLogin) -> Judgement:
    registry = used.right.registry
    if used.absent is None:
        held = used.secret.evidence("/type", f"{used.secret.subject} is there, and of a type that kubelet reads")
        if used.secret.wire.flaw:
            reason = "nothing can come of what is in it, as pull-secret-wrong-server-key finds"
            return NotApplicable(used.subject, reason, (used.named, used.secret.evidence("/note", "what is wrong")))
        if not _concerns(used):
            return NotApplicable(used.subject, "no login in it is for the registry", (used.named, held))
        return Clear(used.subject, (used.named, held))
    if registry.pulls_anonymously:
        pulls = registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
        return NotApplicable(used.subject, "the registry lets anybody pull", (pulls, used.absent))
    found = Found(
        used.subject,
        observed=_missing(used),
        expected="a pull secret that pods name is in their namespace, and of a type that kubelet takes logins from",
        remedy=_anew(used),
        evidence=(used.named, used.absent),
    )
    return weighed(used, found)


def _anew(used: SecretLogin) -> str:
    """Say how to create the secret; the type of one that is there cannot be changed."""
    namespace, name = used.key
    create = _create(namespace, name, used.right.registry.subject)
    is_there = used.key in used.right.credentials.stand_ins
    return f"kubectl delete secret {name} --namespace {namespace}, then {create}" if is_there else create


def _concerns(used: SecretLogin) -> bool:
    """Say whether some login in the secret is, or was meant to be, for the registry."""
    return any(
        slip_of(login, image, used.right.registry) or is_for_other_images(login, image)
        for login in used.secret.logins
        for image, _ in used.right.written
    ) or bool(used.logins)


def _missing(used: SecretLogin) -> str:
    """Return what is wrong, and where else there is a pull secret of the same name."""
    namespace, name = used.key
    stand_in = used.right.credentials.stand_ins.get(used.key)
    if stand_in is not None:
        kind = stand_in.body.get("type") or "Opaque"
        return f"Secret {namespace}/{name} is of the type {kind}, from which kubelet takes no logins"
    others = [place for place, called in used.right.credentials.secrets if called == name and place != namespace]
    elsewhere = f"; there is one in the namespace {others[0]}, where these pods cannot use it" if others else ""
    return f"Secret {namespace}/{name} is neither among the manifests nor in the live cluster{elsewhere}"


def _unnamed(reference: UnnamedSecrets) -> Judgement:
    right = reference.right
    workload, secret = reference.secrets[0]
    there = secret.evidence("/registries", f"the logins in {secret.subject}")
    if right.registry.pulls_anonymously:
        pulls = right.registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
        return NotApplicable(reference.subject, "the registry lets anybody pull", (pulls,))
    by_itself = kubelets(right)
    if isinstance(by_itself, FactUnavailable):
        raise by_itself
    if by_itself:
        reason = f"{secret.subject} is not named, and not needed: kubelet pulls with what it has itself"
        return NotApplicable(reference.subject, reason, (there, *by_itself))
    _, names = right.credentials.named_by(workload)
    return Found(
        reference.subject,
        observed=f"{workload.subject} names no pull secret for {right.registry.subject}, nor does its service account, "
        f"and {secret.subject} holds a login for it{_and_more(reference)}",
        expected="pods that kubelet cannot pull for by itself name a pull secret, or their service account does",
        remedy=_refer(reference),
        evidence=(names, there, right.held.listed),
    )


def _and_more(reference: UnnamedSecrets) -> str:
    more = len(reference.secrets) - 1
    return f"; so it is with {more} more" if more else ""


def _refer(reference: UnnamedSecrets) -> str:
    workload, secret = reference.secrets[0]
    account = workload.pod.service_account
    patch = (
        f"kubectl patch serviceaccount {account} --namespace {workload.namespace} --patch "
        f'\'{{"imagePullSecrets": [{{"name": "{secret.name}"}}]}}\', and make the pods anew'
    )
    if secret.namespace == workload.namespace:
        return patch
    return f"{_create(workload.namespace, secret.name, reference.right.registry.subject)}; then {patch}"


def _create(namespace: str, name: str, host: str) -> str:
    return (
        f"kubectl create secret docker-registry {name} --namespace {namespace} --docker-server {host} "
        "--docker-username USER --docker-password PASSWORD"
    )
