"""What a pod asks for: the parts of a pod's specification that decide where it runs and what is pulled for it.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec import Struct

#: Where Kubernetes' own kinds have their pod specification. A property that is null counts as absent there.
POD_SPECS: Final[Mapping[str, str]] = {
    "Pod": "/spec",
    "PodTemplate": "/template/spec",
    "Deployment": "/spec/template/spec",
    "ReplicaSet": "/spec/template/spec",
    "ReplicationController": "/spec/template/spec",
    "StatefulSet": "/spec/template/spec",
    "DaemonSet": "/spec/template/spec",
    "Job": "/spec/template/spec",
    "CronJob": "/spec/jobTemplate/spec/template/spec",
}
CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


class Requirement(Struct, frozen=True):
    """What is required of one label or field of a node."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class _Term(Struct, frozen=True):
    matchExpressions: tuple[Requirement, ...] | None = None
    matchFields: tuple[Requirement, ...] | None = None

    @property
    def expressions(self) -> tuple[Requirement, ...]:
        """What is required of labels."""
        return self.matchExpressions or ()

    @property
    def fields(self) -> tuple[Requirement, ...]:
        """What is required of fields."""
        return self.matchFields or ()


class Toleration(Struct, frozen=True):
    """A taint that the pod puts up with; empty is Kubernetes' word for any key or effect, and for ``Equal``."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class _Terms(Struct, frozen=True):
    nodeSelectorTerms: tuple[_Term, ...] | None = None


class _NodeAffinity(Struct, frozen=True):
    requiredDuringSchedulingIgnoredDuringExecution: _Terms | None = None


class _Affinity(Struct, frozen=True):
    nodeAffinity: _NodeAffinity | None = None


class _Named(Struct, frozen=True):
    name: str = ""


class _WindowsOptions(Struct, frozen=True):
    hostProcess: bool | None = None


class _SecurityContext(Struct, frozen=True):
    windowsOptions: _WindowsOptions | None = None


class _Container(Struct, frozen=True):
    name: str | None = None
    image: str | None = None
    imagePullPolicy: str | None = None
    securityContext: _SecurityContext | None = None


class _ImageVolume(Struct, frozen=True):
    reference: str | None = None
    pullPolicy: str | None = None


class _Volume(Struct, frozen=True):
    name: str | None = None
    image: _ImageVolume | None = None


class PodWire(Struct, frozen=True):
    """A pod specification as it is written."""

    containers: tuple[_Container, ...]
    initContainers: tuple[_Container, ...] | None = None
    ephemeralContainers: tuple[_Container, ...] | None = None
    volumes: tuple[_Volume, ...] | None = None
    nodeSelector: dict[str, str] | None = None
    affinity: _Affinity | None = None
    tolerations: tuple[Toleration, ...] | None = None
    runtimeClassName: str | None = None
    os: _Named | None = None
    securityContext: _SecurityContext | None = None
    imagePullSecrets: tuple[_Named, ...] | None = None
    serviceAccountName: str | None = None
    serviceAccount: str | None = None
    nodeName: str | None = None
    schedulerName: str | None = None
    priorityClassName: str | None = None


class Container(msgspec.Struct, frozen=True):
    """One use of an image in a pod; ``pointer`` (below the pod's) is where the image stands.

    ``name`` is the container's, or ``volume`` and the volume's. ``image`` is none where the container names none.
    """

    name: str
    image: str | None
    pointer: str
    pull_policy: str | None = None

    @property
    def policy_pointer(self) -> str:
        """Where (below the pod's pointer) the pull policy stands, or would stand."""
        owner = self.pointer.rpartition("/")[0]
        return f"{owner}/pullPolicy" if self.pointer.startswith("/volumes/") else f"{owner}/imagePullPolicy"


class PodSpec(msgspec.Struct, frozen=True, dict=True):
    """A pod specification with Kubernetes' documented defaults written out."""

    wire: PodWire

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The labels that a node must have."""
        return self.wire.nodeSelector or {}

    @property
    def tolerations(self) -> tuple[Toleration, ...]:
        """The taints that the pod puts up with."""
        return self.wire.tolerations or ()

    @property
    def required_terms(self) -> tuple[_Term, ...] | None:
        """The alternatives of the required node affinity; none: nothing is required, empty: no node will do."""
        affinity = self.wire.affinity and self.wire.affinity.nodeAffinity
        required = affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
        return (required.nodeSelectorTerms or ()) if required else None

    @property
    def runtime_class(self) -> str | None:
        """The name of the RuntimeClass, which may add a node selector and tolerations of its own."""
        return self.wire.runtimeClassName or None

    @property
    def os_name(self) -> str | None:
        """``linux`` or ``windows`` where the pod says so; the scheduler does not look at it."""
        return (self.wire.os.name.lower() or None) if self.wire.os else None

    @property
    def host_process(self) -> bool:
        """Whether the pod, or a container of it, is a Windows HostProcess container."""
        containers = (*(self.wire.initContainers or ()), *self.wire.containers)
        contexts = (self.wire.securityContext, *(container.securityContext for container in containers))
        return any(one and one.windowsOptions and one.windowsOptions.hostProcess for one in contexts)

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The names of the pod's own pull secrets; those of its service account come on top of an empty list."""
        return tuple(secret.name for secret in self.wire.imagePullSecrets or ())

    @property
    def service_account(self) -> str:
        """The name of the service account; Kubernetes' default is ``default``."""
        return self.wire.serviceAccountName or self.wire.serviceAccount or "default"

    @property
    def node_name(self) -> str | None:
        """The node that the pod is bound to without any scheduler."""
        return self.wire.nodeName or None

    @property
    def scheduler(self) -> str | None:
        """The scheduler, where it is not Kubernetes' own."""
        named = self.wire.schedulerName
        return named if named and named != "default-scheduler" else None

    @property
    def priority_class(self) -> str | None:
        """The name of the PriorityClass; those of critical pods begin with ``system-``."""
        return self.wire.priorityClassName or None

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every use of an image: init, ordinary and ephemeral containers, then image volumes."""
        return tuple(self._uses())

    def _uses(self) -> Iterator[Container]:
        for group in CONTAINERS:
            for index, one in enumerate(getattr(self.wire, group) or ()):
                yield Container(
                    one.name or f"{group}[{index}]", one.image, f"/{group}/{index}/image", one.imagePullPolicy
                )
        for index, volume in enumerate(self.wire.volumes or ()):
            if volume.image:
                image, name = volume.image, f"volume {volume.name or index}"
                # A volume's empty reference may be set by a controller, as a container's image may.
                yield Container(name, image.reference, f"/volumes/{index}/image/reference", image.pullPolicy)


def is_custom(body: Mapping[str, Any]) -> bool:
    """Say whether the object is of a kind that does not come with Kubernetes.

    A custom resource's API group has a dot; Kubernetes' own have none, or end in ``.k8s.io``, as its projects' do.
    """
    group, slash, _ = str(body.get("apiVersion", "")).rpartition("/")
    own = group.endswith(".k8s.io") and not group.endswith(".x-k8s.io")
    return bool(slash) and "." in group and not own


def pod_specs(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the pointer of each pod specification in an object: where its kind has it, elsewhere found by its shape."""
    known = None if is_custom(body) else POD_SPECS.get(str(body.get("kind")))
    if known:
        yield known
    else:
        yield from _pod_shaped("", body)


def is_pod_spec(value: object) -> bool:
    """Say whether *value* looks like a pod specification: it has containers, and one of them an image."""
    containers = value.get("containers") if isinstance(value, dict) else None
    return isinstance(containers, list) and any(
        isinstance(one, dict) and one.get("image") is not None for one in containers
    )


def _pod_shaped(pointer: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if is_pod_spec(value):
            yield pointer
            return
        for key, inner in value.items():
            yield from _pod_shaped(f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _pod_shaped(f"{pointer}/{index}", inner)
