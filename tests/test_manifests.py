"""Manifests: everything is read or named with a reason, and nothing but what facts use is kept."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import msgspec
import pytest

from pullready.collectors import manifests
from pullready.collectors.manifests import read_manifests
from pullready.collectors.reduction import reduce_list, reduce_object
from pullready.snapshot import Document, Provider, Status, without_keyed

CORPUS = Path(os.environ.get("PULLREADY_CORPUS", Path(__file__).parent.parent.parent / "shared")) / "manifests"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: web
    image: shop.azurecr.io/web
"""
CANARY = "hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, empty and inside of no git repository."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(folder: Path, *paths: str, exclude: tuple[str, ...] = ()) -> list[Document]:
    return read_manifests(paths or (".",), root=folder, exclude=exclude)


def ids(documents: list[Document], status: Status = Status.READ) -> list[str]:
    return [document.id.removeprefix("manifest:") for document in documents if document.status is status]


def test_every_document_is_one(folder: Path) -> None:
    write(folder, {"app.yaml": f"# comment\n---\n{POD}---\n# empty\n---\na: [\n---\n{POD}"})
    first, broken, last = read(folder, "app.yaml")
    assert first.body == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "shop.azurecr.io/web"}]},
    }
    assert (first.id, first.file, first.provider) == ("manifest:app.yaml#0", "app.yaml", Provider.MANIFEST)
    assert first.lines["/spec/containers/0/image"] == 9
    assert set(first.lines) == {
        "", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/spec", "/spec/containers", "/spec/containers/0",
        "/spec/containers/0/name", "/spec/containers/0/image",
    }  # fmt: skip
    assert (broken.id, broken.status, broken.lines) == ("manifest:app.yaml#2", Status.FAILED, {"": 13})
    assert broken.body is None
    assert "not YAML" in str(broken.detail)
    assert (last.id, last.line("/spec/containers/0/image")) == ("manifest:app.yaml#3", 21)


def test_folders_are_read_to_the_bottom_in_order(folder: Path) -> None:
    pod = json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "shop.azurecr.io/web"}]}})
    files = dict.fromkeys(("b/z.YAML", "b/a.yml", "a.json", "c.txt", "b/c/d.yaml"), pod)
    write(folder / "deploy", files)
    write(folder, {".git/e.yaml": pod})
    for loop in ("loop", "loop2"):
        (folder / "deploy" / "b" / loop).symlink_to(folder / "deploy")
    (folder / "deploy" / "again.yaml").symlink_to(folder / "deploy" / "a.json")
    os.mkfifo(folder / "deploy" / "pipe.yaml")
    documents = read(folder, ".", "deploy/b", "./deploy/a.json")
    assert ids(documents) == ["deploy/a.json#0", "deploy/b/a.yml#0", "deploy/b/z.YAML#0", "deploy/b/c/d.yaml#0"]
    assert len(documents) == 4


def test_files_are_named_from_the_git_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        folder, {"shop/deploy/app.yaml": POD, "shop/.git/HEAD": "", "other/deploy/app.yaml": POD, "other/.git/HEAD": ""}
    )
    monkeypatch.chdir(folder / "shop" / "deploy")
    documents = read(folder, "app.yaml", "../../other/deploy/app.yaml")
    assert ids(documents) == ["deploy/app.yaml#0", "../../other/deploy/app.yaml#0"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("deploy/a.yaml", ["deploy/b/c.yaml#0", "e.yaml#0"]),
        ("deploy", ["e.yaml#0"]),
        ("deploy/**", ["e.yaml#0"]),
        ("./deploy/", ["e.yaml#0"]),
        ("deploy/*", ["e.yaml#0"]),
        ("deploy/*.yaml", ["deploy/b/c.yaml#0", "e.yaml#0"]),
        ("**/c.yaml", ["deploy/a.yaml#0", "e.yaml#0"]),
        ("**/e.yaml", ["deploy/a.yaml#0", "deploy/b/c.yaml#0"]),
        ("?.yaml", ["deploy/a.yaml#0", "deploy/b/c.yaml#0"]),
        ("c.yaml", ["deploy/a.yaml#0", "deploy/b/c.yaml#0", "e.yaml#0"]),
    ],
)
def test_what_is_excluded_is_named(folder: Path, pattern: str, left: list[str]) -> None:
    write(folder, {"deploy/a.yaml": POD, "deploy/b/c.yaml": POD, "e.yaml": POD})
    assert sorted(ids(read(folder, exclude=(pattern,)))) == left


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing", "no such file"),
        ("a\0b", "malformed"),
        ("empty", "no manifest in this folder"),
        ("texts", "no manifest in this folder"),
        ("excluded", "all are excluded"),
        ("excluded/a.yaml", "is excluded"),
        ("comments.yaml", "no document"),
        ("comments", "no manifest in this folder"),
    ],
)
def test_a_path_without_manifests_says_so_and_the_rest_is_read(folder: Path, path: str, says: str) -> None:
    (folder / "empty").mkdir()
    write(
        folder,
        {
            "texts/a.txt": "",
            "excluded/a.yaml": POD,
            "comments.yaml": "# nothing\n",
            "comments/a.yaml": "---\n",
            "b.yaml": POD,
        },
    )
    failed, pod = read(folder, path, "b.yaml", exclude=("excluded/**",))
    assert failed.status is Status.FAILED
    assert says in str(failed.detail)
    assert failed.remedy
    assert (failed.file, failed.line("")) == (path, 1)
    assert pod.status is Status.READ


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\xff", "not utf-16"),
        (b"name: L\xe4den\n", "not utf-8"),
        (POD.encode("utf-16"), None),
        (POD.encode() + b"data: " + b"x" * 5_000_000, "larger than 4 MiB"),
        (b"#\n" * 35_000_000, "larger than 64 MiB"),
        (POD.encode() + b"kind: Job\n", "kind stands twice"),
        (POD.encode() + b"x: " + b"[" * 100_000, "deeper than"),
        (b"- 1\n", "no Kubernetes object"),
        (b"shop: 1\n", "no Kubernetes object"),
        (b"kind: Pod\n", "no Kubernetes object"),
    ],
)
def test_unusable_content_is_one_failed_document(folder: Path, content: bytes, says: str | None) -> None:
    (folder / "app.yaml").write_bytes(content)
    write(folder, {"b.yaml": POD})
    first, second = read(folder)
    assert second.status is Status.READ
    assert first.status is (Status.FAILED if says else Status.READ)
    assert (says or "") in str(first.detail)


def test_a_large_file_of_small_documents_is_read(folder: Path) -> None:
    write(folder, {"app.yaml": f"---\n{POD}  # {'x' * 10_000}\n" * 500})
    assert len(ids(read(folder, "app.yaml"))) == 500


def test_what_may_not_be_opened_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, {"deploy/a.yaml": POD, "deploy/b.yaml": POD})
    (folder / "deploy" / "gone.yaml").symlink_to(folder / "nowhere")
    documents = read(folder, "deploy")
    assert ids(documents) == ["deploy/a.yaml#0", "deploy/b.yaml#0"]
    assert ids(documents, Status.FAILED) == ["deploy/gone.yaml#0"]


def test_standard_input_is_read_once(folder: Path) -> None:
    streams = [f"{POD}---\n{POD}".encode()]
    documents = read_manifests(["-", "-"], root=folder, stdin=streams.pop)
    assert ids(documents) == ["stdin#0", "stdin#1"]
    (failed,) = read_manifests(["-"], root=folder, stdin=lambda: b"\n")
    assert (failed.status, failed.detail) == (Status.FAILED, "the standard input is empty")


HELM = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Values.name }}\n"


@pytest.mark.parametrize(
    ("files", "failed", "says", "remedy"),
    [
        (
            {"chart/Chart.yaml": "name: shop\n", "chart/values.yaml": "image: x\n", "chart/templates/a.yaml": HELM,
             "chart/charts/sub/templates/b.yaml": POD, "chart/values-prod.yaml": "a: 1\n"},
            ["chart/Chart.yaml#0"], "Helm chart", "helm template chart | pullready run --manifests -",
        ),
        ({"k/kustomization.yaml": "resources: [a.yaml]\n"}, ["k/kustomization.yaml#0"], "Kustom", "kustomize k |"),
        ({"k/Kustomization": "resources: []\n"}, ["k/Kustomization#0"], "Kustomization", "kubectl kustomize k |"),
        ({"k.yaml": "apiVersion: kustomize.config.k8s.io/v1\nkind: Component\n"}, ["k.yaml#0"], "Kustom", "mize ."),
        ({"a.yaml": HELM}, ["a.yaml#0"], "template of a Helm chart", "helm template CHART |"),
        ({"a.yaml": f"---\n{POD}---\n{HELM}---\n{HELM}"}, ["a.yaml#0"], "template of a Helm chart", "helm template"),
        ({"a.yaml": "kind: {{ kind }}\n{% if x %}\na: 1\n{% endif %}\n"}, ["a.yaml#0"], "is a template", "RENDER |"),
        ({"a.yaml": POD.replace("shop.az", "${SHOP}.az")}, ["a.yaml#0"], "placeholder", "envsubst"),
        ({"a.yaml": POD.replace("shop.az", "'{{ x }}'.az").replace("'", "")}, ["a.yaml#0"], "template", "RENDER |"),
        ({"a.yaml": POD.replace("name: web}\ns", "name: $(NAME)}\ns")}, ["a.yaml#0"], "placeholder", "envsubst"),
        (
            {"a.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\n"},
            ["a.yaml#0"], "this HelmRelease is rendered by a controller", "helm template shop CHART",
        ),
        (
            {"a.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop}\n"},
            ["a.yaml#0"], "this Kustomization is rendered", "flux build kustomization shop --path",
        ),
        (
            {"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\n"},
            ["a.yaml#0"], "this Application is rendered", "argocd app manifests shop |",
        ),
        ({"values.yaml": "image: x\n"}, ["values.yaml#0"], "Helm chart's values", "--values values.yaml"),
        ({"helmfile.yaml": "releases: []\n"}, ["helmfile.yaml#0"], "helmfile", "--file helmfile.yaml template |"),
    ],
)  # fmt: skip
def test_sources_are_named_with_what_renders_them(
    folder: Path, files: dict[str, str], failed: list[str], says: str, remedy: str
) -> None:
    write(folder, files)
    documents = read(folder)
    assert ids(documents, Status.FAILED) == failed
    assert ids(documents) == []
    assert says in str(documents[0].detail)
    assert remedy in str(documents[0].remedy)


def test_a_named_template_leads_to_its_chart(folder: Path) -> None:
    write(folder, {"my chart/Chart.yaml": "name: shop\n", "my chart/templates/web/a.yaml": HELM})
    (failed,) = read(folder, "my chart/templates/web/a.yaml")
    assert failed.line("") == 4
    assert "helm template 'my chart' |" in str(failed.remedy)


def test_beside_a_chart_manifests_are_read(folder: Path) -> None:
    write(folder, {"Chart.yaml": "name: shop\n", "templates/a.yaml": HELM, "deploy/b.yaml": POD})
    documents = read(folder)
    assert (ids(documents), ids(documents, Status.FAILED)) == (["deploy/b.yaml#0"], ["Chart.yaml#0"])
    assert ids(read(folder, exclude=("Chart.yaml", "templates")), Status.FAILED) == []


@pytest.mark.parametrize(
    ("kustomization", "read_too"),
    [
        ("resources: [a.yaml]", ["base/a.yaml#0", "base/b.yaml#0"]),
        ("resources: [a.yaml]\nnamespace: shop", ["base/a.yaml#0", "base/b.yaml#0"]),
        ("resources: [a.yaml]\nimages: [{name: web, newTag: v2}]", ["base/b.yaml#0"]),
        ("resources: [a.yaml]\npatches: [{path: b.yaml}]", []),
        ("resources: [a.yaml]\npatchesStrategicMerge: [b.yaml, '{}']", []),
        ("resources: [../base]\npatches: [{patch: '[]'}]", []),
        ("resources: [", ["base/a.yaml#0", "base/b.yaml#0"]),
    ],
)
def test_what_a_kustomization_changes_is_left_to_it(folder: Path, kustomization: str, read_too: list[str]) -> None:
    write(folder, {"base/kustomization.yaml": kustomization, "base/a.yaml": POD, "base/b.yaml": POD})
    documents = read(folder)
    assert ids(documents, Status.FAILED) == ["base/kustomization.yaml#0"]
    assert ids(documents) == read_too


def test_quoted_braces_are_no_template_where_nothing_is_judged_by_them(folder: Path) -> None:
    rule = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '$x'}\ndata: {a: '{{ $labels.pod }}'}\n"
    broken = POD + "kind: '{{ x }}'\n"
    write(folder, {"a.yaml": rule, "b.yaml": broken, "c.yaml": POD + "# {{ x }}\na: [\n"})
    documents = read(folder)
    assert ids(documents) == ["a.yaml#0"]
    assert [str(document.detail)[:22] for document in documents[1:]] == [
        "the key kind stands tw",
        "this is not YAML: whil",
    ]


def secret(data: dict[str, str], kind: str = "dockerconfigjson", field: str = "data") -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull"},
        "type": f"kubernetes.io/{kind}",
        field: data,
    }


NOTE = {"note": "its .dockerconfigjson is not base64 of the documented JSON"}


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


AUTH = base64.b64encode(f"shop:{CANARY}".encode()).decode()


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (
            secret({".dockerconfigjson": encoded({"auths": {"shop.azurecr.io": {"auth": AUTH, "password": CANARY}}})}),
            {"registries": [{"server": "shop.azurecr.io", "username": "shop", "kind": "whole"}]},
        ),
        (
            secret({".dockerconfigjson": json.dumps({"auths": {"a": {"username": "u"}, "b": {}}})}, field="stringData"),
            {
                "registries": [
                    {"server": "a", "username": "u", "kind": "no-password"},
                    {"server": "b", "kind": "no-user"},
                ]
            },
        ),
        (
            secret({".dockercfg": encoded({f"https://x:{CANARY}@shop.azurecr.io/v2/": {"auth": CANARY}})}, "dockercfg"),
            {"registries": [{"server": "https://***@shop.azurecr.io/v2/", "kind": "malformed"}]},
        ),
        (secret({".dockerconfigjson": CANARY}), {**NOTE, "flaw": "refused"}),
        (secret({".dockerconfigjson": encoded([CANARY])}), {**NOTE, "flaw": "refused"}),
        (secret({".dockerconfigjson": encoded({"a": CANARY})}), {"registries": []}),
        (secret({"password": CANARY}), {}),
    ],
)  # fmt: skip
def test_pull_secrets_lose_their_passwords(body: dict[str, object], kept: dict[str, object]) -> None:
    reduced = without_keyed(reduce_object(body))
    identity = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "type": body["type"]}
    assert reduced == {**identity, **kept}
    assert CANARY not in json.dumps(reduced)


CANARIES = f"""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {{a: {CANARY}}}
  labels: {{a: {CANARY}}}
spec:
  {CANARY}: x
  template:
    metadata: {{annotations: {{a: {CANARY}}}}}
    spec:
      nodeSelector: {{a: {{b: {CANARY}}}}}
      tolerations: {CANARY}
      imagePullSecrets: [{{name: pull, password: {CANARY}}}]
      volumes:
      - {{name: v, secret: {{secretName: {CANARY}}}, image: [{CANARY}]}}
      containers:
      - name: web
        image: shop:{CANARY}@shop.azurecr.io/web:1.4
        args: [{CANARY}]
        command: [{CANARY}]
        env: [{{name: A, value: {CANARY}}}]
        lifecycle: {{postStart: {{exec: {{command: [{CANARY}]}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: s}}
stringData: {{a: {CANARY}}}
data: {{.dockerconfigjson: {CANARY}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c}}
data: {{image: {CANARY}}}
---
apiVersion: shop.example/v1
kind: Shop
metadata: {{name: s, annotations: {{image: {CANARY}}}}}
spec:
  image: shop.azurecr.io/web
  password: {CANARY}
  template: {{spec: {{containers: [{{image: web, env: [{{name: a, value: {CANARY}}}]}}]}}}}
status: {{image: {CANARY}}}
---
{CANARY}: [
---
{{{CANARY} a: 1, {CANARY} a: 2}}
---
{CANARY}
"""


def test_secrets_are_in_no_document_and_no_reason(folder: Path) -> None:
    write(folder, {"app.yaml": CANARIES})
    documents = read(folder)
    assert [document.status for document in documents] == [Status.READ] * 4 + [Status.FAILED] * 3
    assert CANARY not in msgspec.json.encode(documents).decode()
    (container,) = documents[0].at("/spec/template/spec/containers")
    assert container == {"name": "web", "image": "***@shop.azurecr.io/web:1.4"}


def test_lists_of_a_live_cluster_are_reduced_alike() -> None:
    pod = {"metadata": {"name": "web", "uid": CANARY}, "spec": {"containers": [{"image": "web", "env": [CANARY]}]}}
    reduced = reduce_list({"apiVersion": "v1", "kind": "PodList", "metadata": {"continue": CANARY}, "items": [pod]})
    item = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"image": "web"}]}}
    assert reduced == {"apiVersion": "v1", "kind": "PodList", "items": [item]}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS has no manifests")
def test_every_recorded_manifest_is_digested() -> None:
    """Each image that the index lists is in what was read, or its file has a document with a reason."""
    index = {one["file"]: one["images"] for one in json.loads((CORPUS / "index.json").read_text())}
    files = sorted(CORPUS.rglob("*.yaml"))
    assert len(files) > 100
    for file in files:
        text = "\n".join(line for line in file.read_text().splitlines() if not line.strip().startswith("#"))
        documents = read_manifests([str(file)], root=CORPUS)
        assert documents
        assert all(document.detail and document.remedy for document in documents if document.status is Status.FAILED)
        kept = msgspec.json.encode([document.body for document in documents]).decode()
        for image in index.get(file.relative_to(CORPUS).as_posix(), ()):
            known = image in kept or image not in text
            assert known or any(document.status is Status.FAILED for document in documents), f"{image} of {file}"


def test_the_limit_of_a_file_is_above_that_of_a_document() -> None:
    assert manifests.MAX_FILE > 5_000_000
