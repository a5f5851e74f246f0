"""Every image reference can be read by a node.

Symptom: ``InvalidImageName``, and ``couldn't parse image name "…": invalid reference format: repository name (…) must
be lowercase``.

Cause: the text under ``image:`` does not have the form of a reference: upper-case letters in the repository, a scheme
such as ``https://``, a tag that is empty or too long, a digest that is cut off, white space, a placeholder that nobody
filled in, or an image's id. The node asks no registry, whatever the pull policy is.

Fix: write it as ``HOST/REPOSITORY:TAG`` or ``HOST/REPOSITORY@sha256:DIGEST``, for example::

    kubectl set image deployment/WORKLOAD CONTAINER=REGISTRY.azurecr.io/REPOSITORY:TAG

A manifest with placeholders is not judged before it is rendered, and is unknown. Found are those that the live cluster
has. An image that is left empty for something else to set is unknown.
"""

from pullready import Severity, check, judge
from pullready.facts import ImageUse, Unread
from pullready.predicates.image_text import invalid_reference


@check(
    "invalid-image-reference",
    severity=Severity.BLOCKER,
    reference="https://kubernetes.io/docs/concepts/containers/images/#image-names",
)
def test_image_references_can_be_read(images: tuple[ImageUse | Unread, ...]) -> None:
    judge(images, invalid_reference)
