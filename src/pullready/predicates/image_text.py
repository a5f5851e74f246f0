"""Image references that a node cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.images import ImageUse
from pullready.facts.reference import InvalidReference, has_placeholder
from pullready.verdict import Clear, Found, Judgement, Unknown

_LEFT_OVER: Final = "a placeholder in it was never filled in"


def invalid_reference(use: ImageUse) -> Iterator[Judgement]:
    """Yield whether the text that *use* has for an image is a reference at all, wherever that may lead."""
    match use.reference:
        case InvalidReference() if not use.image.strip():
            yield _set_by_others(use)
        case InvalidReference(reason):
            yield Found(
                use.subject,
                f"{use.image!r} is no image reference: {_LEFT_OVER if has_placeholder(use.image) else reason}",
                "HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST, the repository in lower case",
                "Correct the reference: a node refuses it (InvalidImageName) before it asks any registry",
                (use.evidence("", "the text in place of an image"),),
            )
        case reference:
            yield Clear(use.subject, (use.evidence("", f"reads as {reference}"),))


def _set_by_others(use: ImageUse) -> Unknown:
    """Say of an image that is left empty what Kubernetes says: something else may put one there."""
    return Unknown(
        use.subject,
        f"{use.container} of {use.workload.subject} leaves its image empty, and something else may set it",
        "Name it, or judge the live cluster where something else sets it",
        (use.evidence("", "the image is left empty"),),
    )
