"""No image that workloads name was deleted and waits in its registry's bin.

Symptom: ``failed to resolve reference "…": …: not found``; in the registry's words, ``manifest unknown``.

Cause: the image, or the manifest that the nodes take of an index, was deleted from a registry with the
soft delete policy (a preview), which keeps it for some days before it is gone for good.

Fix: restore it. The manifests in an index are restored one by one, and pushing the same manifest
anew is refused as long as it is in the bin::

    az acr manifest restore --registry REGISTRY --name REPOSITORY:TAG --digest DIGEST

A registry is asked for its bin only where an image is not there. What is not in the bin either is
found by ``image-manifest-missing``.
"""

from pullready import Severity, check, judge
from pullready.facts import PulledImage, Unread
from pullready.predicates.deleted_image import soft_deleted


@check(
    "soft-deleted-artifact",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy",
)
def test_no_image_waits_in_the_bin(pulled_images: tuple[PulledImage | Unread, ...]) -> None:
    judge(pulled_images, soft_deleted)
