"""The links of the pull path: which check is about which, and when a link is proven."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from pullready.verdict import Verdict

#: The links of the way that a pull takes, in its order.
PULL_PATH: Final = (
    "reference",
    "identity",
    "credential",
    "dns",
    "route",
    "firewall",
    "gate",
    "manifest",
    "platform",
    "layers",
)
#: Which link a check proves where it is clear. The links that no check proves yet stay unproven; a check that is not
#: here proves none, for a pull may well succeed where it finds something.
PROVES: Final[Mapping[str, str]] = {
    "invalid-image-reference": "reference",
    "image-uses-privatelink-hostname": "reference",
    "cloud-suffix-mismatch": "reference",
    "dnl-login-server-mismatch": "reference",
    "image-reference-registry-unknown": "reference",
    "kubelet-pull-role-missing": "identity",
    "abac-registry-acrpull-not-honoured": "identity",
    "scope-map-lacks-repository-read": "identity",
    "kubelet-identity-not-on-vmss": "credential",
    "cluster-sp-secret-expired": "credential",
    "pull-secret-sp-invalid-or-expired": "credential",
    "pull-secret-admin-password-stale": "credential",
    "pull-secret-wrong-server-key": "credential",
    "pull-secret-not-referenced-or-wrong-namespace": "credential",
    "pull-secret-entra-token-expired": "credential",
    "admin-user-disabled-with-admin-secret": "credential",
    "registry-token-disabled-or-expired": "credential",
    "private-dns-zone-not-linked-to-cluster-vnet": "dns",
    "vnet-peering-missing-or-disconnected": "route",
    "route-table-blackholes-registry": "route",
    "nsg-blocks-registry-egress": "firewall",
    "hub-firewall-blocks-private-endpoint": "firewall",
    "nva-or-firewall-blocks-registry": "firewall",
    "tls-handshake-timeout-path": "firewall",
    "registry-firewall-excludes-cluster-egress": "gate",
    "registry-public-access-disabled-without-private-path": "gate",
    "image-or-repo-read-disabled": "manifest",
    "image-pull-policy-hazard": "manifest",
    "image-manifest-missing": "manifest",
    "soft-deleted-artifact": "manifest",
    "quarantine-policy-hides-image": "manifest",
    "pod-os-nodeselector-mismatch": "platform",
    "image-architecture-mismatch": "platform",
    "windows-os-build-mismatch": "platform",
}
#: The link that only one of its checks proves, the one that knows what the image is for; the others can but break it.
_PROVEN_BY: Final[Mapping[str, str]] = {
    "reference": "image-reference-registry-unknown",
    "manifest": "image-manifest-missing",
    "platform": "image-architecture-mismatch",
}
#: Checks that can but break their link: what they are clear of is one reason of many why a login is refused. So it is
#: with the tokens of a registry, whose passwords are told nobody: one that has the right may still not be signed in as.
_BREAKING: Final = frozenset(
    {
        "pull-secret-wrong-server-key",
        "pull-secret-not-referenced-or-wrong-namespace",
        "pull-secret-entra-token-expired",
        "admin-user-disabled-with-admin-secret",
        "registry-token-disabled-or-expired",
        "scope-map-lacks-repository-read",
    }
)
#: The check that must have been asked as well before the link is proven, whether or not it applies: an image in
#: quarantine may be given out to whoever runs this, and not to the nodes.
_ASKED_TOO: Final[Mapping[str, str]] = {
    "manifest": "quarantine-policy-hides-image",
    "platform": "windows-os-build-mismatch",
}
#: What leads to the layers, and what names them. They are no check's own: what is judged of the way to a registry is
#: judged of the way to each of its endpoints.
_BEFORE_LAYERS: Final = frozenset({"dns", "route", "firewall", "gate", "manifest", "platform"})


class Shown(msgspec.Struct, frozen=True):
    """What facts show of a pull beside what checks say; each is asked for only where the checks leave it to that.

    ``is_private``: the registry's name leads to a private endpoint. ``is_answered``: it is sure that the nodes' DNS
    leads to each endpoint. ``has_layers``: every hop to each endpoint lets pass, and the registry itself holds what the
    manifests that the nodes take are made of.
    """

    is_private: Callable[[], bool]
    is_answered: Callable[[], bool]
    has_layers: Callable[[], bool]


def proven_links(said: Mapping[str, set[tuple[str, Verdict]]], shown: Shown) -> tuple[str, ...]:
    """Return the links that are proven by what checks have *said* of each, and by what facts have *shown*."""
    proven = {link for link in PULL_PATH if _is_proven(link, said.get(link, set()), shown)}
    if proven >= _BEFORE_LAYERS and shown.has_layers():
        proven.add("layers")
    return tuple(link for link in PULL_PATH if link in proven)


def _is_proven(link: str, said: set[tuple[str, Verdict]], shown: Shown) -> bool:
    """Say whether checks of *link* were asked, one that can prove it is clear, and none of them anything worse.

    A private path has no gate to pass, and without a private endpoint there is no zone to be clear about.
    """
    kinds = {kind for _, kind in said}
    if not kinds or kinds & {Verdict.FOUND, Verdict.UNKNOWN}:
        return False
    if link in _ASKED_TOO and all(check != _ASKED_TOO[link] for check, _ in said):
        return False
    if link == "dns":
        return shown.is_answered()
    proving = {check for check, kind in said if kind is Verdict.CLEAR} - _BREAKING
    if any(_PROVEN_BY.get(link, check) == check for check in proving):
        return True
    return link == "gate" and shown.is_private()
