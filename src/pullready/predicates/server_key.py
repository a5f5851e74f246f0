"""Whether kubelet takes the logins of a pull secret for the images that they are meant for."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts.reference import ImageReference
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.server_keys import is_for_image
from pullready.facts.server_slips import is_for_other_images, slip_of
from pullready.facts.service_accounts import MALFORMED, NO_USER, REFUSED, UNREADABLE, Login
from pullready.facts.workloads import Workload
from pullready.predicates.pull_secret import kubelets, settled, weighed
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable

_FORM = "the content of a pull secret is what kubectl create secret docker-registry writes"


def server_key_wrong(used: SecretLogin) -> Iterator[Judgement]:
    """Yield one judgement: found where nothing in the secret is taken for an image, and something was meant to be."""
    if used.absent:
        reason = "there is no such pull secret, as pull-secret-not-referenced-or-wrong-namespace finds"
        yield NotApplicable(used.subject, reason, (used.absent,))
        return
    yield _misshapen(used) or _incomplete(used) or _by_keys(used)


def _misshapen(used: SecretLogin) -> Judgement | None:
    """Return what is wrong with the secret as a whole; none where kubelet understands it."""
    secret = used.secret
    if secret.wire.flaw == REFUSED:
        shown = secret.evidence("/note", "what is wrong with it")
        found = _found(used, f"{secret.subject} is refused by the API server: {secret.wire.note}", _FORM, (shown,))
        return _outweighed(used, found)
    if secret.wire.flaw == UNREADABLE:
        shown = secret.evidence("/note", "what is wrong with it")
        return _found(used, f"{secret.subject} makes kubelet give up each pull: {secret.wire.note}", _FORM, (shown,))
    for index, login in enumerate(secret.logins):
        if secret.require(login.kind, f"/registries/{index}/kind") == MALFORMED:
            return _found(
                used,
                f"the login to {login.server} in {secret.subject} cannot be read, and kubelet gives up each pull of "
                "the pods that name the secret",
                "auth is base64 of a user name, a colon and a password",
                (_key(used, index),),
            )
    if not secret.logins:
        found = _found(used, f"{secret.subject} holds no login where kubelet looks for one", _FORM, (_all(used),))
        return _outweighed(used, found)
    return None


def _incomplete(used: SecretLogin) -> Judgement | None:
    """Return that what kubelet takes for the registry, and presents to it, is no login; none where it is."""
    taken = [(index, login) for index, login in enumerate(used.secret.logins) if _is_taken(used, login)]
    if not taken or any(not login.is_incomplete for _, login in taken):
        return None
    index, login = taken[0]
    lacks = "user name" if login.kind == NO_USER else "password"
    found = _found(
        used,
        f"the login to {login.server} has no {lacks} that kubelet reads, which looks at username, password and auth",
        "a login has a user name and a password, not a credential store or an identity token",
        (_key(used, index), used.secret.evidence(f"/registries/{index}/kind", "how far the login is complete")),
    )
    anybody = used.right.registry.pulls_anonymously
    by_itself = kubelets(used.right) if anybody else None
    if isinstance(by_itself, tuple):
        return NotApplicable(used.subject, "the registry lets anybody pull, and kubelet signs in", by_itself)
    return next(settled(used, found, anybody=anybody))


def _by_keys(used: SecretLogin) -> Judgement:
    """Judge by which images the servers in the secret cover."""
    keys = tuple(_key(used, index) for index, login in enumerate(used.secret.logins) if _is_taken(used, login))
    left = tuple(one for one in used.right.written if not _is_covered(used, *one))
    slips = [
        (index, image, slip)
        for index, login in enumerate(used.secret.logins)
        if not used.serves_another(login)
        for image, _ in left
        if (slip := slip_of(login, image, used.right.registry))
    ]
    if slips:
        index, image, slip = slips[0]
        found = _found(
            used.for_images(left),
            f"the login to {used.secret.logins[index].server} in the pull secret is not taken for {image}: {slip}",
            f"the server of a login is {image.host}",
            (_key(used, index),),
        )
        return _outweighed(used.for_images(left), found)
    if left and (other := _of_other_images(used, left)):
        return other
    if keys:
        return Clear(used.subject, keys)
    return NotApplicable(used.subject, "no server in it is this registry's", (_all(used),))


def _of_other_images(used: SecretLogin, left: tuple[tuple[ImageReference, Workload], ...]) -> Found | None:
    """Return that a login is for other images of the registry alone, where its pods cannot pull the rest without it."""
    for index, login in enumerate(used.secret.logins):
        for image, _ in left:
            if is_for_other_images(login, image):
                narrow = used.for_images(left)
                found = _found(
                    narrow,
                    f"{login.server} in the pull secret is for other images than {image}",
                    "a login covers each image that its pods have no other way to pull",
                    (_key(used, index),),
                )
                judged = _outweighed(narrow, found)
                return judged if isinstance(judged, Found) and judged.severity is None else None
    return None


def _outweighed(used: SecretLogin, found: Found) -> Judgement:
    """Return *found* as it counts for the pods, who may have other credentials or need none."""
    registry = used.right.registry
    if registry.pulls_anonymously:
        pulls = registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
        return NotApplicable(used.subject, "the registry lets anybody pull, and no login stands before that", (pulls,))
    return weighed(used, found)


def _is_taken(used: SecretLogin, login: Login) -> bool:
    return any(is_for_image(login.server, image.host, image.repository) for image, _ in used.right.written)


def _is_covered(used: SecretLogin, image: ImageReference, workload: Workload) -> bool:
    """Say whether a pull secret of *workload* that was read has a login for *image*."""
    credentials = used.right.credentials
    secrets = (credentials.secrets.get((workload.namespace, name)) for name in credentials.named_by(workload)[0])
    logins = (login for secret in secrets if secret for login in secret.wire.registries or ())
    return any(is_for_image(login.server, image.host, image.repository) for login in logins)


def _found(used: SecretLogin, observed: str, expected: str, evidence: tuple[Evidence, ...]) -> Found:
    return Found(used.subject, observed, expected, _anew(used), evidence)


def _anew(used: SecretLogin) -> str:
    namespace, name = used.key
    hosts = dict.fromkeys(image.host for image, _ in used.right.written)
    return (
        f"kubectl create secret docker-registry {name} --namespace {namespace} --docker-server {' and '.join(hosts)} "
        "--docker-username USER --docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -"
    )


def _key(used: SecretLogin, index: int) -> Evidence:
    return used.secret.evidence(f"/registries/{index}/server", f"the server of a login in {used.secret.subject}")


def _all(used: SecretLogin) -> Evidence:
    return used.secret.evidence("/registries", f"the logins in {used.secret.subject}")
