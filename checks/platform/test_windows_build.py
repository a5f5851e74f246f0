"""Every Windows image is made with a build that the nodes run which its pods may land on.

Symptom: ``failed to pull and unpack image "…": no match for platform in manifest: not found``; an image for one
platform alone is pulled all the same, and its container ends with ``The container operating system does not match the
host operating system``.

Cause: containers of Windows share the kernel of their node, and the image is made with another build of Windows Server
than the node has: after an upgrade of the node pool, or of the base image.

Fix: build the image for each build and push them under one index, or choose the nodes in the pod template::

    nodeSelector:
      node.kubernetes.io/windows-build: 10.0.20348

The build of a pool's nodes is told by the version of its node image (``AKSWindows-2022-containerd-20348.…``) and by its
``osSKU``; where they differ the nodes are being changed, and both count. That of an image is told by ``os.version`` in
its index, else in its configuration; the fourth part, the revision, makes no difference. A node takes the build of its
own; later ones than Windows Server 2022, the annual channel among them, take images of Windows Server 2022 too. AKS
isolates by process alone; where a RuntimeClass may isolate by Hyper-V, older builds are unknown. HostProcess
containers run on every build, but of an index only what matches the node is taken, or an entry that names no build.

A finding is a risk where other pools run the image, and a blocker where none does, and for a DaemonSet. A pool with
Windows Server 2019, which AKS no longer supports, runs its own images as long as it is there; none is proposed.

What a registry holds is judged from a snapshot that has the registry's answers. In a run that asks no registry for
anything the check does not apply.
"""

from pullready import Severity, check, judge
from pullready.facts import PulledImage, Unread
from pullready.predicates.windows_build import windows_build_mismatch


@check(
    "windows-os-build-mismatch",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/aks/upgrade-windows-os",
)
def test_every_windows_image_is_made_for_the_nodes_that_it_lands_on(
    pulled_images: tuple[PulledImage | Unread, ...],
) -> None:
    judge(pulled_images, windows_build_mismatch)
