"""Bad input: one clear message with place and remedy, never a traceback, and the rest is still judged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.running import CLUSTER, FIVE, HEALTHY, POD, PULL_ROLE, Ran, broken, run

SNAPSHOT: Final = HEALTHY.parent / "snapshot.json"
HEADER: Final = f"cluster: {CLUSTER}\n"
REGISTRIES: Final = HEADER + "registries: [shopprod]\n"


def refused(ran: Ran, *said: str) -> None:
    """Check that the run did not start and says why, once."""
    assert ran.code == 4, ran.said
    assert "Traceback" not in ran.said
    message = ran.err.partition("ERROR: ")[2]
    for words in said:
        assert words in message, ran.said
    assert ran.err.count("ERROR: ") == 1
    assert not ran.reports.exists()


CONFIGURATIONS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "empty": ("", ("pullready.yaml:1: the file is empty",)),
    "only a comment": ("# later\n", ("pullready.yaml",)),
    "a list": ("- cluster\n", ("pullready.yaml:1: ",)),
    "not YAML": (HEADER + "manifests: [deploy/\n", ("pullready.yaml:", "this is not YAML")),
    "bad encoding": (HEADER + "# \udcff\n", ("pullready.yaml:2: this is not utf-8 text", "Save the file as UTF-8")),
    "unknown key": (
        REGISTRIES + "regsitries: [shop]\n",
        ("pullready.yaml:3: the key regsitries", "Did you mean registries?"),
    ),
    "unknown key in a target": (
        f"targets:\n  - cluster: {CLUSTER}\n    manifest: [deploy/]\n",
        ("pullready.yaml:3: the key manifest is unknown", "Did you mean manifests?"),
    ),
    "duplicate key": (REGISTRIES + HEADER, ("pullready.yaml:3: ", "cluster")),
    "two faults": (
        REGISTRIES + "fail-on: never\nread-secrets: perhaps\n",
        ("pullready.yaml:3: fail-on", "pullready.yaml:4: read-secrets"),
    ),
    "nothing to find registries by": (HEADER, ("pullready.yaml:1: ", "registries")),
    "cluster of another type": (
        REGISTRIES.replace("managedClusters", "fleets"),
        ("pullready.yaml:1: cluster: ", "is of type Microsoft.ContainerService/fleets", "az aks show"),
    ),
    "cluster id malformed": (
        "cluster: prod\nregistries: [shopprod]\n",
        ("pullready.yaml:1: cluster: prod", "az aks show"),
    ),
    "two clusters that are one": (
        f"targets:\n  - {REGISTRIES}  - {REGISTRIES.replace('/shop/', '/SHOP/')}".replace("\nreg", "\n    reg"),
        ("pullready.yaml:4: ",),
    ),
    "empty file name": (HEADER + "manifests: ['']\n", ("pullready.yaml:2: manifests: this is empty",)),
    "waiver of no check": (
        REGISTRIES
        + "waivers:\n- {check: kubelet-pull-role-misssing, subject: x, reason: r, owner: o, until: 2026-12-31}\n",
        ("pullready.yaml:4: check: there is no check kubelet-pull-role-misssing", f"Did you mean {PULL_ROLE}?"),
    ),
    "waiver without an end": (
        REGISTRIES + f"waivers:\n- {{check: {PULL_ROLE}, subject: x, reason: r, owner: o}}\n",
        ("pullready.yaml:4: ", "lacks until"),
    ),
    "snapshot is missing": ("snapshot: absent.json\n", ("absent.json: the snapshot cannot be read: No such file",)),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_that_will_not_do(name: str, tmp_path: Path) -> None:
    content, said = CONFIGURATIONS[name]
    (tmp_path / "pullready.yaml").write_bytes(content.encode(errors="surrogateescape"))
    refused(run(tmp_path), *said)


def test_no_configuration(tmp_path: Path) -> None:
    ran = run(tmp_path)
    refused(ran, "there is no pullready.yaml", "managedClusters/<name>", "manifests: [deploy/]")
    assert f"--config {HEALTHY.relative_to(HEALTHY.parents[2])}" in ran.err
    refused(run(tmp_path, "--config=mine.yaml"), "mine.yaml: the configuration cannot be read")


OPTIONS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "a cluster and nothing to find registries by": ((f"--cluster={CLUSTER}",), "nothing names the registries"),
    "a cluster of another type": ((f"--cluster={CLUSTER.replace('managedClusters', 'x')}",), "is of type"),
    "no cluster for the context": (("--context=prod",), "--context needs to know its cluster"),
    "only a registry": (("--registry=shopprod",), "--registry alone names nothing to judge"),
    "one cluster twice": ((f"--cluster={CLUSTER}",) * 2 + ("--registry=shopprod",), "names one cluster twice"),
    "manifests that are an address": (("--manifests=https://example.com/app.yaml",), "is an address, not a path"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_will_not_do(name: str, tmp_path: Path) -> None:
    options, said = OPTIONS[name]
    refused(run(tmp_path, *options), said)


def test_two_clusters_of_one_name_are_told_apart_by_their_groups(tmp_path: Path) -> None:
    clusters = (CLUSTER, CLUSTER.replace("/shop/", "/test/"))
    ran = run(tmp_path, *(f"--cluster={one}" for one in clusters), "--registry=shop", f"--snapshot={SNAPSHOT}")
    assert {target for _, target in ran.verdicts} == {"shop/prod", "test/prod"}
    assert ran.code == 10, "the second is not in the snapshot"


#: Content, and what is said of it: the line, the reason, the remedy.
MANIFESTS: Final[dict[str, tuple[bytes, int, str, str]]] = {
    "not YAML": (b"kind: Pod\nspec: {a: [\n", 2, "this is not YAML", ""),
    "bad encoding": (b"kind: Pod\nname: caf\xe9\n", 2, "this is not utf-8 text", "Save the file as UTF-8"),
    "duplicate key": (b"kind: Pod\nkind: Job\n", 2, "kind", ""),
    "bomb": (
        b"a: &a [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 9)) for i in range(9)),
        5,
        "alias",
        "",
    ),
    "deep": (b"a: " + b"[" * 5000 + b"]" * 5000, 1, "deep", ""),
    "5 MB": (b"kind: ConfigMap\ndata: {a: " + b"x" * 5_000_000 + b"}\n", 1, "larger than", "Split"),
    "unrendered template": (b"kind: Pod\nmetadata: {name: {{ .Release.Name }}}\n", 2, "template", "helm template"),
    "chart values": (b"image: {{ .Values.image }}\n", 1, "template", "helm template"),
    "Kustomization": (
        b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [app.yaml]\n",
        1,
        "ustom",
        "kustomize",
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_cannot_be_read_and_one_beside_it(name: str, tmp_path: Path) -> None:
    content, line, what, remedy = MANIFESTS[name]
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "bad.yaml").write_bytes(content)
    (deploy / "good.yaml").write_text(POD.replace("azurecr", "azureacr"))
    ran = run(tmp_path, "--manifests=deploy")
    assert ran.code == 1, "the fault in the other file is found"
    assert "Traceback" not in ran.said
    assert {path.name for path in ran.reports.iterdir()} == FIVE
    unknown = unknown_at(ran, "deploy/bad.yaml")
    assert {one["location"]["line"] for one in unknown} == {line}
    assert len({one["reason"] for one in unknown}) == 1
    assert what in unknown[0]["reason"]
    assert remedy in unknown[0]["remedy"]
    assert unknown[0]["remedy"]
    alone = run(tmp_path, "--manifests=deploy/bad.yaml")
    assert alone.code == 10, "what cannot be read is unknown"


def unknown_at(ran: Ran, file: str) -> list[dict[str, Any]]:
    """Return what is unknown of a file: something, for every check that reads manifests."""
    found = [
        judgement
        for result in ran.json["results"]
        for judgement in result["judgements"]
        if judgement["kind"] == "unknown" and (judgement["location"] or {}).get("file") == file
    ]
    assert found, ran.said
    return found


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("empty", "there is no manifest in this folder"),
        ("nothing.yaml", "there is no document in this file"),
        ("absent.yaml", "this cannot be read: no such file or directory"),
    ],
)
def test_manifests_that_are_not_there(path: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.yaml").write_text("# nothing\n")
    ran = run(tmp_path, f"--manifests={path}")
    assert ran.code == 10, ran.said
    assert what in unknown_at(ran, path)[0]["reason"]


def test_standard_input_with_nothing_in_it(tmp_path: Path) -> None:
    ran = run(tmp_path, "--manifests=-", stdin=b"")
    assert ran.code == 10
    assert "the standard input is empty" in ran.out


class TestSnapshots:
    def judge(self, folder: Path, content: bytes) -> Ran:
        (folder / "snapshot.json").write_bytes(content)
        return run(folder, "--snapshot=snapshot.json")

    def changed(self, **changes: Any) -> bytes:
        content = json.loads(SNAPSHOT.read_bytes())
        del content["example"]
        return json.dumps({**content, **changes}).encode()

    def test_of_a_newer_schema(self, tmp_path: Path) -> None:
        ran = self.judge(tmp_path, self.changed(schemaVersion=2))
        refused(ran, "snapshot.json: the snapshot has schema version 2", "Use the version of pullready that saved it")

    @pytest.mark.parametrize("content", [b"", b"{", SNAPSHOT.read_bytes()[:-100], b"\xff\xfe", b"[" * 100_000])
    def test_that_is_damaged(self, content: bytes, tmp_path: Path) -> None:
        refused(self.judge(tmp_path, content), "snapshot.json: the snapshot is damaged")

    @pytest.mark.parametrize("content", [b"[]", b"{}", b'{"schemaVersion": 1}', b'{"kind": "List", "items": []}'])
    def test_that_is_something_else(self, content: bytes, tmp_path: Path) -> None:
        refused(self.judge(tmp_path, content), "snapshot.json: this is not a snapshot of pullready")

    def test_that_is_too_old(self, tmp_path: Path) -> None:
        taken = datetime.now(UTC) - timedelta(hours=25)
        old = self.changed(capturedAt=taken.isoformat())
        refused(self.judge(tmp_path, old), "was taken 25.0 hours ago, and at most 24.0 hours", "snapshot-max-age")
        (tmp_path / "pullready.yaml").write_text("snapshot-max-age: 2d\n")
        assert "hours ago" not in self.judge(tmp_path, old).err

    def test_from_the_future(self, tmp_path: Path) -> None:
        taken = datetime.now(UTC) + timedelta(hours=2)
        refused(self.judge(tmp_path, self.changed(capturedAt=taken.isoformat())), "in the future", "clock")

    def test_without_targets(self, tmp_path: Path) -> None:
        now = datetime.now(UTC).isoformat()
        refused(self.judge(tmp_path, self.changed(capturedAt=now, targets=[])), "does not say what it was taken of")


class TestWaivers:
    def judge(self, folder: Path, subject: str, until: str) -> Ran:
        example = broken().read_text().replace("snapshot.json", str(broken().parent / "snapshot.json"))
        example = example.replace("[manifests", f"[{broken().parent}/manifests")
        waiver = f"waivers: [{{check: {PULL_ROLE}, subject: {subject}, reason: later, owner: us, until: {until}}}]\n"
        (folder / "pullready.yaml").write_text(example + waiver)
        return run(folder)

    def test_that_matches_waives(self, tmp_path: Path) -> None:
        ran = self.judge(tmp_path, "shopimages.azurecr.io", "2999-12-31")
        assert ran.code == 0, ran.said
        assert ran.verdicts[PULL_ROLE, "prod"] == "waived"

    def test_that_matches_nothing_is_listed(self, tmp_path: Path) -> None:
        ran = self.judge(tmp_path, "shoptools.azurecr.io", "2999-12-31")
        assert ran.code == 1
        assert len(ran.json["waivers"]["unmatched"]) == 1
        assert f"waiver that matches nothing: {PULL_ROLE}, shoptools.azurecr.io" in ran.out

    def test_that_has_expired_waives_nothing_and_is_listed(self, tmp_path: Path) -> None:
        ran = self.judge(tmp_path, "shopimages.azurecr.io", "2026-01-01")
        assert ran.code == 1
        assert len(ran.json["waivers"]["expired"]) == 1
        assert f"expired waiver, waives nothing: {PULL_ROLE}, shopimages.azurecr.io" in ran.out


@pytest.mark.parametrize("path", ["folder", "file/snapshot.json"])
def test_a_snapshot_that_cannot_be_written(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    ran = run(tmp_path, f"--config={HEALTHY}", f"--save-snapshot={path}")
    assert ran.code == 4
    assert f"{path}: the snapshot cannot be written" in ran.err
    assert "Traceback" not in ran.said


def test_manifests_without_an_image_are_no_success_beside_a_healthy_cluster(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")
    configuration = f"{HEADER}manifests: [service.yaml]\nsnapshot: {SNAPSHOT}\n"
    (tmp_path / "pullready.yaml").write_text(configuration)
    ran = run(tmp_path)
    assert ran.code == 10, ran.said
    assert "nothing says what is to be pulled" in ran.said
