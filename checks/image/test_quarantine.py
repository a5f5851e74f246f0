"""No image that workloads name waits in its registry's quarantine.

Symptom: ``failed to resolve reference "…": …: not found`` for a tag, ``The operation is disallowed`` for a digest,
though the image was pushed and is listed.

Cause: the registry's quarantine policy (a preview) is enabled. What is pushed stays hidden until a scanner marks it as
good, and nothing did. Who has a role with ``quarantine/read``, such as AcrQuarantineReader or Owner, pulls it all the
same. By their digest registries have been seen to give such images out, which is a risk to rely on.

Fix: let the scanner release the image, or switch the policy off::

    az resource update --ids REGISTRY-ID --set properties.policies.quarantinePolicy.status=disabled

Where the registry does not say how an image stands, it is unknown.
"""

from pullready import Severity, check, judge
from pullready.facts import QuarantinedImage, Unread
from pullready.predicates.quarantine import quarantine_hides


@check(
    "quarantine-policy-hides-image",
    severity=Severity.BLOCKER,
    reference="https://github.com/Azure/acr/tree/main/docs/preview/quarantine",
)
def test_no_image_waits_in_quarantine(quarantined_images: tuple[QuarantinedImage | Unread, ...]) -> None:
    judge(quarantined_images, quarantine_hides)
