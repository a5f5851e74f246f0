"""Every image is built for the processors of the nodes that its pods may land on.

Symptom: ``failed to pull and unpack image "…": no match for platform in manifest: not found``; an image for one
platform alone is pulled all the same, and its container ends with ``exec format error``.

Cause: the image is built for ``amd64`` alone, and a pool with Arm processors takes the pods, or the other way round.

Fix: build the image for both, or choose the nodes in the pod template::

    docker buildx build --platform linux/amd64,linux/arm64 --tag IMAGE --push .

    nodeSelector:
      kubernetes.io/arch: amd64

The architecture of a pool is what Azure says of the size of its machines (``CpuArchitectureType``), never what the
name of the size looks like. Which pools may take a pod is told as by ``pod-os-nodeselector-mismatch``, and a pool
whose architecture the pod does not choose takes none. What an image is for is told by its index, attestations left
out, else by the image's configuration; platforms match as containerd matches them: ``arm64`` is ``arm64/v8``, and a
node of ``amd64`` takes ``386``. Whether an Arm processor runs 32-bit ``arm`` is unknown. A finding is a risk where
other nodes fit, and a blocker where none does, and for a DaemonSet.

What a registry holds is judged from a snapshot that has the registry's answers. In a run that asks no registry for
anything the check does not apply, and the platform of every image stays unproven.
"""

from pullready import Severity, check, judge
from pullready.facts import PulledImage, Unread
from pullready.predicates.image_platform import architecture_mismatch


@check(
    "image-architecture-mismatch",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/aks/use-arm64-vms",
)
def test_every_image_is_built_for_the_nodes_that_it_lands_on(pulled_images: tuple[PulledImage | Unread, ...]) -> None:
    judge(pulled_images, architecture_mismatch)
