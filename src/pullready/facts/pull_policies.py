"""When nodes pull the images that workloads name: the pull policies, with what Kubernetes sets where none is written.

Source: https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Final

import msgspec

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.base import Unread
from pullready.facts.hosts import MICROSOFT, is_declared
from pullready.facts.images import ImageUse
from pullready.facts.pods import Container
from pullready.facts.reference import ImageReference
from pullready.facts.scope import Scope, fact
from pullready.verdict import Evidence, Location

ALWAYS: Final = "Always"
IF_NOT_PRESENT: Final = "IfNotPresent"
NEVER: Final = "Never"
_POLICIES: Final = frozenset({ALWAYS, IF_NOT_PRESENT, NEVER})
#: What Kubernetes names critical: pods of these go first, and everything else makes room for them.
#: Source: https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/
_CRITICAL: Final = frozenset({"system-node-critical", "system-cluster-critical"})


class ContainerPolicy(msgspec.Struct, frozen=True):
    """When one container's image is pulled; ``is_written`` where the manifest says so itself."""

    container: Container
    policy: str
    is_written: bool


class PullPolicy(msgspec.Struct, frozen=True, dict=True):
    """An image of a workload and when nodes pull it; ``pulled_by`` are the other workloads that have it pulled."""

    use: ImageUse
    scope: Scope
    pulled_by: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The image and its workload."""
        return self.use.subject

    @property
    def location(self) -> Location | None:
        """Where the image is named."""
        return self.use.location

    @cached_property
    def reference(self) -> ImageReference:
        """The reference; raise :class:`NothingToJudge` where the text is none, or its registry is out of scope."""
        reference = self.use.reference
        if not isinstance(reference, ImageReference):
            raise NothingToJudge(f"{self.use.image!r} is no reference; invalid-image-reference judges that")
        if is_declared(reference.host, self.scope.settings.ignore_registries):
            raise NothingToJudge(f"{reference.host} is declared out of scope by ignore-registries")
        return reference

    @property
    def is_latest(self) -> bool:
        """Whether the image names no version, or the one that everybody moves."""
        return not self.reference.digest and self.reference.tag in {None, "latest"}

    @property
    def may_be_preloaded(self) -> bool:
        """Whether the image may be part of the nodes' own image: Microsoft puts some of its own there."""
        return self.reference.host in MICROSOFT

    @cached_property
    def policies(self) -> tuple[ContainerPolicy, ...]:
        """The policy of each container with the image; raise :class:`FactUnavailable` for one that is none."""
        return tuple(self._policy(one) for one in self.use.workload.pod.containers if one.image == self.use.image)

    def _policy(self, container: Container) -> ContainerPolicy:
        written = container.pull_policy
        if written and written not in _POLICIES:
            raise FactUnavailable(
                f"{written!r} of {container.name} is no pull policy, and an API server refuses it",
                "Write Always, IfNotPresent or Never",
                document=self.use.document.id,
                pointer=self.use.workload.base + container.policy_pointer,
            )
        return ContainerPolicy(container, written or (ALWAYS if self.is_latest else IF_NOT_PRESENT), bool(written))

    @property
    def is_critical_daemon(self) -> bool:
        """Whether the pods run on every node and are critical."""
        return self.use.workload.kind == "DaemonSet" and self.use.workload.pod.priority_class in _CRITICAL

    def says(self, one: ContainerPolicy) -> Evidence:
        """Return the place of a policy as evidence; it is empty where Kubernetes sets it."""
        said = f"{one.container.name} has the pull policy {one.policy}" + (
            "" if one.is_written else ", which Kubernetes sets for this image"
        )
        return self.use.workload.evidence(one.container.policy_pointer, said)


@fact()
def pull_policies(scope: Scope, images: tuple[ImageUse | Unread, ...]) -> tuple[PullPolicy | Unread, ...]:
    """Return each image of each workload with when it is pulled."""
    pulling: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for use in images:
        if isinstance(use, ImageUse) and _pulls(use):
            pulling[_name(use)][use.workload.subject] = None
    return tuple(use if isinstance(use, Unread) else PullPolicy(use, scope, _others(use, pulling)) for use in images)


def _pulls(use: ImageUse) -> bool:
    return any(one.image == use.image and one.pull_policy != NEVER for one in use.workload.pod.containers)


def _others(use: ImageUse, pulling: dict[str, dict[str, None]]) -> tuple[str, ...]:
    return tuple(one for one in pulling.get(_name(use), ()) if one != use.workload.subject)


def _name(use: ImageUse) -> str:
    return str(use.reference) if isinstance(use.reference, ImageReference) else use.image
