"""However many workloads name an image, its registry is asked once for each manifest that the nodes take of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pullready.collectors.live import collect
from pullready.collectors.manifests import read_manifests
from pullready.config import Settings, Target
from pullready.facts import MAKERS, ids, needs_of
from pullready.snapshot import Document, Provider, Snapshot, Status, TargetScope
from tests.azure import acr, runs
from tests.azure.fixtures import Serve
from tests.environment import NAMES
from tools.shop.contents import SHOPIMAGES, SHOPTOOLS, digest, entry, index, manifest

IMAGES: Final = 12
WORKLOADS: Final = 40
POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {{name: app-{number}, namespace: shop}}
spec: {{nodeSelector: {{kubernetes.io/os: linux}}, containers: [{{name: app, image: "{image}"}}]}}
"""


def named(number: int) -> tuple[str, str, str]:
    """Return where the image *number* is: two tags in each repository, at two registries."""
    return (SHOPIMAGES, SHOPTOOLS)[number % 2], f"apps/app-{number // 4}", f"v{number % 4 // 2}"


def held() -> list[Document]:
    """Return what the registries hold: indexes, each with a manifest for amd64 and one for arm64."""
    found: list[Document] = []
    for number in range(IMAGES):
        host, repository, tag = named(number)
        entries = [entry(f"{number} {one}", "linux", one) for one in ("amd64", "arm64")]
        bodies = {
            tag: index(*entries),
            **{digest(f"{number} {one}"): manifest(f"{number} {one}") for one in ("amd64", "arm64")},
        }
        found += [
            Document(
                id=ids.image_manifest(host, repository, version),
                provider=Provider.REGISTRY,
                status=Status.READ,
                body=body,
            )
            for version, body in bodies.items()
        ]
    return found


def test_each_image_takes_one_chain_of_requests_however_many_workloads_name_it(
    serve_registries: Serve, tmp_path: Path
) -> None:
    shop = runs.served()
    standin = serve_registries(acr.genuine(Snapshot([*shop, *held()], captured_at=shop.captured_at)))
    images = ["{}/{}:{}".format(*named(number % IMAGES)) for number in range(WORKLOADS)]
    # Written in other letters, and with the tag that another names by default, it is the same image.
    images += [image.replace("shop", "Shop", 1) for image in images[:IMAGES]]
    texts = [POD.format(number=number, image=image) for number, image in enumerate(images)]
    (tmp_path / "app.yaml").write_text("---\n".join(texts))
    manifests = read_manifests([str(tmp_path)], root=tmp_path, exclude=())
    target = Target("prod", cluster=NAMES["prod"])
    scope = TargetScope("prod", NAMES["prod"], manifests=tuple(one.id for one in manifests))
    empty = Snapshot(manifests, captured_at=datetime.now(UTC), targets=[scope])
    settings = replace(Settings(), cloud=standin.cloud)
    found = collect([target], settings, {"prod": needs_of(MAKERS)}, empty, lambda _: None)
    assert not found.unreadable()
    asked = Counter(standin.asked("registry"))
    contents = {id_: count for id_, count in asked.items() if "/v2/" in id_ and not id_.endswith("/v2/")}
    assert set(contents.values()) == {1}
    indexes = [id_ for id_ in contents if "sha256:" not in id_]
    assert len(indexes) == IMAGES
    # The nodes are amd64: what they would take, and no other manifest of the index.
    assert len(contents) == 2 * IMAGES
    repositories = {id_.partition("/manifests/")[0] for id_ in contents}
    tokens = sum(count for id_, count in asked.items() if id_.endswith("/oauth2/token"))
    assert tokens == len(repositories)
    exchanges = [count for id_, count in asked.items() if id_.endswith(("/v2/", "/oauth2/exchange"))]
    assert exchanges == [1] * 4
