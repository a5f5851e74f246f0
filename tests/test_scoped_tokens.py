"""The tokens of registries in pull secrets: what they may do, what is read of them, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from pullready.collectors import scoped_tokens
from pullready.collectors.live import collect
from pullready.collectors.saved import cleaned
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable
from pullready.facts import Need, Scope, ids
from pullready.facts.scoped_tokens import scope_map, scoped_token
from pullready.facts.service_accounts import Login
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import environments
from tests.azure.fixtures import Serve
from tests.environment import HUB
from tests.test_recorded import ABSENT, WIRE
from tools.shop.environment import SHOP, registry_token
from tools.shop.environment import scope_map as made_map
from tools.shop.hub import STAGE_SCOPE_MAP, STAGE_TOKEN, STAGE_TOOLS

CANARY: Final = "canary-2f9d6c"
NOW: Final = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
NEEDS: Final = frozenset(
    {Need.CLUSTER, Need.WORKLOADS, Need.REGISTRIES, Need.ROLE_ASSIGNMENTS, Need.SERVICE_PRINCIPAL, Need.PULL_SECRETS}
)


def scope_of(*bodies: dict[str, Any]) -> Scope:
    documents = [Document(id=one["id"], provider=Provider.ARM, status=Status.READ, body=one) for one in bodies]
    return Scope(Snapshot(map(cleaned, documents), captured_at=NOW), Target("x"), Settings())


@pytest.mark.parametrize(
    ("action", "repository", "lets"),
    [
        ("repositories/web/content/read", "web", True),
        ("repositories/web/content/read", "web/api", False),
        ("repositories/web/content/read", "we", False),
        ("repositories/shop/web/content/read", "shop/web", True),
        ("repositories/*/content/read", "shop/web", True),
        ("repositories/shop/*/content/read", "shop/web/api", True),
        ("repositories/shop/*/content/read", "shop", False),
        ("repositories/shop/*/content/read", "shopping/web", False),
        ("repositories/shop*/content/read", "shopping", False),
        ("repositories/shop*/content/read", "shop*", False),
        ("repositories/shop/*/api/content/read", "shop/web/api", False),
        ("repositories/shop/*/web/*/content/read", "shop/a/web/b", False),
        ("repositories/web/content/write", "web", False),
        ("repositories/web/metadata/read", "web", False),
        ("gateway/web/config/read", "web", False),
        ("web/content/read", "web", False),
        ("", "web", False),
    ],
)
def test_what_an_action_lets_one_pull(action: str, repository: str, lets: bool) -> None:  # noqa: FBT001
    made = made_map(f"{SHOP}/scopeMaps/m", "repositories/other/content/read", action)
    found = scope_map(scope_of(made), made["id"]).reading(repository)
    assert (found.pointer if found else None) == ("/properties/actions/1" if lets else None)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("stage-pull", "stage-pull"),
        ("Stage_Pull5", "Stage_Pull5"),
        ("a" * 50, "a" * 50),
        ("a" * 51, None),
        ("abcd", None),
        ("jo@example.com", None),
        ("../x/listCredentials", None),
        ("dddddddd-5555-4555-8555-555555555555", None),
        ("00000000-0000-0000-0000-000000000000", None),
        (None, None),
    ],
)
def test_which_users_may_be_tokens(user: str | None, name: str | None) -> None:
    assert Login("shop.azurecr.io", user).token_name == name


def test_of_a_token_the_dates_are_kept_and_nothing_else() -> None:
    body = registry_token(f"{SHOP}/tokens/stage-pull", f"{SHOP}/scopeMaps/m", ends="2027-01-01T00:00:00Z")
    kept = scoped_tokens.reduced(body)
    assert kept == body
    [password] = body["properties"]["credentials"]["passwords"]
    password["value"] = CANARY
    body["properties"]["credentials"]["certificates"] = [{"name": "certificate1", "encodedPemCertificate": CANARY}]
    body["systemData"] = {"createdBy": CANARY}
    assert CANARY not in json.dumps(scoped_tokens.reduced(body))
    assert scoped_tokens.reduced([CANARY]) == {}


def test_dates_are_moments_and_one_that_is_absent_is_never() -> None:
    made = registry_token(f"{SHOP}/tokens/a", "x", ends="2027-01-01T00:00:00.1234567+01:00")
    token = scoped_token(scope_of(made), SHOP, "a")
    assert token
    [password] = token.passwords
    assert password.ends == datetime(2026, 12, 31, 23, 0, 0, 123456, tzinfo=UTC)
    forever = scoped_token(scope_of(registry_token(f"{SHOP}/tokens/a", "x")), SHOP, "a")
    assert forever
    assert forever.passwords[0].ends is None
    with pytest.raises(FactUnavailable, match=ids.token_of(SHOP, "a")):
        scoped_token(scope_of(), SHOP, "a")


def answers_of(kind: str) -> list[dict[str, Any]]:
    paths = sorted((WIRE / "recorded" / f"microsoft.containerregistry__registries__{kind}").glob("*.json"))
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [one for answer in answers for one in answer.get("value", [answer])]


@pytest.mark.skipif(not (WIRE / "recorded").exists(), reason=ABSENT)
def test_tokens_and_scope_maps_as_azure_answered_them_are_understood() -> None:
    for body in answers_of("tokens"):
        registry, _, name = body["id"].rpartition("/tokens/")
        token = scoped_token(scope_of(body), registry, name)
        assert token
        assert (token.is_enabled, token.passwords, token.changing, token.has_certificates) == (True, (), None, False)
    for body in answers_of("scopemaps"):
        found = scope_map(scope_of(body), body["id"])
        read = {one.split("/")[1] for one in body["properties"]["actions"] if one.endswith("/content/read")}
        assert read
        assert all(found.reading(repository) for repository in read)
        assert not found.reading("rootregistry")
    assert len(answers_of("tokens")) > 1
    assert len(answers_of("scopemaps")) > 1


def served_stage(serve: Serve) -> tuple[Any, Snapshot, list[str]]:
    """Read what the pull secrets of stage need from a stand-in whose token tells its passwords."""
    environment = environments.example(HUB.name)
    token = environment.document(STAGE_TOKEN)
    body = json.loads(json.dumps(token.body))
    body["properties"]["credentials"]["passwords"][0]["value"] = CANARY
    standin = serve(environment.with_documents([replace_body(token, body)]))
    settings = replace(Settings(), cloud=standin.cloud, read_registries=False)
    [target] = environments.targets(environment)
    said: list[str] = []
    found = collect([target], settings, {target.name: NEEDS}, environments.unread(environment), said.append)
    return standin, found, said


def replace_body(document: Document, body: dict[str, Any]) -> Document:
    return Document(id=document.id, provider=document.provider, status=document.status, body=body)


def test_a_token_in_a_pull_secret_is_read_with_its_scope_map_and_tells_no_password(serve: Serve) -> None:
    standin, found, said = served_stage(serve)
    asked = [id_ for id_ in standin.asked("arm") if id_.startswith(f"{STAGE_TOOLS}/")]
    assert sorted(id_ for id_ in asked if "/tokens/" in id_ or "/scopeMaps/" in id_) == [STAGE_SCOPE_MAP, STAGE_TOKEN]
    assert {one.method for one in standin.requests if "/tokens/" in one.id} == {"GET"}
    assert CANARY not in found.encode().decode() + str(said)
    [password] = found.document(STAGE_TOKEN).body["properties"]["credentials"]["passwords"]
    assert password == {"name": "password1", "creationTime": "2026-09-14T08:00:00.0000000Z"}


def test_where_no_pull_secret_holds_a_token_none_is_read(serve: Serve) -> None:
    environment = environments.healthy()
    standin = serve(environment)
    settings = replace(Settings(), cloud=standin.cloud, read_registries=False)
    targets = environments.targets(environment)
    needs = {target.name: NEEDS for target in targets}
    collect(targets, settings, needs, environments.unread(environment), lambda _: None)
    assert standin.asked("arm")
    assert not [id_ for id_ in standin.asked("arm") if "/tokens" in id_ or "/scopeMaps" in id_]
