"""Which pull secrets a pod brings along, beside what kubelet has itself.

Sources: https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod and
https://github.com/Azure/msi-acrpull
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.base import Unread
from pullready.facts.objects import KubernetesObject, objects
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.service_accounts import PullSecret, ServiceAccount
from pullready.facts.workloads import Workload
from pullready.verdict import Evidence

Key = tuple[str, str]

#: The custom resource from which a controller makes pull secrets and adds them to a service account.
BINDING: Final = "AcrPullBinding"


@dataclass(frozen=True)
class Credentials:
    """The service accounts and pull secrets that were read, by namespace and name, and bindings by namespace."""

    accounts: dict[Key, ServiceAccount]
    secrets: dict[Key, PullSecret]
    bindings: dict[str, KubernetesObject]

    def brought_by(self, workload: Workload, host: str) -> Evidence | None:
        """Return where *workload* names a pull secret that may be for the registry *host*; none where it does not.

        The secrets of the service account only count for pods that name none. A secret that was not read may be for any
        registry, and one that is for a part of the registry counts too. So does a binding in the workload's namespace,
        whatever service account it is for.
        """
        named, evidence = self._named_by(workload)
        if any(self._may_be_for(host, workload.namespace, name) for name in named):
            return evidence
        binding = self.bindings.get(workload.namespace)
        return binding.evidence("/kind", f"what may give {workload.subject} a pull secret") if binding else None

    def _named_by(self, workload: Workload) -> tuple[tuple[str, ...], Evidence]:
        account = self.accounts.get((workload.namespace, workload.pod.service_account))
        if workload.pod.pull_secrets or account is None:
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
    return Credentials(
        {(one.namespace, one.name): one for one in service_accounts if isinstance(one, ServiceAccount)},
        {(one.namespace, one.name): one for one in pull_secrets if isinstance(one, PullSecret)},
        {one.namespace: one for one in objects(scope) if isinstance(one, KubernetesObject) and one.kind == BINDING},
    )


def is_for(server: str, host: str) -> bool:
    """Say whether kubelet uses a login to *server* for images of *host*: part by part, ``*`` for any characters."""
    patterns = server.rpartition("://")[2].partition("/")[0].lower().split(".")
    parts = host.lower().split(".")
    return len(patterns) == len(parts) and all(map(fnmatchcase, parts, patterns))
