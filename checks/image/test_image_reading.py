"""Registries give out the images that workloads name.

Symptom: ``The operation is disallowed on this registry, repository or image``, and sometimes ``not found``.

Cause: reading was switched off (``readEnabled: false``) for the repository, the tag or the manifest. They are switched
apart from each other, and one that is off is enough.

Fix: switch it on again where it is off::

    az acr repository update --name REGISTRY --repository REPOSITORY --read-enabled true
    az acr repository update --name REGISTRY --image REPOSITORY:TAG --read-enabled true

Locks against writing and deleting protect an image and harm no pull, and neither does a lock of Azure Resource Manager
on the registry. How an image and its repository are set is only read where the registry does not give the image out.
"""

from pullready import Severity, check, judge
from pullready.facts import PulledImage, Unread
from pullready.predicates.image_reading import reading_disabled


@check(
    "image-or-repo-read-disabled",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-image-lock",
)
def test_registries_give_out_the_images(pulled_images: tuple[PulledImage | Unread, ...]) -> None:
    judge(pulled_images, reading_disabled)
