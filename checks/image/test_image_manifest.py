"""Every image is in its registry: the repository, the tag or digest, and the manifest that the nodes take.

Symptom: ``failed to resolve reference "…": …: not found``; in the registry's words, ``manifest tagged by "…" is not
found``. Where the credential is for some repositories alone, an unknown repository is a ``401``.

Cause: the tag was never pushed or is misspelt, the manifest was deleted and the tag is left over, the digest was
purged, or an index is there and the manifest for the nodes' platform in it is not.

Fix: correct the reference, or bring the image back::

    az acr import --name REGISTRY --source SOURCE --image REPOSITORY:TAG
    az acr manifest restore REGISTRY.azurecr.io/REPOSITORY:TAG

Where a cache rule of the registry fills the repository, the tag appears with the first pull. The check does not
apply, and no live run asks for it, which would be such a pull; nor does it where reading is switched off, or where the
image is in the registry's bin or in quarantine, which are faults of their own. An image of which a registry that keeps
some in quarantine shows nothing is unknown. A node that has the image already starts it all the same unless it always
pulls; the next new node does not.

What a registry holds is judged from a snapshot that has the registry's answers. In a run that asks no registry for
anything the check does not apply, and the manifest of every image stays unproven.
"""

from pullready import Severity, check, judge
from pullready.facts import PulledImage, Unread
from pullready.predicates.image_manifest import manifest_missing


@check(
    "image-manifest-missing",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_every_image_is_in_its_registry(pulled_images: tuple[PulledImage | Unread, ...]) -> None:
    judge(pulled_images, manifest_missing)
