"""The workloads of a target: whatever has a pod specification."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.objects import KubernetesObject, located, objects
from pullready.facts.pods import PodSpec, PodWire, pod_specs
from pullready.facts.scope import Need, Scope, fact
from pullready.verdict import Location


class Workload(Fact, frozen=True):
    """An object that pods are made from; ``base`` points at its pod specification.

    ``subject`` also has the pointer of the pod specification where the object has several.
    """

    kind: str
    namespace: str
    name: str
    subject: str
    location: Location | None
    pod: PodSpec


@fact(Need.MANIFESTS, Need.WORKLOADS)
def workloads(scope: Scope) -> tuple[Workload | Unread, ...]:
    """Return every workload of the manifests and of the live cluster; unread are those that cannot be understood.

    That runtime classes or Secrets are unread counts where a workload names one, and is no workload that is missing.
    """
    context = str(scope.target.context)
    beside = (ids.live_runtime_classes(context), ids.live_secrets(context))
    return tuple(
        workload
        for one in objects(scope)
        if not (isinstance(one, Unread) and any(ids.same(one.why.document, id_) for id_ in beside))
        for workload in ((one,) if isinstance(one, Unread) else _workloads(one))
    )


def _workloads(owner: KubernetesObject) -> Iterator[Workload | Unread]:
    pointers = tuple(pod_specs(owner.body))
    for pointer in pointers:
        subject = owner.subject if len(pointers) == 1 else f"{owner.subject} {pointer}"
        base = owner.base + pointer
        try:
            pod = PodSpec(decode(owner.document, PodWire, base))
        except FactUnavailable as error:
            why = error.reason.partition(": ")[2] or error.reason
            reason = f"the pod specification of {subject} is malformed: {why}"
            remedy = "Correct it: kubectl apply --dry-run=server says what the API server expects"
            unavailable = FactUnavailable(reason, remedy, document=owner.document.id, pointer=base)
            yield Unread(subject, unavailable, located(owner.document, base))
        else:
            yield Workload(owner.document, base, owner.kind, owner.namespace, owner.name, subject, owner.location, pod)
