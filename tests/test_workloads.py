"""Workloads, their images and what they refer to, from manifests and from a live cluster's lists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pullready.collectors.manifests import read_manifests
from pullready.collectors.reduction import reduce_list
from pullready.config import CLOUDS, Settings, Target
from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.base import Unread
from pullready.facts.images import ImageUse, images
from pullready.facts.reference import ImageReference, InvalidReference
from pullready.facts.runtime_classes import RuntimeClass, runtime_classes
from pullready.facts.scope import Scope
from pullready.facts.service_accounts import Login, PullSecret, ServiceAccount, pull_secrets, service_accounts
from pullready.facts.workloads import Workload, workloads
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.verdict import Location

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POD = "{containers: [{name: web, image: shop.azurecr.io/web:1.4}]}"


def scope(
    text: str | None, *, context: str | None = None, live: tuple[Document, ...] = (), settings: Settings | None = None
) -> Scope:
    """Return what is judged of the manifests *text*, named ``stdin``, and of the live lists."""
    read = [] if text is None else read_manifests(["-"], root=Path(), stdin=text.encode)
    snapshot = Snapshot([*read, *live], captured_at=NOW)
    target = Target("prod", manifests=() if text is None else ("-",), context=context)
    return Scope(snapshot, target, settings or Settings(), tuple(document.id for document in read))


def live(kind: str, *items: dict[str, Any]) -> Document:
    body = reduce_list({"apiVersion": "apps/v1", "kind": f"{kind}List", "items": list(items)})
    return Document(f"kubernetes:prod/{kind.lower()}s", Provider.KUBERNETES, Status.READ, body=body)


def of(found: tuple[Workload | Unread, ...]) -> list[Workload]:
    return [one for one in found if isinstance(one, Workload)]


def uses(judged: Scope) -> list[ImageUse]:
    return [one for one in images(judged, workloads(judged)) if isinstance(one, ImageUse)]


def unread(found: tuple[object, ...]) -> dict[str, str]:
    return {one.subject: one.why.reason for one in found if isinstance(one, Unread)}


@pytest.mark.parametrize(
    ("version", "kind", "spec", "base"),
    [
        ("v1", "Pod", f"spec: {POD}", "/spec"),
        ("v1", "PodTemplate", f"template: {{spec: {POD}}}", "/template/spec"),
        ("v1", "ReplicationController", f"spec: {{template: {{spec: {POD}}}}}", "/spec/template/spec"),
        *(
            ("apps/v1", kind, f"spec: {{template: {{spec: {POD}}}}}", "/spec/template/spec")
            for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
        ),
        ("batch/v1", "Job", f"spec: {{template: {{spec: {POD}}}}}", "/spec/template/spec"),
        (
            "batch/v1", "CronJob", f"spec: {{jobTemplate: {{spec: {{template: {{spec: {POD}}}}}}}}}",
            "/spec/jobTemplate/spec/template/spec",
        ),
        ("argoproj.io/v1alpha1", "Rollout", f"spec: {{template: {{spec: {POD}}}}}", "/spec/template/spec"),
        ("batch.volcano.sh/v1", "Job", f"spec: {{tasks: [x, {{pod: {{spec: {POD}}}}}]}}", "/spec/tasks/1/pod/spec"),
        ("apps/v1", "deployment", f"spec: {{template: {{spec: {POD}}}}}", "/spec/template/spec"),
    ],
)  # fmt: skip
def test_every_kind_that_has_pods(version: str, kind: str, spec: str, base: str) -> None:
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\n{spec}\n"
    (workload,) = of(workloads(scope(text)))
    assert (workload.subject, workload.base, workload.location) == (f"{kind} shop/web", base, Location("stdin", 1))
    (use,) = uses(scope(text))
    assert use.subject == f"shop.azurecr.io/web:1.4 in {kind} shop/web"
    assert use.location == Location("stdin", 4)
    assert use.evidence("", "names it").value == "shop.azurecr.io/web:1.4"
    assert use.reference == ImageReference("shop.azurecr.io", "web", "1.4")


LISTS = f"""
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {POD}}}
- {{apiVersion: v1, kind: Service, metadata: {{name: b}}}}
- apiVersion: v1
  kind: PodList
  items:
  - {{apiVersion: v1, kind: Pod, metadata: {{generateName: c-}}, spec: {POD}}}
- d
"""


def test_lists_and_lists_of_lists() -> None:
    found = workloads(scope(LISTS))
    assert [(one.subject, one.location) for one in found] == [
        ("Pod default/a", Location("stdin", 5)),
        ("Pod default/c-…", Location("stdin", 10)),
        ("stdin/items/3", Location("stdin", 11)),
    ]
    assert isinstance(found[2], Unread)


def test_an_object_with_several_pod_specifications_has_as_many_workloads() -> None:
    text = "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: r}\n"
    text += f"spec: {{head: {{spec: {POD}}}, worker: {POD}}}\n"
    assert [one.subject for one in workloads(scope(text))] == [
        "RayCluster default/r /spec/head/spec",
        "RayCluster default/r /spec/worker",
    ]


PODS = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: first, image: shop.azurecr.io/tools, securityContext: {windowsOptions: {hostProcess: true}}}]
  containers:
  - name: web
    image: shop.azurecr.io/web
  - {name: again, image: shop.azurecr.io/web}
  - {name: injected}
  - {image: Shop}
  ephemeralContainers: [{name: debug, image: busybox}]
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: model, image: {reference: shop.azurecr.io/model}}
  nodeSelector: {kubernetes.io/os: linux}
  tolerations: [{key: a, operator: Exists}, {effect: NoSchedule, tolerationSeconds: 1}]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
          matchFields: null
  runtimeClassName: windows-2022
  os: {name: Linux}
  imagePullSecrets: [{name: pull}]
  serviceAccountName: web
  schedulerName: default-scheduler
"""


def test_a_pod_in_full() -> None:
    judged = scope(PODS)
    (workload,) = of(workloads(judged))
    pod = workload.pod
    assert [(use.image, use.container) for use in uses(judged)] == [
        ("shop.azurecr.io/tools", "first"),
        ("shop.azurecr.io/web", "web"),
        ("Shop", "containers[3]"),
        ("busybox", "debug"),
        ("shop.azurecr.io/model", "volume model"),
    ]
    assert isinstance(uses(judged)[2].reference, InvalidReference)
    assert uses(judged)[1].location == Location("stdin", 9)
    assert unread(images(judged, (workload,))) == {
        "injected in Pod default/web": "container injected of Pod default/web names no image"
    }
    assert dict(pod.node_selector) == {"kubernetes.io/os": "linux"}
    assert [(one.key, one.operator, one.value, one.effect) for one in pod.tolerations] == [
        ("a", "Exists", "", ""),
        ("", "", "", "NoSchedule"),
    ]
    (term,) = pod.required_terms or ()
    (expression,) = term.expressions
    assert (expression.key, expression.operator, expression.values) == ("kubernetes.io/arch", "In", ("amd64",))
    assert term.fields == ()
    assert (pod.runtime_class, pod.os_name, pod.host_process) == ("windows-2022", "linux", True)
    assert (pod.pull_secrets, pod.service_account, pod.node_name, pod.scheduler) == (("pull",), "web", None, None)


def test_what_a_pod_does_not_say() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [], nodeSelector: null, affinity: {}}\n"
    )
    (workload,) = of(workloads(scope(text)))
    pod = workload.pod
    assert (pod.node_selector, pod.tolerations, pod.required_terms, pod.containers) == ({}, (), None, ())
    assert (pod.runtime_class, pod.os_name, pod.host_process) == (None, None, False)
    assert (pod.pull_secrets, pod.service_account, pod.node_name, pod.scheduler) == ((), "default", None, None)


def test_an_affinity_without_terms_leaves_no_node() -> None:
    required = "{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [], affinity: {required}}}\n"
    assert of(workloads(scope(text)))[0].pod.required_terms == ()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("{}", "containers"),
        ("{containers: x}", "containers"),
        ("{containers: [{name: a, image: 17}]}", "$.containers[0].image"),
        ("{containers: [{name: a, image: {b: c}}]}", "$.containers[0].image"),
        ("{containers: [], nodeSelector: {a: true}}", "$.nodeSelector"),
        ("{containers: [], tolerations: {}}", "$.tolerations"),
        ("[]", "object"),
    ],
)
def test_a_malformed_pod_is_unread_and_the_others_are_not(spec: str, says: str) -> None:
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: bad}}\nspec: {spec}\n"
    text += f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: good}}\nspec: {POD}\n"
    bad, good = workloads(scope(text))
    assert isinstance(good, Workload)
    assert isinstance(bad, Unread)
    assert (bad.subject, bad.location) == ("Pod default/bad", Location("stdin", 4))
    assert says in bad.why.reason
    assert list(unread(images(scope(text), (bad, good)))) == ["Pod default/bad"]


def test_a_workload_without_a_pod_specification_is_unread() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n"
    assert "has no /spec/template/spec" in unread(workloads(scope(text)))["Deployment default/web"]


def test_a_document_that_could_not_be_read_is_unread_everywhere() -> None:
    judged = scope(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {POD}\n---\na: [\n---\nb: {{b: 1, b: 1}}\n"
    )
    for found in (
        workloads(judged),
        images(judged, workloads(judged)),
        service_accounts(judged),
        runtime_classes(judged),
    ):
        reasons = unread(found)
        assert list(reasons) == ["stdin#1", "stdin#2"]
        assert reasons["stdin#2"].startswith("stdin:8: the key b stands twice")


def test_a_document_that_is_not_in_the_snapshot_is_unread() -> None:
    judged = Scope(Snapshot(captured_at=NOW), Target("prod", manifests=("-",)), Settings(), ("manifest:app.yaml#0",))
    assert "was not read" in unread(workloads(judged))["manifest:app.yaml#0"]


CUSTOM = """
apiVersion: shop.example/v1
kind: Shop
metadata: {name: s, namespace: shop}
spec:
  image: shop.azurecr.io/shop:1
  logo: {image: https://shop.example/logo.png}
  proxy:
    image: {repository: shop.azurecr.io/proxy, tag: "2", credentials: x}
  agentImage: shop.azurecr.io/agent
  additionalImages: [shop.azurecr.io/a, shop.azurecr.io/a]
  pod: {spec: {containers: [{name: web, image: shop.azurecr.io/web}], image: shop.azurecr.io/main}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {image: shop.azurecr.io/configured}
"""


def test_images_that_only_a_controller_knows_are_unread() -> None:
    judged = scope(CUSTOM)
    found = images(judged, workloads(judged))
    assert [use.image for use in uses(judged)] == ["shop.azurecr.io/web"]
    assert [(one.subject, one.location) for one in found if isinstance(one, Unread)] == [
        ("shop.azurecr.io/shop:1 in Shop shop/s", Location("stdin", 6)),
        ("shop.azurecr.io/proxy in Shop shop/s", Location("stdin", 9)),
        ("shop.azurecr.io/agent in Shop shop/s", Location("stdin", 10)),
        ("shop.azurecr.io/a in Shop shop/s", Location("stdin", 11)),
        ("shop.azurecr.io/main in Shop shop/s", Location("stdin", 12)),
    ]


@pytest.mark.parametrize(
    ("image", "cloud", "ignored", "host"),
    [
        ("shop.azurecr.io/web", "AzurePublic", (), "shop.azurecr.io"),
        ("SHOP.azurecr.io/web", "AzurePublic", (), "shop.azurecr.io"),
        ("shop.azurecr.io:443/web", "AzurePublic", (), "shop.azurecr.io"),
        ("shop.westeurope.geo.azurecr.io/web", "AzurePublic", (), "shop.azurecr.io"),
        ("shop.azurecr.us/web", "AzurePublic", (), None),
        ("shop.azurecr.cn/web", "AzureChina", (), "shop.azurecr.cn"),
        ("shop.azurecr.io/web", "AzurePublic", ("Shop.azurecr.io",), None),
        ("shop.azurecr.io/Web", "AzurePublic", (), None),
        ("mcr.microsoft.com/web", "AzurePublic", (), None),
        ("web", "AzurePublic", (), None),
        ("shop.azureacr.io/web", "AzurePublic", (), None),
    ],
)
def test_registry_hosts(image: str, cloud: str, ignored: tuple[str, ...], host: str | None) -> None:
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{{name: a, image: '{image}'}}]\n"
    (use,) = uses(scope(text))
    assert use.registry_host(Settings(cloud=CLOUDS[cloud], ignore_registries=ignored)) == host


def deployment(name: str, image: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "web", "image": image}]}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"template": {"spec": pod}}}


def test_a_manifest_replaces_the_live_object_of_its_name() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
    text += f"spec: {{template: {{spec: {POD}}}}}\n"
    lists = (
        live("Deployment", deployment("web", "old"), deployment("api", "api")),
        live("DaemonSet", deployment("web", "x")),
    )
    other = Document("kubernetes:test/deployments", Provider.KUBERNETES, Status.READ, body=lists[0].body)
    judged = scope(text, context="prod", live=(*lists, other))
    assert sorted((use.image, use.workload.subject) for use in uses(judged)) == [
        ("api", "Deployment shop/api"),
        ("shop.azurecr.io/web:1.4", "Deployment shop/web"),
        ("x", "DaemonSet shop/web"),
    ]
    assert uses(judged)[1].location is None


@pytest.mark.parametrize(
    ("version", "kind", "namespace", "name", "replaces"),
    [
        ("apps/v1", "Deployment", "shop", "web", True),
        ("apps/v1beta1", "Deployment", "shop", "web", True),
        ("apps/v1", "Deployment", "other", "web", False),
        ("apps/v1", "Deployment", "", "web", False),
        ("apps/v1", "Deployment", "shop", "Web", False),
        ("apps/v1", "StatefulSet", "shop", "web", False),
        ("deploy.example.com/v1", "Deployment", "shop", "web", False),
    ],
)
def test_what_a_manifest_replaces(version: str, kind: str, namespace: str, name: str, *, replaces: bool) -> None:
    metadata = f"{{name: {name}{f', namespace: {namespace}' if namespace else ''}}}"
    text = f"{{apiVersion: {version}, kind: {kind}, metadata: {metadata}, spec: {{template: {{spec: {POD}}}}}}}"
    judged = scope(text, context="prod", live=(live("Deployment", deployment("web", "old")),))
    assert ("old" not in [use.image for use in uses(judged)]) is replaces


def test_a_live_object_of_the_default_namespace_is_replaced_by_a_manifest_that_names_none() -> None:
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {POD}}}"
    one = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": [{"name": "a", "image": "old"}]}}
    judged = scope(text, context="prod", live=(live("Pod", one),))
    assert [use.image for use in uses(judged)] == ["shop.azurecr.io/web:1.4"]


def test_a_runtime_class_of_a_manifest_replaces_the_live_one() -> None:
    text = "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: windows}, handler: new}"
    listed = live("RuntimeClass", *({"metadata": {"name": one}, "handler": "old"} for one in ("windows", "other")))
    found = runtime_classes(scope(text, context="prod", live=(listed,)))
    handlers = {one.name: one.handler for one in found if isinstance(one, RuntimeClass)}
    assert handlers == {"windows": "new", "other": "old"}


def test_a_live_list_that_may_not_be_read_is_unread() -> None:
    forbidden = Document("kubernetes:prod/pods", Provider.KUBERNETES, Status.FORBIDDEN)
    judged = scope(None, context="prod", live=(live("Deployment", deployment("api", "api")), forbidden))
    assert [one.subject for one in workloads(judged)] == ["Deployment shop/api", "kubernetes:prod/pods"]
    assert "forbidden" in unread(workloads(judged))["kubernetes:prod/pods"]
    assert "was not read" in unread(workloads(scope(None, context="prod")))["kubernetes:prod/workloads"]


def test_nothing_named_is_nothing_to_judge_and_nothing_read_is_unknown() -> None:
    with pytest.raises(NothingToJudge, match="neither manifests nor a context"):
        workloads(scope(None))
    with pytest.raises(FactUnavailable, match="were not read"):
        workloads(Scope(Snapshot(captured_at=NOW), Target("prod", manifests=("deploy",)), Settings()))
    assert workloads(scope("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")) == ()


REFERRED = """
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}, imagePullSecrets: [{name: pull}]}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: bad}, imagePullSecrets: [pull]}
---
{apiVersion: v1, kind: Secret, metadata: {name: pull}, type: kubernetes.io/dockerconfigjson,
 stringData: {.dockerconfigjson: '{"auths": {"shop.azurecr.io": {"username": "robot$shop", "password": "x"}}}'}}
---
{apiVersion: v1, kind: Secret, metadata: {name: broken}, type: kubernetes.io/dockercfg, data: {.dockercfg: '%'}}
---
{apiVersion: v1, kind: Secret, metadata: {name: empty}, type: kubernetes.io/dockercfg}
---
{apiVersion: v1, kind: Secret, metadata: {name: other}, type: Opaque}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: windows}
handler: runhcs-wcow-process
scheduling: {nodeSelector: {kubernetes.io/os: windows}, tolerations: [{key: os, operator: Exists}]}
"""


def test_what_workloads_refer_to() -> None:
    judged = scope(REFERRED)
    account, bad = service_accounts(judged)
    assert isinstance(account, ServiceAccount)
    assert (account.subject, account.pull_secrets) == ("ServiceAccount shop/web", ("pull",))
    assert isinstance(bad, Unread)
    secret, broken, empty = pull_secrets(judged)
    assert isinstance(secret, PullSecret)
    assert isinstance(broken, PullSecret)
    assert isinstance(empty, PullSecret)
    assert secret.logins == (Login("shop.azurecr.io", "robot$shop", "whole"),)
    with pytest.raises(FactUnavailable, match=r"not base64"):
        _ = broken.logins
    with pytest.raises(FactUnavailable, match="/registries"):
        _ = empty.logins
    (runtime,) = runtime_classes(judged)
    assert isinstance(runtime, RuntimeClass)
    assert (runtime.subject, runtime.handler) == ("RuntimeClass windows", "runhcs-wcow-process")
    assert (dict(runtime.node_selector), runtime.tolerations[0].key) == ({"kubernetes.io/os": "windows"}, "os")
