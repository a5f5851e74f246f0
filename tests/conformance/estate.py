"""Clusters, registries and manifests as one thing to judge: all of it real, but for Azure, which is the stand-in's."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from pullready.collectors.kubernetes import SECRETS
from pullready.outcome import Run
from pullready.verdict import Verdict
from tests.azure import runs
from tests.azure.behind import access_to
from tests.azure.standin import Standin
from tests.kubernetes import objects
from tests.kubernetes.objects import Body
from tests.kubernetes.server import CONTEXT, ApiServer
from tests.registry.layouts import INDEX
from tests.registry.server import Registry
from tests.registry.shop import Image
from tools.examples import documents

#: What a test may change in a namespace of the live cluster.
_KINDS: Final = (
    ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "statefulsets"),
    ("/apis/batch/v1", "cronjobs"),
    ("/api/v1", "secrets"),
)
_TOLD: Final = {"read-registries": True, "read-secrets": True}


@dataclass(frozen=True)
class Estate:
    """All of it: change something, and judge."""

    standin: Standin
    registries: Mapping[str, Registry]
    server: ApiServer
    folder: Path

    def judge(self) -> Run:
        """Judge it."""
        return runs.judge(self.folder / "pullready.yaml")

    def digest(self, image: Image) -> str:
        """Return the digest that the tag of *image* points to."""
        return str(self.registries[image.host].pointed_at(image.repository, image.tag))

    def lose(self, image: Image) -> None:
        """Delete the tag of *image*."""
        self.registries[image.host].lose_tag(image.repository, image.tag)

    def lose_manifest(self, image: Image) -> None:
        """Delete the manifest that the tag of *image* points to."""
        self.registries[image.host].lose_manifest(image.repository, self.digest(image))

    def lose_entry(self, image: Image, place: int) -> None:
        """Delete a manifest that the index of *image* names."""
        headers = {"authorization": f"Bearer {access_to(image.host, image.repository, 'pull')}", "accept": INDEX}
        registry = self.registries[image.host]
        answer = registry.send("GET", f"/v2/{image.repository}/manifests/{self.digest(image)}", headers)
        registry.lose_manifest(image.repository, json.loads(answer.body)["manifests"][place]["digest"])

    def change_pool(self, cluster: str, name: str, **properties: Any) -> None:
        """Change a node pool of *cluster*."""
        document = self.standin.snapshot.document(cluster)
        body = copy.deepcopy(document.body)
        [pool] = [one for one in body["properties"]["agentPoolProfiles"] if one["name"] == name]
        pool.update(properties)
        self.standin.snapshot = self.standin.snapshot.with_documents([replace(document, body=body)])

    def say(self, bodies: Mapping[str, Any]) -> None:
        """Let Azure and the registries say *bodies* of themselves."""
        self.standin.snapshot = self.standin.snapshot.with_documents(documents(bodies))

    def deploy(self, manifests: Mapping[Path, str], old: Body) -> None:
        """Make the live cluster what *manifests* say, by path; *old* is there, too, and something is to replace it."""
        namespace = old["metadata"]["namespace"]
        for head, kind in _KINDS:
            self.server.request("DELETE", f"{head}/namespaces/{namespace}/{kind}?propagationPolicy=Background")
        self.server.apply([old, *(one for text in manifests.values() for one in objects.loads(text))])

    def configure(self, described: Iterable[Mapping[str, Any]], live: str, manifests: Mapping[Path, str]) -> None:
        """Write the *manifests* that are about to be deployed, in a folder for each of the targets *described*.

        The target whose folder is called *live* is that of the live cluster.
        """
        targets = []
        for target in described:
            name = Path(target["manifests"][0]).name
            targets.append({**target, "manifests": [name], **({"context": CONTEXT} if name == live else {})})
        for path, text in manifests.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        runs.configure(self.folder, self.standin, targets, **_TOLD)


def bound(server: ApiServer, *beside: Body) -> ApiServer:
    """Give the reader of *server* what the product says that it needs, and apply what is *beside* all that changes."""
    roles = [objects.cluster_role(), objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")]
    server.apply([*roles, *beside])
    server.await_access([*objects.listed().values(), SECRETS])
    return server


def manifests_in(folder: Path) -> dict[Path, str]:
    """Return the manifests of the healthy example in *folder*, by their paths in its folder of them."""
    root = folder / "manifests"
    return {path.relative_to(root): path.read_text() for path in sorted(root.rglob("*.yaml"))}


def gating(run: Run) -> set[str]:
    """Return the checks that found something by themselves, and those that are unknown."""
    return {
        result.check.id
        for result in run.results
        if (result.verdict is Verdict.FOUND and not result.because_of) or result.verdict is Verdict.UNKNOWN
    }
