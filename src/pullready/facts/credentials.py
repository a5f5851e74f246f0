"""Which pull secrets a pod brings along, beside what kubelet has itself.

Sources: https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod and
https://github.com/Azure/msi-acrpull
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Unread
from pullready.facts.objects import KubernetesObject, objects
from pullready.facts.pods import is_custom
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.server_keys import is_for
from pullready.facts.service_accounts import PULL_SECRET_TYPES, PullSecret, ServiceAccount
from pullready.facts.workloads import Workload
from pullready.snapshot import Provider, Status
from pullready.verdict import Evidence

Key = tuple[str, str]

#: The custom resource from which a controller makes pull secrets and adds them to a service account.
BINDING: Final = "AcrPullBinding"
#: Custom resources from which a controller makes a Secret, and where they name it if not by their own name.
MAKERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ExternalSecret": ("spec", "target", "name"),
    "SealedSecret": ("spec", "template", "metadata", "name"),
}


class Credentials(msgspec.Struct, frozen=True):
    """The service accounts and pull secrets that were read, by namespace and name, and bindings by namespace.

    ``stand_ins`` are what has the place of a pull secret that was not read: what a controller makes it from, or a
    Secret of another type. ``listed`` is the list of all Secrets of the live cluster, where it and every manifest could
    be read.
    """

    accounts: dict[Key, ServiceAccount]
    secrets: dict[Key, PullSecret]
    bindings: dict[str, KubernetesObject]
    stand_ins: dict[Key, KubernetesObject] = msgspec.field(default_factory=dict)
    listed: Evidence | None = None

    def absent(self, key: Key) -> Evidence | None:
        """Return what says that no pull secret is called *key*: there is none, or the one there is of another type.

        None where there is one, where a controller makes it, and where it cannot be told.
        """
        stand_in = self.stand_ins.get(key)
        if key in self.secrets:
            return None
        if stand_in is None:
            return self.listed
        if stand_in.kind != "Secret" or stand_in.body.get("type") in PULL_SECRET_TYPES:
            return None
        return stand_in.evidence("/type", f"{stand_in.subject} is not of a type that kubelet takes logins from")

    def brought_by(self, workload: Workload, host: str) -> Evidence | None:
        """Return where *workload* names a pull secret that may be for the registry *host*; none where it does not.

        The secrets of the service account only count for pods that name none. A secret that was not read may be for any
        registry, and one that is for a part of the registry counts too. So does a binding in the workload's namespace,
        whatever service account it is for.
        """
        named, evidence = self.named_by(workload)
        if any(self._may_be_for(host, workload.namespace, name) for name in named):
            return evidence
        binding = self.bindings.get(workload.namespace)
        return binding.evidence("/kind", f"what may give {workload.subject} a pull secret") if binding else None

    def named_by(self, workload: Workload) -> tuple[tuple[str, ...], Evidence]:
        """Return the names of the pull secrets that *workload* uses, and where they stand."""
        account = self.accounts.get((workload.namespace, workload.pod.service_account))
        if workload.pod.pull_secrets or account is None or _is_admitted(workload):
            says = f"the pull secrets of {workload.subject}"
            return workload.pod.pull_secrets, workload.evidence("/imagePullSecrets", says)
        says = f"the pull secrets of {account.subject}, which {workload.subject} has"
        return account.pull_secrets, account.evidence("/imagePullSecrets", says)

    def _may_be_for(self, host: str, namespace: str, name: str) -> bool:
        secret = self.secrets.get((namespace, name))
        if secret is None:
            return True
        try:
            return any(is_for(login.server, host) for login in secret.logins)
        except FactUnavailable:
            return True


@fact(Need.MANIFESTS, Need.WORKLOADS)
def credentials(
    scope: Scope,
    service_accounts: tuple[ServiceAccount | Unread, ...],
    pull_secrets: tuple[PullSecret | Unread, ...],
) -> Credentials:
    """Return what pods may bring along, as far as it could be read."""
    found = [one for one in objects(scope) if isinstance(one, KubernetesObject)]
    return Credentials(
        {(one.namespace, one.name): one for one in service_accounts if isinstance(one, ServiceAccount)},
        {(one.namespace, one.name): one for one in pull_secrets if isinstance(one, PullSecret)},
        {one.namespace: one for one in found if one.kind == BINDING},
        {(one.namespace, name): one for one in found if (name := _made_by(one))},
        _listed(scope),
    )


def _listed(scope: Scope) -> Evidence | None:
    """Return the list of the live cluster's Secrets; none where it, or a manifest that may define one, is unread."""
    if scope.target.context is None:
        return None
    live = scope.document(ids.live_secrets(scope.target.context), Provider.KUBERNETES)
    manifests = (scope.document(id_, Provider.MANIFEST) for id_ in scope.manifests)
    if any(one.status is not Status.READ for one in (live, *manifests)):
        return None
    return Evidence(live.id, "/items", "", "no Secret of the live cluster is called so")


def _is_admitted(workload: Workload) -> bool:
    """Say whether the workload is a pod that runs: what its service account names now comes too late for it."""
    return workload.kind == "Pod" and workload.document.provider is Provider.KUBERNETES


def _made_by(one: KubernetesObject) -> str | None:
    """Return the name of the Secret that *one* is or makes; none where it has to do with none."""
    if one.kind == "Secret" and not is_custom(one.body):
        return one.name
    if one.kind not in MAKERS:
        return None
    value: Any = one.body
    for step in MAKERS[one.kind]:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else one.name
