"""Images of a few bytes, as OCI layouts: https://github.com/opencontainers/image-spec/blob/main/image-layout.md"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, Final

Descriptor = dict[str, Any]
_OCI: Final = "application/vnd.oci.image"
INDEX: Final = f"{_OCI}.index.v1+json"
MANIFEST: Final = f"{_OCI}.manifest.v1+json"
CONFIG: Final = f"{_OCI}.config.v1+json"
LAYER: Final = f"{_OCI}.layer.v1.tar+gzip"
#: The two blocks of zeros that an empty archive has.
_EMPTY: Final = bytes(1024)
#: What stands in real images, and is none of a run's business.
_AROUND: Final[dict[str, Any]] = {
    "config": {"Env": ["DATABASE_PASSWORD=canary-variable"], "Cmd": ["/shop", "--key=canary-command"]},
    "history": [{"created_by": "ARG TOKEN=canary-argument"}],
}
_ANNOTATIONS: Final = {"org.opencontainers.image.description": "canary-annotation"}


class Layout:
    """A layout in *folder*, which is made where it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def image(self, os: str, architecture: str, **more: str) -> Descriptor:
        """Add the image of a platform, with *more* of it (``variant``, ``version``)."""
        told = {"variant": more.get("variant"), "os.version": more.get("version")}
        platform = {"os": os, "architecture": architecture, **{key: one for key, one in told.items() if one}}
        layer = self._blob(LAYER, gzip.compress(_EMPTY, mtime=0))
        rootfs = {"type": "layers", "diff_ids": [_digest(_EMPTY)]}
        # Registries keep the same content once for all repositories: what it is made of tells images apart.
        config = {**platform, "author": self.folder.name, "rootfs": rootfs, **_AROUND}
        return {**self._manifest(config, [layer]), "platform": platform}

    def attestation(self, of: Descriptor) -> Descriptor:
        """Add what BuildKit attests *of* an image, with the platform that nothing runs on."""
        told = {"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"digest": {"sha256": of["digest"][7:]}}]}
        statement = self._json("application/vnd.in-toto+json", told)
        rootfs = {"type": "layers", "diff_ids": [statement["digest"]]}
        config = {"os": "unknown", "architecture": "unknown", "rootfs": rootfs}
        annotations = {
            "vnd.docker.reference.digest": of["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        }
        made = self._manifest(config, [statement])
        return {**made, "annotations": annotations, "platform": {"os": "unknown", "architecture": "unknown"}}

    def index(self, *entries: Descriptor) -> Descriptor:
        """Add an index of *entries*."""
        told = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*entries], "annotations": _ANNOTATIONS}
        return self._json(INDEX, told)

    def holding(self, one: Descriptor) -> Path:
        """Let the layout hold *one* image or index; return its folder."""
        held = {key: one[key] for key in ("mediaType", "digest", "size")}
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [held]}))
        return self.folder

    def _manifest(self, config: dict[str, Any], layers: list[Descriptor]) -> Descriptor:
        told = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self._json(CONFIG, config), "layers": layers}
        return self._json(MANIFEST, {**told, "annotations": _ANNOTATIONS})

    def _json(self, kind: str, content: dict[str, Any]) -> Descriptor:
        return self._blob(kind, json.dumps(content, sort_keys=True).encode())

    def _blob(self, kind: str, content: bytes) -> Descriptor:
        digest = _digest(content)
        (self.folder / "blobs" / digest.replace(":", "/")).write_bytes(content)
        return {"mediaType": kind, "digest": digest, "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
