"""What the tests put into the live cluster: the shop, and one object of every kind that makes pods."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from tests.azure import acr
from tests.environment import HEALTHY, ROOT
from tests.kubernetes.server import READER

Body = dict[str, Any]
ROLE: Final = "pullready-reader"
SHOP: Final = "shop"
IMAGE: Final = "shopimages.azurecr.io/web:1.4.2"
#: The groups of what node auto-provisioning makes nodes by, which the shop's cluster does not have.
OF_PROVISIONING: Final = frozenset({"karpenter.sh", "karpenter.azure.com"})
_KINDS: Final = {
    "ReplicationController": "v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
}


def loaded(path: Path, true: Mapping[str, str] | None = None) -> list[Body]:
    """Return the objects in a file, with the *true* digests of its images."""
    return loads(acr.with_digests(path.read_text(), true or {}))


def loads(text: str) -> list[Body]:
    """Return the objects in the *text* of a manifest."""
    return [one for one in YAML(typ="safe").load_all(text) if one]


def shop(true: Mapping[str, str], name: str = "prod") -> list[Body]:
    """Return what the manifests of the healthy example have, as it is in the cluster once they are applied."""
    return [one for path in sorted((HEALTHY / "manifests" / name).iterdir()) for one in loaded(path, true)]


def cluster_role(without: tuple[str, str] | None = None) -> Body:
    """Return the generated ClusterRole, less the resource *without* (its group and name)."""
    [role] = loaded(ROOT / "docs" / "cluster-role.yaml")
    rules = []
    for rule in role["rules"]:
        [group] = rule["apiGroups"]
        if left := [one for one in rule["resources"] if (group, one) != without]:
            rules.append({**rule, "resources": left})
    return {**role, "rules": rules}


def listed() -> dict[tuple[str, str], str]:
    """Return the path of each list that the generated ClusterRole allows, by group and name.

    Those of node auto-provisioning are left out: no cluster without it is asked for them.
    """
    versions = {
        "": "/api/v1",
        "apps": "/apis/apps/v1",
        "batch": "/apis/batch/v1",
        "node.k8s.io": "/apis/node.k8s.io/v1",
    }
    return {
        (group, one): f"{versions[group]}/{one}"
        for rule in cluster_role()["rules"]
        for group in rule["apiGroups"]
        for one in rule["resources"]
        if group not in OF_PROVISIONING
    }


def bound(user: str = READER, role: str = ROLE) -> Body:
    """Return what gives *user* the ClusterRole *role* in all namespaces."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{user}-{role}"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }


def secrets_reader(verbs: Sequence[str] = ("list",)) -> Body:
    """Return the ClusterRole that ``read-secrets`` needs beside the generated one."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "secrets"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": [*verbs]}] if verbs else [],
    }


def pod_spec(image: str = IMAGE, **more: Any) -> Body:
    """Return the specification of a pod that runs *image* on Linux."""
    return {"nodeSelector": {"kubernetes.io/os": "linux"}, "containers": [{"name": "web", "image": image}], **more}


def pod(name: str, namespace: str = SHOP, **spec: Any) -> Body:
    """Return a pod that nothing else made."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(**spec)}


def deployment(name: str, namespace: str = SHOP, **spec: Any) -> Body:
    """Return a deployment."""
    [found] = (one for one in every_kind(namespace, **spec) if one["kind"] == "Deployment")
    return {**found, "metadata": {"name": name, "namespace": namespace}}


def every_kind(namespace: str = SHOP, **spec: Any) -> Iterator[Body]:
    """Yield one object of each kind that makes pods; it is named after its kind."""
    yield pod("pod", namespace, **spec)
    for kind, apiversion in _KINDS.items():
        name = kind.lower()
        labels = {"app": name}
        selector: Any = labels if kind == "ReplicationController" else {"matchLabels": labels}
        template = {"metadata": {"labels": labels}, "spec": pod_spec(**spec)}
        made: Body = {"selector": selector, "template": template}
        if kind == "StatefulSet":
            made["serviceName"] = name
        yield {
            "apiVersion": apiversion,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": made,
        }
    once = {"template": {"spec": {**pod_spec(**spec), "restartPolicy": "Never"}}}
    in_batch = {"apiVersion": "batch/v1", "metadata": {"name": "job", "namespace": namespace}}
    yield {**in_batch, "kind": "Job", "spec": once}
    timed = {"schedule": "15 3 * * *", "jobTemplate": {"spec": once}}
    yield {**in_batch, "metadata": {"name": "cronjob", "namespace": namespace}, "kind": "CronJob", "spec": timed}


def service_account(name: str, *secrets: str, namespace: str = SHOP) -> Body:
    """Return a service account whose pods use the pull *secrets*."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
        "imagePullSecrets": [{"name": one} for one in secrets],
    }


def runtime_class(name: str, **selector: str) -> Body:
    """Return a runtime class whose pods need nodes with the labels *selector*."""
    scheduling = {"nodeSelector": selector} if selector else {}
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": name},
        "handler": name,
        "scheduling": scheduling,
    }


def node(name: str, pool: str, labels: Mapping[str, str] | None = None) -> Body:
    """Return a node of *pool*, with *labels* that somebody set by hand."""
    own = {"kubernetes.azure.com/agentpool": pool, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    metadata = {"name": name, "labels": {**own, **(labels or {})}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def pull_secret(name: str, logins: Mapping[str, Any], *, is_old: bool = False, **metadata: Any) -> Body:
    """Return a Secret with *logins* by server, of the older of both types where it *is_old*."""
    kind = "dockercfg" if is_old else "dockerconfigjson"
    content = json.dumps(logins if is_old else {"auths": logins}).encode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SHOP, **metadata},
        "type": f"kubernetes.io/{kind}",
        "data": {f".{kind}": base64.b64encode(content).decode()},
    }
