"""The faults that show in what images are called, and in how they are pulled, each in a copy of the healthy shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pullready.facts import ids
from tools.shop.environment import SHOPTOOLS, SUBSCRIPTION, Body, registries
from tools.shop.fault import Fault

_LABELLED: Final = "shoptools-exfrbuffaye7ceag.azurecr.io"
_WEB: Final = "shopimages.azurecr.io/web:1.4.2"


def name_faults() -> Iterator[Fault]:
    """Yield one fault for each check that judges an image by its text."""
    yield _named(
        "invalid-image-reference",
        "shopimages.azurecr.io/Web:1.4.2",
        "The repository is written with a capital letter",
        "Windows and the build server take Web for web. An image reference does not: it is refused before any registry is\n"
        "asked.",
        'Failed to apply default image tag "shopimages.azurecr.io/Web:1.4.2": couldn\'t parse image name\n'
        '"shopimages.azurecr.io/Web:1.4.2": invalid reference format: repository name (Web) must be lowercase',
        without="Without pullready, the pod stays in `InvalidImageName` and its events",
    )
    yield _named(
        "image-uses-privatelink-hostname",
        "shopimages.privatelink.azurecr.io/web:1.4.2",
        "The image names the registry as private link does",
        "The registry got a private endpoint, and somebody took the name in its DNS zone for the registry's new one.",
        'failed to resolve reference "shopimages.privatelink.azurecr.io/web:1.4.2": failed to do request: Head\n'
        '"https://shopimages.privatelink.azurecr.io/v2/web/manifests/1.4.2": tls: failed to verify certificate: x509:\n'
        "certificate is valid for *.azurecr.io, not shopimages.privatelink.azurecr.io",
    )
    yield _named(
        "cloud-suffix-mismatch",
        "shopimages.azurecr.us/web:1.4.2",
        "The image names a registry of another Azure cloud",
        "The manifest was copied from the shop's other cluster, which runs in the cloud of the US government.",
        'failed to resolve reference "shopimages.azurecr.us/web:1.4.2": failed to do request: Head\n'
        '"https://shopimages.azurecr.us/v2/web/manifests/1.4.2": dial tcp: lookup shopimages.azurecr.us: no such host',
    )
    yield Fault(
        "dnl-login-server-mismatch",
        "The registry has a domain name label, and the image is named without it",
        "The registry of the tools was made anew, this time with a domain name label, as the portal proposes. The manifests\n"
        "still have the host that its name seems to give.",
        'failed to resolve reference "shoptools.azurecr.io/db-migrate:2.1.0": failed to do request: Head\n'
        '"https://shoptools.azurecr.io/v2/db-migrate/manifests/2.1.0": dial tcp: lookup shoptools.azurecr.io: no such host',
        "az acr show --name shoptools --query loginServer\n"
        f"kubectl set image --namespace shop deployment/web migrate={_LABELLED}/db-migrate:2.1.0",
        bodies={
            ids.registries_in(SUBSCRIPTION): _labelled(),
            SHOPTOOLS: _labelled()[1],
            ids.registry_name(SUBSCRIPTION, "shoptools"): {"nameAvailable": True},
        },
    )
    yield Fault(
        "image-pull-policy-hazard",
        "The nodes may not pull an image that they lack",
        "The manifest was written on a developer's machine, where the image is built and never pulled. On the first node it\n"
        "ran, because an older release had been there.",
        f'Container image "{_WEB}" is not present with pull policy of Never',
        "kubectl patch --namespace shop deployment/web --patch \\\n"
        '  \'{"spec": {"template": {"spec": {"containers": [{"name": "web", "imagePullPolicy": "IfNotPresent"}]}}}}\'',
        without="Without pullready, the pod stays in `ErrImageNeverPull` and its events",
        manifests={"web.yaml": (f"image: {_WEB}\n", f"image: {_WEB}\n          imagePullPolicy: Never\n")},
    )


def _labelled() -> list[Body]:
    """Return the shop's registries, with a domain name label in the login server of that for tools."""
    listed = registries()
    listed[1]["properties"]["loginServer"] = _LABELLED
    return listed


def _named(slug: str, image: str, shows: str, story: str, symptom: str, *, without: str = "") -> Fault:  # noqa: PLR0913
    """Return the fault that the web shop's image is called *image*."""
    fault = Fault(
        slug,
        shows,
        story,
        symptom,
        f"kubectl set image --namespace shop deployment/web web={_WEB}",
        manifests={"web.yaml": (f"image: {_WEB}", f"image: {image}")},
    )
    return replace(fault, without=without) if without else fault
