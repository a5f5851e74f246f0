"""What the healthy shop's registries hold, and the sizes of its machines, in the shapes that are documented."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from pullready.facts import ids

SHOPIMAGES: Final = "shopimages.azurecr.io"
SHOPTOOLS: Final = "shoptools.azurecr.io"
#: The digest of the report's image is the one that its manifest names.
REPORT: Final = "sha256:" + "0123456789abcdef" * 4
_OCI: Final = "application/vnd.oci.image"
_DOCKER: Final = "application/vnd.docker"
_IN_TOTO: Final = "application/vnd.in-toto+json"


def digest(name: str) -> str:
    """Return a digest that stands for *name* wherever it is asked for."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


#: The image of the older cluster: its manifest and its configuration.
STOCK: Final = (
    ids.image_manifest(SHOPTOOLS, "stock", "3.2.1"),
    ids.image_config(SHOPTOOLS, "stock", digest("stock config")),
)


def manifest(name: str, *, docker: bool = False) -> dict[str, Any]:
    """Return the manifest of an image with one layer, whose configuration has the digest of *name* and ``config``."""
    kinds = ("distribution.manifest.v2+json", "container.image.v1+json", "image.rootfs.diff.tar.gzip")
    kinds = kinds if docker else ("manifest.v1+json", "config.v1+json", "layer.v1.tar+gzip")
    prefix = _DOCKER if docker else _OCI
    of, config, layer = (f"{prefix}.{kind}" for kind in kinds)
    return {
        "schemaVersion": 2,
        "mediaType": of,
        "config": {"mediaType": config, "digest": digest(f"{name} config"), "size": 1472},
        "layers": [{"mediaType": layer, "digest": digest(f"{name} layer"), "size": 3370628}],
    }


def entry(
    name: str, os: str, architecture: str, more: dict[str, str] | None = None, *, docker: bool = False
) -> dict[str, Any]:
    """Return what an index says of the manifest with the digest of *name*."""
    kind = f"{_DOCKER}.distribution.manifest.v2+json" if docker else f"{_OCI}.manifest.v1+json"
    platform = {"architecture": architecture, "os": os, **(more or {})}
    return {"mediaType": kind, "digest": digest(name), "size": 1051, "platform": platform}


def index(*entries: dict[str, Any], docker: bool = False) -> dict[str, Any]:
    """Return an index of *entries*."""
    kind = f"{_DOCKER}.distribution.manifest.list.v2+json" if docker else f"{_OCI}.index.v1+json"
    return {"schemaVersion": 2, "mediaType": kind, "manifests": list(entries)}


def contents() -> dict[str, Any]:
    """Return the manifests that the nodes take, and the configurations of those that no index names."""
    return {
        ids.image_manifest(SHOPIMAGES, "web", "1.4.2"): index(
            entry("web amd64", "linux", "amd64"),
            entry("web arm64", "linux", "arm64", {"variant": "v8"}),
            entry("web attestation", "unknown", "unknown"),
        ),
        ids.image_manifest(SHOPIMAGES, "web", digest("web amd64")): manifest("web amd64"),
        ids.image_manifest(SHOPIMAGES, "billing", "7.0.3"): index(
            entry("billing", "windows", "amd64", {"os.version": "10.0.20348.2700"})
        ),
        ids.image_manifest(SHOPIMAGES, "billing", digest("billing")): manifest("billing"),
        ids.image_manifest(SHOPIMAGES, "jobs/report", REPORT): manifest("report"),
        ids.image_config(SHOPIMAGES, "jobs/report", digest("report config")): {"architecture": "amd64", "os": "linux"},
        ids.image_manifest(SHOPTOOLS, "db-migrate", "2.1.0"): index(
            entry("db-migrate amd64", "linux", "amd64", docker=True),
            entry("db-migrate arm64", "linux", "arm64", {"variant": "v8"}, docker=True),
            docker=True,
        ),
        ids.image_manifest(SHOPTOOLS, "db-migrate", digest("db-migrate amd64")): manifest("db-migrate", docker=True),
        **dict(zip(STOCK, (manifest("stock", docker=True), {"architecture": "amd64", "os": "linux"}), strict=True)),
    }


def size(name: str, architecture: str) -> dict[str, Any]:
    """Return what is kept of a size of virtual machines."""
    told = [{"name": "CpuArchitectureType", "value": architecture}]
    return {"resourceType": "virtualMachines", "name": name, "capabilities": told}


def sizes() -> list[dict[str, Any]]:
    """Return sizes with processors of either architecture."""
    return [size("Standard_D4s_v5", "x64"), size("Standard_D4ps_v5", "Arm64")]
