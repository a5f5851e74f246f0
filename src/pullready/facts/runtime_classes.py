"""Runtime classes: how pods that name one are run, and what that adds to their scheduling.

Source: https://kubernetes.io/docs/concepts/containers/runtime-class/
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pullready.facts.base import Unread
from pullready.facts.objects import KubernetesObject, of_kind, wire
from pullready.facts.pods import Toleration
from pullready.facts.scope import Need, Scope, fact


class _Scheduling(Struct, frozen=True):
    nodeSelector: dict[str, str] | None = None
    tolerations: tuple[Toleration, ...] | None = None


class _RuntimeClass(Struct, frozen=True):
    handler: str
    scheduling: _Scheduling | None = None


class RuntimeClass(KubernetesObject, frozen=True):
    """A runtime class; it has no namespace, and adds to the scheduling of the pods that name it."""

    wire: _RuntimeClass

    @property
    def subject(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"

    @property
    def handler(self) -> str:
        """The configuration of the container runtime that pods are run with."""
        return self.wire.handler

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The labels that a node must have on top of what the pod asks for."""
        return (self.wire.scheduling and self.wire.scheduling.nodeSelector) or {}

    @property
    def tolerations(self) -> tuple[Toleration, ...]:
        """The taints that are put up with on top of what the pod does."""
        return (self.wire.scheduling and self.wire.scheduling.tolerations) or ()


@fact(Need.MANIFESTS, Need.WORKLOADS)
def runtime_classes(scope: Scope) -> tuple[RuntimeClass | Unread, ...]:
    """Return the runtime classes, and what could not be read."""
    found = of_kind(scope, "RuntimeClass", lambda one: RuntimeClass(one.document, one.base, wire(one, _RuntimeClass)))
    return tuple(found)
