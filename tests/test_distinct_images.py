"""For which workloads an image is looked at apart: where their pods may land on other nodes, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pullready.collectors.artifacts import _distinct
from pullready.facts import Facts, Need, needs_of
from pullready.facts.scope import PLAIN
from tests.environment import case_scope

POD = "{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: %s}, spec: {%s}}"
WEB = "shopimages.azurecr.io/web:1.4.2"


def pod(name: str = "b", namespace: str = "shop", spec: str = "", container: str = "a", image: str = WEB) -> str:
    """Return a pod with one container."""
    return POD % (name, namespace, f"{spec} containers: [{{name: {container}, image: '{image}'}}]")


@pytest.mark.parametrize(
    ("other", "is_apart"),
    [
        pytest.param(pod(), False, id="by-its-name"),
        pytest.param(pod(namespace="other"), False, id="by-its-namespace"),
        pytest.param(pod(container="web"), False, id="by-the-name-of-its-container"),
        pytest.param(pod(spec="imagePullSecrets: [{name: x}], serviceAccountName: y,"), False, id="by-its-secrets"),
        pytest.param(pod(image="shopimages.azurecr.io/web:1.4.3"), True, id="by-its-tag"),
        pytest.param(pod(spec="nodeSelector: {disk: ssd},"), True, id="by-its-selector"),
        pytest.param(pod(spec="tolerations: [{operator: Exists}],"), True, id="by-its-tolerations"),
        pytest.param(pod(spec="runtimeClassName: x,"), True, id="by-its-runtime-class"),
        pytest.param(pod(spec="nodeName: x,"), True, id="by-its-node"),
        pytest.param(
            pod(spec="securityContext: {windowsOptions: {hostProcess: true}},"), True, id="by-its-host-process"
        ),
        pytest.param(
            pod().replace("kind: Pod", "kind: Job").replace("spec: ", "spec: {template: {spec: ") + "}}",
            True,
            id="by-its-kind",
        ),
        pytest.param(pod().replace("name: a, ", "name: a, imagePullPolicy: Never, "), True, id="by-its-pull-policy"),
    ],
)
def test_images_are_told_apart(tmp_path: Path, other: str, *, is_apart: bool) -> None:
    scope = case_scope({"manifests": f"{pod('a')}\n---\n{other}"}, tmp_path)
    images = Facts(scope)("pulled_images")
    assert len(images) == 2
    assert len(list(_distinct(images))) == 1 + is_apart


def test_facts_that_are_shared_look_at_manifests_and_the_live_cluster_alone() -> None:
    assert needs_of(PLAIN) <= {Need.MANIFESTS, Need.WORKLOADS, Need.NODES, Need.NODE_POOLS}


def test_facts_are_shared_only_by_who_says_so(tmp_path: Path) -> None:
    scope = case_scope({}, tmp_path)
    together = replace(scope, shared={})
    one, two, apart = Facts(together), Facts(together), Facts(scope)
    assert one("images") is two("images")
    assert one("images") is not apart("images")
    assert one("pull_paths") is not two("pull_paths")
