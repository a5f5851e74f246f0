"""What an embedded example shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.shop.environment import PROD, Bodies


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a copy of the shop: in its documents, or in one of its manifests.

    ``story`` tells how it came about, ``symptom`` is what kubelet says, ``without`` when it says so, ``remedy`` puts it
    right. ``manifests`` replaces the text of files of the healthy example. ``is_risk`` says that it is found as a risk,
    where the check may find more.
    """

    slug: str
    shows: str
    story: str
    symptom: str
    remedy: str
    without: str = "Without pullready, the pod stays in `ImagePullBackOff` and its events"
    cluster: str = PROD
    bodies: Bodies = field(default_factory=dict)
    manifests: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_risk: bool = False
