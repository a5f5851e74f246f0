"""Secrets that are planted in every input show up in no output: terminal, reports, snapshot."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import ids
from tests.running import CHECKS, CLUSTER, FIVE, HEALTHY, Ran, run, run_pytest
from tools.shop.environment import SHOP, SHOPTOOLS

CANARY: Final = "canary"
ZEROS: Final = "00000000-0000-0000-0000-000000000000"


class Canaries:
    """Makes a different secret each time, so that a leak names where it was planted."""

    def __init__(self) -> None:
        self.planted: list[str] = []

    def __call__(self, place: str) -> str:
        self.planted.append(f"{CANARY}{len(self.planted)}{place}")
        return self.planted[-1]


def spellings(canary: str) -> Iterator[bytes]:
    """Yield a secret as it is, and as base64 at every offset that it may stand at in an encoded text."""
    yield canary.encode()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + canary.encode())
        yield encoded[4 if offset else 0 : -4]


def leaks(canaries: Canaries, ran: Ran, *files: Path) -> list[str]:
    """Return where a canary stands in what the run left."""
    outputs = {"the terminal": ran.said.encode()}
    outputs |= {path.name: path.read_bytes() for path in (*ran.reports.iterdir(), *files)}
    assert outputs.keys() >= FIVE
    return [
        f"{canary} in {name}"
        for canary in canaries.planted
        for spelling in spellings(canary)
        for name, content in outputs.items()
        if spelling in content
    ]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def token(plant: Canaries) -> str:
    """Return a token whose every part and claim is a secret but for its end."""
    claims = {name: plant(f"claim {name}") for name in ("iss", "aud", "sub", "jti", "tenant", "rid")}
    parts = (json.dumps({"kid": plant("kid")}), json.dumps({**claims, "exp": 1793361600}), plant("signature"))
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def manifests(plant: Canaries) -> list[dict[str, Any]]:
    """Return objects with a canary in every field that may hold a secret."""
    login = {
        "username": "reader",
        "password": plant("password"),
        "auth": encoded(f"reader:{plant('auth')}"),
        "identitytoken": plant("identitytoken"),
        "email": plant("email"),
    }
    client = "dddddddd-5555-4555-8555-555555555555"
    principals = {
        "shopimages.azurecr.io": {"username": client, "password": plant("principal")},
        "https://shopimages.azurecr.io": {"auth": encoded(f"{client}:{plant('principal in auth')}")},
        "*.azurecr.io": {"username": "shopimages", "password": plant("admin")},
        "shopimages.azurecr.io/team": {"auth": encoded(f"shopimages:{plant('admin in auth')}")},
        "shopimages.azurecr.io/tokens": {"username": ZEROS, "password": token(plant)},
        "shopimages.azurecr.io/more": {"auth": encoded(f"{ZEROS}:{plant('no token')}")},
        "shopimages.azurecr.io/store": {"identitytoken": plant("identity token alone")},
    }
    config = json.dumps({"auths": {f"https://reader:{plant('server')}@shopprod.azurecr.io": login}})
    container = {
        "name": "web",
        "image": "shopprod.azurecr.io/web:1.0",
        "command": ["run", plant("command")],
        "args": ["--password", plant("args")],
        "env": [{"name": "PASSWORD", "value": plant("env")}],
        "envFrom": [{"prefix": plant("prefix")}],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": plant("probe")}]}},
        "lifecycle": {"postStart": {"exec": {"command": [plant("lifecycle")]}}},
    }
    with_user_info = {**container, "name": "user", "image": f"reader:{plant('image')}@shopprod.azurecr.io/web:1.0"}
    with_scheme = {
        **container,
        "name": "scheme",
        "image": f"https://reader:{plant('scheme')}@shopprod.azurecr.io/web:1",
    }
    near_miss = {
        **container,
        "name": "miss",
        "image": f"reader:{plant('near miss').replace(' ', '')}@shopimages.azureacr.io/w:1",
    }
    pod = {
        "containers": [
            container,
            {**container, "name": "typo", "image": "shopprod.azureacr.io/web"},
            with_user_info,
            with_scheme,
            near_miss,
        ],
        "initContainers": [{**container, "name": "init", "args": [plant("init")]}],
        "volumes": [
            {"name": "a", "csi": {"driver": "x", "volumeAttributes": {"password": plant("csi")}}},
            {"name": "b", "flexVolume": {"driver": "x", "options": {"key": plant("flex")}}},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "imagePullSecrets": [{"name": "pull"}],
    }
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": plant("annotation")}
    named = {"name": "web", "annotations": annotations, "managedFields": [{"manager": plant("manager")}]}
    template = {"metadata": {"annotations": {"vault": plant("template")}}, "spec": pod}

    def secret(type_: str, **content: Any) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": type_,
            "metadata": {"name": type_.lower()[-9:]},
            **content,
        }

    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": {"template": template}},
        {"apiVersion": "v1", "kind": "List", "items": [secret("Opaque", data={"a": encoded(plant("listed"))})]},
        secret("Opaque", data={"a": encoded(plant("data"))}, stringData={"b": plant("stringData")}),
        secret("kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encoded(config)}),
        secret("kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": config}),
        secret("kubernetes.io/dockerconfigjson", data={".dockerconfigjson": plant("not base64")}),
        secret("kubernetes.io/dockercfg", data={".dockercfg": encoded(json.dumps({"shopprod.azurecr.io": login}))}),
        {
            **secret(
                "kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": json.dumps({"auths": principals})}
            ),
            "metadata": {
                "name": "pull",
                "creationTimestamp": plant("creationTimestamp"),
                "managedFields": [{"time": plant("time"), "fieldsV1": {"f:data": {plant("f:data"): {}}}}],
            },
        },
        secret("kubernetes.io/tls", data={"tls.key": encoded(plant("key"))}),
        secret("kubernetes.io/basic-auth", stringData={"password": plant("basic")}),
        secret("bootstrap.kubernetes.io/token", stringData={"token-secret": plant("token")}, extra=plant("extra")),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"url": f"https://a:{plant('map')}@x"},
        },
        {
            "apiVersion": "example.com/v1",
            "kind": "Rollout",
            "metadata": {"name": "own"},
            "spec": {"token": plant("custom"), "template": template, "url": f"https://u:{plant('url')}@example.com"},
        },
    ]


@pytest.mark.parametrize("door", ["run", "pytest", "stdin", "verbose"])
def test_of_manifests(door: str, tmp_path: Path) -> None:
    plant = Canaries()
    (tmp_path / "app.json").write_text("\n---\n".join(json.dumps(one) for one in manifests(plant)))
    broken_ones = {
        "broken.yaml": f"kind: Secret\ndata: {{password: {plant('flow')}\n",
        "duplicate.yaml": f"kind: Secret\npassword: {plant('first')}\npassword: {plant('second')}\n",
        "key.yaml": f"kind: Secret\n{plant('key')}: [\n",
        "tag.yaml": f"kind: Secret\npassword: !{plant('tag')} x\nalias: *{plant('alias')}\n",
        "template.yaml": f"kind: Secret\npassword: {{{{ .Values.x }}}}\ntoken: {plant('template')}\n",
        "encoding.yaml": f"kind: Secret\npassword: {plant('encoding')}\udcff\n",
    }
    for name, content in broken_ones.items():
        (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    saved = tmp_path / "saved.json"
    arguments = ("--manifests=.", "--save-snapshot=saved.json")
    match door:
        case "pytest":
            prefixed = [argument.replace("--", "--pullready-", 1) for argument in arguments]
            ran = run_pytest(tmp_path, CHECKS, "-vv", "--showlocals", "--tb=long", *prefixed)
        case "stdin":
            piped = (tmp_path / "app.json").read_bytes()
            ran = run(tmp_path, "--manifests=-", "--save-snapshot=saved.json", stdin=piped)
        case _:
            ran = run(tmp_path, *arguments, *(["-v"] if door == "verbose" else []))
    assert ran.code == 1, ran.said
    assert leaks(plant, ran, saved) == []


def test_of_a_snapshot_made_by_hand(tmp_path: Path) -> None:
    plant = Canaries()
    content = json.loads((HEALTHY.parent / "snapshot.json").read_bytes())
    for document in content["documents"]:
        _plant(plant, document)
    content["documents"] += [
        {"id": f"manifest:hand.yaml#{place}", "provider": "manifest", "status": "read", "body": body, "lines": {"": 1}}
        for place, body in enumerate(manifests(plant))
    ]
    content["documents"].append(
        {
            "id": CLUSTER.replace("prod", "gone"),
            "provider": "arm",
            "status": "failed",
            "detail": f"cannot reach https://user:{plant('detail')}@proxy.example.com",
            "remedy": f"try https://user:{plant('remedy')}@proxy.example.com",
        }
    )
    login = {"name": plant("name"), "value": plant("value")}
    for id_, body in (
        (ids.admin_passwords_of(SHOP), {"username": "shopimages", "passwords": [login], plant("key"): plant("other")}),
        (
            ids.token_of(SHOP, "stock-pull"),
            {"properties": {"credentials": {"passwords": [{"name": "password1", "value": plant("token")}]}}},
        ),
        (ids.events_of(SHOPTOOLS), {"value": [{"password": plant("event")}]}),
    ):
        content["documents"].append({"id": id_, "provider": "arm", "status": "read", "body": body})
    (tmp_path / "snapshot.json").write_text(json.dumps(content))
    manifests_of = [one["id"] for one in content["documents"] if one["id"].startswith("manifest:")]
    cluster = {"name": "prod", "cluster": CLUSTER, "manifests": manifests_of}
    gone = {"name": "gone", "cluster": CLUSTER.replace("prod", "gone"), "manifests": manifests_of}
    content["targets"] = [cluster, gone]
    (tmp_path / "snapshot.json").write_text(json.dumps(content))
    ran = run(tmp_path, "--snapshot=snapshot.json", "--save-snapshot=saved.json")
    assert ran.code == 1, ran.said
    assert leaks(plant, ran, tmp_path / "saved.json") == []


def _plant(plant: Canaries, document: dict[str, Any]) -> None:
    """Put secrets into a document of Azure where they could stand if somebody wrote it by hand."""
    body = document["body"]
    if document["provider"] == "graph":
        for entity in body["value"]:
            entity["passwordCredentials"] = [
                {"secretText": plant("secretText"), "hint": plant("hint"), "displayName": plant("displayName")},
                *entity.get("passwordCredentials", []),
            ]
            entity["notes"] = plant("notes")
        return
    if document["provider"] == "registry":
        body["annotations"] = {"org.opencontainers.image.url": f"https://user:{plant('url')}@example.com"}
        body["history"] = [{"created_by": f"RUN TOKEN={plant('history')} make"}]
        body["container_config"] = {"Cmd": [plant("cmd")]}
        body["config"] = {"Env": [f"PASSWORD={plant('config')}"], **body.get("config", {})}
        for one in body.get("manifests", []):
            one["annotations"] = {"note": plant("entry")}
            one["data"] = plant("data")
            one["urls"] = [f"https://{plant('layer')}@example.com"]
        return
    for one in body["value"] if isinstance(body.get("value"), list) else [body]:
        properties = one.setdefault("properties", {})
        properties["servicePrincipalProfile"] = {
            **properties.get("servicePrincipalProfile", {}),
            "secret": plant("secret"),
        }
        properties["windowsProfile"] = {"adminPassword": plant("adminPassword")}
        properties["osProfile"] = {"customData": plant("customData"), "secrets": [plant("secrets")]}
        properties["httpProxyConfig"] = {"httpProxy": f"http://user:{plant('proxy')}@proxy.example.com:3128"}
        properties["passwords"] = [{"name": "password", "value": plant("passwords")}]


def test_of_configuration_and_options(tmp_path: Path) -> None:
    plant = Canaries()
    address = "https://user:{}@example.com/app.yaml"
    for content in (
        f"manifests: ['{address.format(plant('manifests'))}']\n",
        f"manifests: [a]\nregistries: ['{address.format(plant('registries'))}']\n",
        f"manifests: [a]\ncloud: {{authority: '{address.format(plant('authority'))}'}}\n",
        f"cluster: '{address.format(plant('cluster'))}'\nmanifests: [a]\n",
    ):
        (tmp_path / "pullready.yaml").write_text(content)
        ran = run(tmp_path)
        assert ran.code == 4
        assert not [one for one in plant.planted if one in ran.said]
    for option in ("manifests", "registry", "cluster"):
        ran = run(tmp_path, f"--{option}={address.format(plant(option))}")
        assert ran.code == 4
        assert not [one for one in plant.planted if one in ran.said]


@pytest.mark.parametrize("variable", ["CI_PROJECT_URL", "GIT_URL", "JENKINS_URL", "BUILD_URL"])
def test_of_a_pipelines_variables(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Canaries()
    monkeypatch.setenv(variable, f"https://user:{plant('variable')}@example.com/shop.git")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", plant("client"))
    ran = run(tmp_path, f"--config={HEALTHY}")
    assert leaks(plant, ran) == []
