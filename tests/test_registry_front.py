"""The front of Azure Container Registry before a registry that verifies its tokens itself; here one of a few lines."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jwt
import pytest

from pullready.facts import ids
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import acr
from tests.azure.entra import KEY, Entra
from tests.azure.signatures import SIGNER
from tests.azure.wire import Answer, Call, errors
from tests.registry import shop
from tests.registry.layouts import INDEX, Layout
from tools.shop.contents import SHOPIMAGES, digest

NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
MANIFEST: Final = "/v2/web/manifests/1.4.2"
BLOB: Final = f"/v2/web/blobs/{digest('config')}"
EMPTY: Final = Snapshot([], captured_at=NOW)


@dataclass
class Held:
    """A registry with one image, which it gives to whoever may pull ``web`` by a token that it has verified."""

    got: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        self.got.append((method, target, token))
        try:
            told = jwt.decode(token, KEY.public_key(), ["RS256"], audience=SHOPIMAGES)
        except jwt.InvalidTokenError:
            return errors(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": 'error="invalid_token"'})
        if not any(one["name"] == "web" and "pull" in one["actions"] for one in told["access"]):
            return errors(401, "UNAUTHORIZED", "authentication required")
        return Answer(200, b"content") if target in {MANIFEST, BLOB} else errors(404, "MANIFEST_UNKNOWN", "unknown")

    def pointed_at(self, repository: str, tag: str) -> str | None:
        return digest("web") if (repository, tag) == ("web", "1.4.2") else None

    def has(self, repository: str, digest: str = "") -> bool:
        return repository == "web" and not digest


@pytest.fixture
def registries() -> acr.Registries:
    made = acr.Registries(Entra())
    made.behind[SHOPIMAGES] = Held()
    return made


def ask(registries: acr.Registries, target: str, token: str = "", snapshot: Snapshot = EMPTY, **more: str) -> Answer:
    headers = {"host": SHOPIMAGES, **({"authorization": f"Bearer {token}"} if token else {}), **more}
    return registries.answer(snapshot, Call("GET", target, headers), headers["host"])


def login(registries: acr.Registries, user: str = acr.NOBODY, repository: str = "web") -> Answer:
    """Sign in as Docker's clients do."""
    basic = base64.b64encode(f"{user}:{registries.password(SHOPIMAGES)}".encode()).decode()
    target = f"/oauth2/token?service={SHOPIMAGES}&scope=repository:{repository}:pull,metadata_read"
    return ask(registries, target, authorization=f"Basic {basic}")


def token(registries: acr.Registries, repository: str = "web") -> str:
    told: dict[str, Any] = login(registries, repository=repository).body
    return str(told["access_token"])


def test_the_registry_itself_says_who_may_read(registries: acr.Registries) -> None:
    assert ask(registries, MANIFEST, token(registries)).body == b"content"
    assert ask(registries, MANIFEST, token(registries, "other")).status == 401
    assert ask(registries, MANIFEST, "no token").headers == {"WWW-Authenticate": 'error="invalid_token"'}
    registries.claims = {"aud": "another"}
    assert ask(registries, MANIFEST, token(registries)).status == 401


def test_only_the_user_without_a_name_signs_in_with_a_password(registries: acr.Registries) -> None:
    assert login(registries).status == 200
    assert login(registries, user="somebody").status == 401


def test_a_token_vouches_for_its_signer(registries: acr.Registries) -> None:
    [certificate] = jwt.get_unverified_header(token(registries))["x5c"]
    pem = SIGNER.pem.decode()
    assert certificate in pem.replace("\n", "")


def test_a_blob_is_in_storage_for_those_who_may_read_it(registries: acr.Registries) -> None:
    refused = ask(registries, BLOB, token(registries, "other"))
    assert (refused.status, dict(refused.headers)) == (401, {})
    led = ask(registries, BLOB, token(registries))
    assert led.status == 307
    where = led.headers["Location"].removeprefix(f"https://{acr.STORAGE}")
    assert ask(registries, where, host=acr.STORAGE).body == b"content"
    assert ask(registries, where, token(registries), host=acr.STORAGE).status == 400
    assert ask(registries, where.replace(acr.SIGNATURE, "x"), host=acr.STORAGE).status == 400


def test_properties_are_those_of_what_is_held(registries: acr.Registries) -> None:
    mine = token(registries)
    assert ask(registries, "/acr/v1/web", mine).body["imageName"] == "web"
    assert ask(registries, "/acr/v1/web/_tags/1.4.2", mine).body["tag"]["digest"] == digest("web")
    assert ask(registries, "/acr/v1/web/_tags/2", mine).body["errors"][0]["code"] == "TAG_UNKNOWN"
    gone = ask(registries, f"/acr/v1/web/_manifests/{digest('web')}", mine)
    assert gone.body["errors"][0]["code"] == "MANIFEST_UNKNOWN"
    absent = ask(registries, "/acr/v1/other", token(registries, "other"))
    assert absent.body["errors"][0]["code"] == "NAME_UNKNOWN"
    assert ask(registries, "/acr/v1/web", token(registries, "other")).status == 401


@pytest.mark.parametrize(
    "id_", [ids.tag_properties(SHOPIMAGES, "web", "1.4.2"), ids.repository_properties(SHOPIMAGES, "web")]
)
def test_what_is_locked_is_not_given_out(id_: str, registries: acr.Registries) -> None:
    attributes = {"changeableAttributes": {"readEnabled": False}}
    body = {"tag": attributes} if "_tags" in id_ else attributes
    document = Document(id=id_, provider=Provider.REGISTRY, status=Status.READ, body=body)
    snapshot = Snapshot([document], captured_at=NOW)
    answer = ask(registries, MANIFEST, token(registries), snapshot)
    assert (answer.status, answer.body["errors"][0]["code"]) == (405, "UNSUPPORTED")
    assert ask(registries, MANIFEST, "no token", snapshot).status == 401


def test_the_images_of_the_shop_are_one_of_each_kind(tmp_path: Path) -> None:
    built = {}
    for image in shop.IMAGES:
        layout = Layout(tmp_path / image.repository)
        built[image] = image.build(layout)
        held = (layout.holding(built[image]) / "blobs" / built[image]["digest"].replace(":", "/")).read_bytes()
        assert acr.digest_of(held) == built[image]["digest"]
        assert len(held) == built[image]["size"]
    assert {image for image, one in built.items() if one["mediaType"] == INDEX} == {
        shop.WEB,
        shop.BILLING,
        shop.MIGRATE,
    }
    assert len({one["digest"] for one in built.values()}) == len(shop.IMAGES)
