"""What registries hold: platforms, the ids of documents, what is kept of an answer, and how it is read again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import structs

from pullready.collectors import artifacts
from pullready.collectors.saved import cleaned
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable
from pullready.facts import Facts, ids, needs_of
from pullready.facts.artifact_properties import pointed_at, quarantined, read_disabled
from pullready.facts.artifacts import Artifact
from pullready.facts.platforms import platform
from pullready.facts.scope import Scope
from pullready.predicates.image_manifest import manifest_missing
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.spec import run_check
from pullready.verdict import Found, Unknown
from tests.azure import environments, runs
from tests.azure.fixtures import Serve
from tests.environment import case_scope
from tests.test_collectors import ROOT, read
from tools.shop.contents import contents, index, manifest
from tools.shop.environment import SHOP, SHOPTOOLS, SUBSCRIPTION

NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
HOST: Final = "shopimages.azurecr.io"
VCPUS: Final = {"name": "vCPUs", "value": "4"}
DIGEST: Final = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("built", "os", "architecture", "runs"),
    [
        (("linux", "amd64", ""), "linux", "amd64", True),
        (("Linux", "X86_64", ""), "linux", "amd64", True),
        (("linux", "amd64", "v1"), "linux", "amd64", True),
        (("linux", "amd64", "v2"), "linux", "amd64", None),
        (("linux", "amd64", "v3"), "linux", "amd64", None),
        (("linux", "386", ""), "linux", "amd64", True),
        (("linux", "i386", ""), "linux", "amd64", True),
        (("linux", "386", ""), "linux", "arm64", False),
        (("windows", "386", ""), "windows", "amd64", False),
        (("linux", "arm64", ""), "linux", "arm64", True),
        (("linux", "aarch64", "8"), "linux", "arm64", True),
        (("linux", "arm64", "v8"), "linux", "arm64", True),
        (("linux", "arm64", "v8.0"), "linux", "arm64", True),
        (("linux", "arm64", "v9"), "linux", "arm64", None),
        (("linux", "arm", "v7"), "linux", "arm64", None),
        (("linux", "arm64", "v8.1"), "linux", "arm64", None),
        (("linux", "arm", "v6"), "linux", "arm64", None),
        (("linux", "arm", "v5"), "linux", "arm64", None),
        (("linux", "arm", ""), "linux", "arm64", None),
        (("windows", "arm", "v7"), "windows", "arm64", None),
        (("linux", "riscv64", ""), "linux", "arm64", False),
        (("linux", "amd64p32", ""), "linux", "amd64", False),
        (("linux", "arm", "v7"), "linux", "amd64", False),
        (("linux", "arm64", ""), "linux", "amd64", False),
        (("linux", "amd64", ""), "linux", "arm64", False),
        (("linux", "amd64", ""), "windows", "amd64", False),
        (("windows", "amd64", ""), "windows", "amd64", True),
    ],
)
def test_platforms_match_as_containerd_matches_them(
    built: tuple[str, str, str], os: str, architecture: str, *, runs: bool | None
) -> None:
    assert platform(*built).runs_on(os, architecture) is runs


def test_a_platform_is_said_in_containerds_spelling() -> None:
    assert str(platform("Linux", "AArch64", "V8")) == "linux/arm64"
    assert str(platform("linux", "arm", "v7")) == "linux/arm/v7"
    assert not platform("unknown", "unknown").is_real
    assert platform("linux", "amd64").is_real


def test_tags_that_differ_in_capitals_have_two_ids() -> None:
    for of in (ids.image_manifest, ids.tag_properties):
        tags = {of(HOST, "web", tag).casefold() for tag in ("RC-1", "rc-1", "Rc-1", "rc%2D1")}
        assert len(tags) == 4
    assert ids.image_manifest(HOST, "web", "V1") == f"https://{HOST}/v2/web/manifests/%561"
    assert ids.image_manifest(HOST, "web", DIGEST) == f"https://{HOST}/v2/web/manifests/{DIGEST}"


def test_of_a_configuration_only_the_platform_is_kept() -> None:
    body = {
        "os": "windows",
        "architecture": "amd64",
        "os.version": "10.0.20348.1",
        "os.features": ["win32k"],
        "author": "somebody",
        "config": {"Env": ["PASSWORD=hunter2"]},
        "history": [{"created_by": "RUN curl -u a:b"}],
        "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    }
    kept = artifacts.reduced(ids.image_config(HOST, "web", DIGEST), body)
    assert kept == {key: body[key] for key in ("os", "architecture", "os.version", "os.features")}


@pytest.mark.parametrize("id_", sorted(contents()))
def test_of_the_manifests_of_the_example_all_is_kept(id_: str) -> None:
    body = contents()[id_]
    assert artifacts.reduced(id_, body) == body


@pytest.mark.parametrize("id_", [f"https://{HOST}/v2/_catalog", f"https://{HOST}/oauth2/token", "https://x"])
def test_of_other_answers_nothing_is_kept(id_: str) -> None:
    assert artifacts.reduced(id_, {"access_token": "a", "repositories": ["b"]}) == {}
    assert artifacts.reduced(ids.image_manifest(HOST, "web", "1"), ["a"]) == {}


def test_of_sizes_the_architecture_of_machines_is_kept() -> None:
    machine = {
        "resourceType": "virtualMachines",
        "name": "Standard_D4ps_v5",
        "family": "standardDPSv5Family",
        "restrictions": [],
        "capabilities": [{"name": "vCPUs", "value": "4"}, {"name": "CpuArchitectureType", "value": "Arm64"}],
    }
    disk = {"resourceType": "disks", "name": "Premium_LRS", "capabilities": [{"name": "MaxSizeGiB", "value": "4"}]}
    bare = {"resourceType": "virtualMachines", "name": "Basic_A0"}
    kept = artifacts.reduced_sizes({"value": [disk, machine, bare, "odd"]})
    told = [{"name": "CpuArchitectureType", "value": "Arm64"}]
    assert kept["value"] == [
        {"resourceType": "virtualMachines", "name": "Standard_D4ps_v5", "capabilities": told},
        {"resourceType": "virtualMachines", "name": "Basic_A0", "capabilities": []},
    ]


def holding(bodies: dict[str, Any]) -> Scope:
    documents = [
        Document(id=id_, provider=Provider.REGISTRY, status=Status.READ, body=one) for id_, one in bodies.items()
    ]
    return Scope(Snapshot(documents, captured_at=NOW), Target("prod"), Settings())


def recorded(folder: str) -> list[Any]:
    corpus = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire" / "recorded"
    if not corpus.is_dir():
        pytest.skip("PULLREADY_CORPUS names no folder with wire/recorded")
    found = [json.loads(path.read_bytes()) for path in sorted((corpus / folder).glob("*.json"))]
    assert found
    return found


def test_recorded_tags_tell_their_digest() -> None:
    id_ = ids.tag_properties(HOST, "web", "1")
    for body in recorded("acr-dataplane_acr__v1__tags___t_"):
        kept = artifacts.reduced(id_, body)
        artifact = Artifact(holding({id_: kept}), HOST, "web", "1")
        assert (pointed_at(artifact) or "").startswith("sha256:")
        assert read_disabled(artifact) is None


def test_recorded_manifests_are_readable_and_free() -> None:
    id_ = ids.manifest_properties(HOST, "web", DIGEST)
    for body in recorded("acr-dataplane_acr__v1__manifests___d_"):
        kept = artifacts.reduced(id_, body)
        artifact = Artifact(holding({id_: kept}), HOST, "web", DIGEST)
        switched_off = body["manifest"]["changeableAttributes"]["readEnabled"] is False
        assert (read_disabled(artifact) is not None) is switched_off
        assert quarantined(artifact) is None
        assert pointed_at(artifact) is None


def test_recorded_artifact_is_no_image() -> None:
    id_ = ids.image_manifest(HOST, "web", "1")
    for body in recorded("acr-dataplane_v2_manifests___ref_"):
        [build] = Artifact(holding({id_: artifacts.reduced(id_, body)}), HOST, "web", "1").builds
        with pytest.raises(FactUnavailable, match="is no image of a container"):
            _ = build.platform


def test_indexes_that_hold_each_other_come_to_an_end() -> None:
    id_ = ids.image_manifest(HOST, "web", DIGEST)
    inner = {"digest": DIGEST, "mediaType": "application/vnd.oci.image.index.v1+json"}
    with pytest.raises(FactUnavailable, match="is an index in 4 others"):
        list(Artifact(holding({id_: index(inner)}), HOST, "web", DIGEST).builds)


@pytest.mark.parametrize(
    "body", [{}, {"manifests": 1}, {"manifests": [{}]}, {"config": []}, {"manifests": [{"digest": 1}]}, []]
)
def test_a_manifest_of_another_shape_is_unavailable(body: Any) -> None:
    id_ = ids.image_manifest(HOST, "web", "1")
    with pytest.raises(FactUnavailable):
        list(Artifact(holding({id_: body}), HOST, "web", "1").builds)


def test_a_manifest_that_somebody_saved_by_hand_is_reduced() -> None:
    id_ = ids.image_manifest(HOST, "web", "1")
    body = {**manifest("web"), "annotations": {"a": "b"}}
    document = Document(id=id_, provider=Provider.REGISTRY, status=Status.READ, body=body)
    assert cleaned(document).body == manifest("web")


def test_a_run_that_asked_no_registry_does_not_look_for_sizes(tmp_path: Path) -> None:
    scope = case_scope({"no-artifacts": True}, tmp_path)
    scope = replace(scope, settings=replace(scope.settings, read_registries=False))
    assert not scope.snapshot.asked(Provider.REGISTRY)
    assert list(artifacts.read_artifacts(scope)) == []
    assert list(artifacts.read_vm_sizes(scope)) == []
    assert list(artifacts.read_cache_rules(scope)) == []


def test_what_a_snapshot_lacks_is_asked_of_registries_only_where_that_is_wanted(tmp_path: Path) -> None:
    scope = case_scope({"patch": [{"document": "report", "absent": True}]}, tmp_path)
    reading = artifacts.read_artifacts(scope)
    rules = next(reading)
    assert rules == [f"{one}/cacheRules" for one in (SHOP, SHOPTOOLS)]
    [missing] = reading.send([scope.document(id_) for id_ in rules])
    assert "/jobs/report/manifests/" in missing
    unasked = replace(scope, settings=replace(scope.settings, read_registries=False))
    assert list(artifacts.read_artifacts(unasked)) == []


@pytest.mark.parametrize(
    ("rules", "is_asked"),
    [
        ({"body": {"value": []}}, True),
        ({"body": {"value": [{"name": "r", "properties": {"targetRepository": "other"}}]}}, True),
        ({"body": {"value": [{"name": "r", "properties": {"targetRepository": "jobs/*"}}]}}, False),
        ({"status": "forbidden"}, False),
    ],
    ids=["no-rule", "another-repository", "its-repository", "rules-cannot-be-read"],
)
def test_no_registry_is_asked_for_what_it_would_fetch(rules: dict[str, Any], *, is_asked: bool, tmp_path: Path) -> None:
    patch = [{"document": "report", "absent": True}, {"document": "shop-cache-rules", **rules}]
    scope = case_scope({"patch": patch}, tmp_path)
    reading = artifacts.read_artifacts(scope)
    wanted = reading.send([scope.document(id_) for id_ in next(reading)]) if is_asked else []
    assert [id_ for id_ in wanted if "/jobs/report/manifests/" in id_] == [*wanted]
    if not is_asked:
        with pytest.raises(StopIteration):
            reading.send([scope.document(id_) for id_ in next(reading)])


def test_sizes_and_rules_are_looked_for_where_they_matter(tmp_path: Path) -> None:
    patch = [
        {"document": "vm-sizes", "absent": True},
        {"document": "report", "status": "not-found"},
    ]
    scope = case_scope({"patch": patch}, tmp_path)
    sizes = ids.vm_sizes_in(SUBSCRIPTION, "westeurope")
    assert next(artifacts.read_vm_sizes(scope)) == (sizes,)
    assert next(artifacts.read_cache_rules(scope)) == (f"{SHOP}/cacheRules", f"{SHOPTOOLS}/cacheRules")
    unasked = replace(scope, settings=replace(scope.settings, read_registries=False))
    assert next(artifacts.read_vm_sizes(unasked)) == (sizes,)
    assert next(artifacts.read_cache_rules(unasked)) == (sizes, f"{SHOP}/cacheRules")


def test_sizes_are_reduced_while_they_are_read(serve: Serve) -> None:
    environment = environments.hub()
    [sizes] = [one for one in environment if "/Microsoft.Compute/skus" in one.id]
    more = {"resourceType": "disks", "name": "Premium_LRS", "capabilities": []}
    whole = [
        more,
        *({**one, "family": "x", "capabilities": [VCPUS, *one["capabilities"]]} for one in sizes.body["value"]),
    ]
    standin = serve(environment.with_documents([structs.replace(sizes, body={"value": whole})]))
    found, _ = read(standin, environment, needs_of(["pulled_images"]))
    assert found.document(sizes.id).body == sizes.body


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ("image: 'shopimages.azurecr.io/web:1.4.2'", True),
        ("image: 'shopimages.azurecr.io/web:1.4.2', imagePullPolicy: IfNotPresent", True),
        ("image: 'shopimages.azurecr.io/web:1.4.2', imagePullPolicy: Always", False),
        ("image: 'shopimages.azurecr.io/web:latest'", False),
        ("image: shopimages.azurecr.io/web", False),
        ("image: 'shopimages.azurecr.io/web:latest', imagePullPolicy: IfNotPresent", True),
    ],
)
def test_that_a_node_may_have_the_image_is_told_unless_it_always_pulls(
    container: str, *, told: bool, tmp_path: Path
) -> None:
    spec = f"{{containers: [{{name: a, {container}}}]}}"
    missing = [ids.image_manifest(HOST, "web", tag) for tag in ("1.4.2", "latest")]
    patch: list[dict[str, Any]] = [{"document": id_, "status": "not-found"} for id_ in missing]
    patch.append({"document": "shop-cache-rules", "body": {"value": []}})
    manifests = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}"
    [image] = Facts(case_scope({"manifests": manifests, "patch": patch}, tmp_path))("pulled_images")
    [found] = manifest_missing(image)
    assert isinstance(found, Found)
    assert ("nodes that have the image still start it" in found.observed) is told


@pytest.mark.parametrize("status", ["forbidden", "failed", "not-found"])
def test_where_rules_that_cannot_be_read_hold_every_question_back_nothing_is_green(status: str, tmp_path: Path) -> None:
    pod = (
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, "
        "spec: {containers: [{name: a, image: shopimages.azurecr.io/web:1.4.2}]}}"
    )
    case = {
        "no-artifacts": True,
        "manifests": pod,
        "patch": [{"document": "shop-cache-rules", "status": status}],
    }
    scope = case_scope(case, tmp_path)
    judged = run_check(runs.CHECKS["image-manifest-missing"], Facts(scope))
    assert [type(one) for one in judged] == [Unknown]
