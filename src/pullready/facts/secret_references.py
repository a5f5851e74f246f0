"""Which pull secrets pods refer to, and which they could and do not.

Sources: https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod and
https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pullready.facts.base import Unread
from pullready.facts.credentials import Key
from pullready.facts.pull_rights import PullRight
from pullready.facts.scope import Scope, fact
from pullready.facts.secret_logins import SecretLogin, narrowed
from pullready.facts.server_keys import is_for_image
from pullready.facts.service_accounts import PullSecret
from pullready.facts.workloads import Workload
from pullready.verdict import Location


class UnnamedSecrets(msgspec.Struct, frozen=True):
    """The workloads of a registry that name no pull secret for it, each with one that would do and that nobody names.

    ``right`` is the pull right of the cluster on that registry, narrowed to those workloads. Of several secrets the one
    in the workload's own namespace comes first.
    """

    right: PullRight
    secrets: tuple[tuple[Workload, PullSecret], ...]

    @property
    def subject(self) -> str:
        """Cluster and registry, as in ``prod → shopimages.azurecr.io``."""
        return self.right.subject

    @property
    def location(self) -> Location | None:
        """Where the first of the workloads is defined."""
        return self.secrets[0][0].location


class SecretReference(msgspec.Struct, frozen=True):
    """A pull secret that workloads of a registry name, or what they could name and do not."""

    to: SecretLogin | UnnamedSecrets

    @property
    def subject(self) -> str:
        """Secret and registry; cluster and registry where no secret is named."""
        return self.to.subject

    @property
    def location(self) -> Location | None:
        """Where the secret is defined, or else the workload."""
        return self.to.location


@fact()
def secret_references(
    scope: Scope,  # noqa: ARG001  (every maker's first)
    named_secrets: tuple[SecretLogin | Unread, ...],
    pull_rights: tuple[PullRight | Unread, ...],
) -> tuple[SecretReference | Unread, ...]:
    """Return each pull secret that workloads of a registry name, and what workloads could name and do not."""
    named = (one if isinstance(one, Unread) else SecretReference(one) for one in named_secrets)
    rights = [right for right in pull_rights if isinstance(right, PullRight)]
    taken = {
        (workload.namespace, name)
        for right in rights
        for workload in right.workloads
        for name in right.credentials.named_by(workload)[0]
    }
    return (*named, *(SecretReference(one) for right in rights for one in _unnamed(right, taken)))


def _unnamed(right: PullRight, taken: set[Key]) -> Iterator[UnnamedSecrets]:
    secrets = tuple(
        (pull.workload, secret)
        for pull in right.pulls
        if pull.secrets is None and (secret := _fitting(right, pull.workload, taken))
    )
    if secrets:
        yield UnnamedSecrets(narrowed(right, tuple(workload for workload, _ in secrets)), secrets)


def _fitting(right: PullRight, workload: Workload, taken: set[Key]) -> PullSecret | None:
    """Return a pull secret with logins for all images of *workload* that are of the registry; none that is *taken*."""
    written = [image for image, user in right.written if user.subject == workload.subject]
    found = [
        secret
        for key, secret in right.credentials.secrets.items()
        if key not in taken
        and all(
            any(
                is_for_image(login.server, image.host, image.repository)
                for login in secret.wire.registries or ()
                if not login.is_incomplete
            )
            for image in written
        )
    ]
    found.sort(key=lambda secret: secret.namespace != workload.namespace)
    return found[0] if found and written else None
