"""The operating system that a workload's own definition says its images are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.places import BuiltSystem
from pullready.facts.pods import CONTAINERS
from pullready.facts.pool_labels import WINDOWS
from pullready.facts.reference import ImageReference, parse
from pullready.facts.workloads import Workload

#: Repositories that hold Windows images and no others; a name that ends in a slash stands for all below it.
#: Source: https://learn.microsoft.com/virtualization/windowscontainers/manage-containers/container-base-images
WINDOWS_REPOSITORIES: Final = (
    "mcr.microsoft.com/windows",
    "mcr.microsoft.com/windows/",
    "mcr.microsoft.com/dotnet/framework/",
    "mcr.microsoft.com/oss/kubernetes/windows-host-process-containers-base-image",
)
_HOST_PROCESS: Final = "/securityContext/windowsOptions/hostProcess"


def declared_systems(workload: Workload) -> tuple[BuiltSystem, ...]:
    """Return everything in *workload* that tells the operating system of its images."""
    return tuple(_declared(workload))


def _declared(workload: Workload) -> Iterator[BuiltSystem]:
    pod = workload.pod
    if pod.os_name:
        yield BuiltSystem(pod.os_name, workload.evidence("/os/name", f"the pod says that it is for {pod.os_name}"))
    if pod.host_process:
        pointer = next(one for one in _host_process_pointers(workload) if workload.evidence(one, "").value == "true")
        yield BuiltSystem(WINDOWS, workload.evidence(pointer, "HostProcess containers exist on Windows alone"))
    for container in pod.containers:
        if container.image and is_windows_only(container.image):
            said = f"the image of {container.name} is for Windows alone"
            yield BuiltSystem(WINDOWS, workload.evidence(container.pointer, said))


def _host_process_pointers(workload: Workload) -> Iterator[str]:
    yield _HOST_PROCESS
    for group in CONTAINERS:
        for index in range(len(getattr(workload.pod.wire, group) or ())):
            yield f"/{group}/{index}{_HOST_PROCESS}"


def is_windows_only(image: str) -> bool:
    """Say whether *image* comes from a repository that is known to hold Windows images alone."""
    reference = parse(image)
    if not isinstance(reference, ImageReference):
        return False
    name = f"{reference.host}/{reference.repository}"
    return any(name == known or (known.endswith("/") and name.startswith(known)) for known in WINDOWS_REPOSITORIES)
