"""Pull secrets: which login kubelet takes for which image, what is kept of them, and how what is kept is compared."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from pullready.collectors import admin_passwords, graph
from pullready.collectors.keyed import kept, keyed
from pullready.collectors.live import collect
from pullready.collectors.paths import question
from pullready.collectors.permissions import action_for
from pullready.collectors.pull_secrets import saved_flaw, saved_login
from pullready.collectors.reduction import reduce_object
from pullready.collectors.saved import cleaned
from pullready.config import Settings, Target
from pullready.facts import Facts, Need, Scope, ids
from pullready.facts.base import evidence
from pullready.facts.keyed import are_equal
from pullready.facts.reference import ImageReference, parse
from pullready.facts.registry import Registry, given_registries
from pullready.facts.server_keys import host_of, is_for, is_for_image
from pullready.facts.server_slips import slip_of
from pullready.facts.service_accounts import Login
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import environments
from tests.azure.fixtures import Serve
from tools.shop.environment import PROD, SHOP, SUBSCRIPTION

NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
CLIENT: Final = "dddddddd-5555-4555-8555-555555555555"
CANARY: Final = "canary-password"


@pytest.mark.parametrize(
    ("server", "image", "taken"),
    [
        ("shopimages.azurecr.io", "shopimages.azurecr.io/web", True),
        ("https://shopimages.azurecr.io", "shopimages.azurecr.io/web", True),
        ("http://shopimages.azurecr.io/", "shopimages.azurecr.io/web", True),
        ("https://shopimages.azurecr.io/v1/", "shopimages.azurecr.io/web", True),
        ("https://shopimages.azurecr.io/v2/", "shopimages.azurecr.io/web", True),
        ("https://shopimages.azurecr.io/v2", "shopimages.azurecr.io/web", False),
        ("https://shopimages.azurecr.io/v2/team", "shopimages.azurecr.io/team/web", True),
        ("shopimages.azurecr.io/team", "shopimages.azurecr.io/team/web", True),
        ("shopimages.azurecr.io/team", "shopimages.azurecr.io/teams/web", True),
        ("shopimages.azurecr.io/team/", "shopimages.azurecr.io/teams/web", False),
        ("shopimages.azurecr.io/team", "shopimages.azurecr.io/web", False),
        ("*.azurecr.io", "shopimages.azurecr.io/web", True),
        ("shop*.azurecr.*", "shopimages.azurecr.io/web", True),
        ("*.io", "shopimages.azurecr.io/web", False),
        ("*.*.azurecr.io", "shopimages.azurecr.io/web", False),
        ("shopimages.azurecr.io:443", "shopimages.azurecr.io/web", False),
        ("shopimages.azurecr.io:443", "shopimages.azurecr.io:443/web", True),
        ("shopimages.azurecr.io", "shopimages.azurecr.io:443/web", False),
        ("SHOPIMAGES.azurecr.io", "shopimages.azurecr.io/web", False),
        ("https://***@shopimages.azurecr.io", "shopimages.azurecr.io/web", True),
        ("azurecr.io", "shopimages.azurecr.io/web", False),
        ("", "shopimages.azurecr.io/web", False),
    ],
)
def test_a_login_is_taken_for_the_images_that_its_server_covers(server: str, image: str, taken: bool) -> None:  # noqa: FBT001
    host, _, repository = image.partition("/")
    assert is_for_image(server, host, repository) is taken


def test_a_login_for_a_part_of_a_registry_may_be_for_the_registry() -> None:
    assert is_for("https://SHOPIMAGES.azurecr.io/team", "shopimages.azurecr.io")
    assert not is_for("https://other.azurecr.io", "shopimages.azurecr.io")
    assert host_of("https://***@Shop.azurecr.io:443/v2/") == "shop.azurecr.io:443"


def test_hashes_of_one_run_are_compared_and_those_of_another_are_not() -> None:
    assert keyed("one") == keyed("one")
    assert are_equal(keyed("one"), keyed("one")) is True
    assert are_equal(keyed("one"), keyed("two")) is False
    assert are_equal(keyed("one"), "0123abcd:" + keyed("one").partition(":")[2]) is None
    assert are_equal(None, keyed("one")) is None
    assert are_equal(keyed("one"), None) is None
    assert are_equal("", "") is None


def test_nothing_that_only_looks_like_a_hash_is_kept() -> None:
    hashed = keyed("one")
    assert kept({"keyedHint": hashed, "keyedPassword": CANARY, "password": hashed}) == {"keyedHint": hashed}
    assert kept({"keyedHint": f"{hashed}{CANARY}"}) == {}
    assert kept({"keyedHint": 1}) == {}


def reduced_login(login: Any, server: str = "shopimages.azurecr.io") -> dict[str, Any]:
    content = json.dumps({"auths": {server: login}})
    body = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": content}}
    reduced = reduce_object(body)
    assert reduced
    assert CANARY not in json.dumps(reduced)
    [kept_login] = reduced["registries"]
    return dict(kept_login)


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_what_is_kept_of_a_login_is_what_can_be_compared() -> None:
    principal = reduced_login({"username": CLIENT, "password": CANARY})
    whole = {"server": "shopimages.azurecr.io", "kind": "whole"}
    assert principal == {**whole, "username": CLIENT, "keyedHint": keyed(CANARY[:3])}
    admin = reduced_login({"username": "ShopImages", "password": CANARY})
    assert admin == {**whole, "username": "ShopImages", "keyedPassword": keyed(CANARY)}
    labelled = reduced_login({"username": "shopimages", "password": CANARY}, "shopimages-exfrbuffaye7ceag.azurecr.io")
    assert labelled["keyedPassword"] == keyed(CANARY)
    assert set(reduced_login({"username": "token", "password": CANARY})) == {"server", "username", "kind"}
    assert set(reduced_login({"username": CLIENT})) == {"server", "username", "kind"}


def test_auth_counts_before_what_stands_beside_it() -> None:
    beside = {"username": "other", "password": "other"}
    whole = reduced_login({**beside, "auth": auth(f"{CLIENT}:{CANARY}")})
    assert whole["username"] == CLIENT
    assert whole["keyedHint"] == keyed(CANARY[:3])
    assert reduced_login({**beside, "auth": auth(f"{CLIENT}:{CANARY}:x").rstrip("=")}) == whole
    server = {"server": "shopimages.azurecr.io"}
    assert reduced_login({**beside, "auth": auth("no colon")}) == {**server, "kind": "malformed"}
    assert reduced_login({**beside, "auth": "%"}) == {**server, "kind": "malformed"}
    assert reduced_login({"auth": auth(f":{CANARY}")}) == {**server, "kind": "no-user"}


@pytest.mark.parametrize(
    ("login", "kind"),
    [
        ({"username": "puller", "password": CANARY}, "whole"),
        ({"auth": auth(f"puller:{CANARY}")}, "whole"),
        ({"auth": base64.b64encode(b"puller:\xff\xfe" + CANARY.encode()).decode()}, "whole"),
        ({"username": "puller", "identitytoken": CANARY}, "no-password"),
        ({"auth": auth("puller:"), "identitytoken": CANARY}, "no-password"),
        ({"password": CANARY}, "no-user"),
        ({}, "no-user"),
        (None, "no-user"),
        ({"username": ["puller"], "password": CANARY}, "malformed"),
        ({"username": "puller", "password": {"a": CANARY}}, "malformed"),
        ({"auth": [CANARY]}, "malformed"),
        ([CANARY], "malformed"),
        (CANARY, "malformed"),
    ],
)
def test_how_far_a_login_is_complete_is_kept(login: Any, kind: str) -> None:
    assert reduced_login(login)["kind"] == kind


def jwt(claims: Any) -> str:
    parts = (json.dumps({"kid": CANARY}), claims if isinstance(claims, str) else json.dumps(claims), CANARY)
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    ("claims", "server", "left"),
    [
        (
            {"exp": 1793361600, "iss": "Azure Container Registry", "aud": "shop.azurecr.io", "sub": CANARY},
            "shop.azurecr.io",
            {"expires": "2026-10-30T12:00:00Z", "issuer": "registry", "audience": "server"},
        ),
        ({"aud": "shop.azurecr.io"}, "https://*.azurecr.io/v2/", {"audience": "server"}),
        ({"aud": "shop.azurecr.io"}, "shop.westeurope.geo.azurecr.io", {"audience": "server"}),
        ({"aud": "tools.azurecr.io"}, "shop.azurecr.io", {"audience": "other"}),
        ({"iss": f"https://sts.windows.net/{CANARY}/"}, "shop.azurecr.io", {"issuer": "entra"}),
        ({"iss": CANARY, "aud": [CANARY]}, "shop.azurecr.io", {"issuer": "other"}),
        ({"exp": 1793361600.9}, "shop.azurecr.io", {"expires": "2026-10-30T12:00:00Z"}),
        ({"exp": True}, "shop.azurecr.io", {}),
        ({"exp": CANARY}, "shop.azurecr.io", {}),
        ({"exp": 10**18}, "shop.azurecr.io", {}),
        ([CANARY], "shop.azurecr.io", {}),
        (CANARY, "shop.azurecr.io", {}),
    ],
)
def test_of_a_token_only_its_end_and_two_kinds_are_kept(claims: Any, server: str, left: dict[str, str]) -> None:
    login = {"username": "00000000-0000-0000-0000-000000000000", "password": jwt(claims)}
    kept_login = reduced_login(login, server)
    assert kept_login["token"] == left
    assert set(kept_login) == {"server", "username", "kind", "token"}
    assert saved_login(kept_login) == kept_login


def test_of_a_password_that_is_no_token_nothing_is_kept() -> None:
    for password in (CANARY, f"a.{CANARY}.c", f"a.{CANARY}"):
        login = {"username": "00000000-0000-0000-0000-000000000000", "password": password}
        assert reduced_login(login)["token"] == {}


def test_what_a_saved_login_may_hold_is_looked_at_again() -> None:
    saved = {
        "server": "shop.azurecr.io",
        "username": "x",
        "kind": CANARY,
        "password": CANARY,
        "token": {"expires": f"2026-10-30T12:00:00Z{CANARY}", "issuer": CANARY, "audience": [CANARY], "raw": CANARY},
    }
    assert saved_login(saved) == {"server": "shop.azurecr.io", "username": "x", "token": {}}
    assert saved_login({"server": "x", "token": CANARY}) == {"server": "x", "token": {}}
    assert saved_flaw({"note": [CANARY], "flaw": CANARY}) == {}


def test_of_who_writes_a_secret_only_kinds_and_two_labels_are_kept() -> None:
    metadata = {
        "name": "pull",
        "labels": {"acr.microsoft.com/binding": "shop", "app": CANARY},
        "ownerReferences": [{"apiVersion": "v1", "kind": "AcrPullBinding", "name": CANARY, "uid": CANARY}],
        "annotations": {"acr.microsoft.com/token.inputs": CANARY},
    }
    reduced = reduce_object({"kind": "Secret", "metadata": metadata})
    kept_metadata = {
        "name": "pull",
        "labels": {"acr.microsoft.com/binding": "shop"},
        "ownerReferences": [{"kind": "AcrPullBinding"}],
    }
    assert reduced == {"kind": "Secret", "metadata": kept_metadata}
    assert reduce_object(reduced) == reduced
    assert reduce_object({"kind": "Secret", "metadata": {"labels": CANARY, "ownerReferences": CANARY}}) == {
        "kind": "Secret",
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (CANARY, {"flaw": "refused"}),
        (f'["{CANARY}"]', {"flaw": "refused"}),
        (f'{{"auths": ["{CANARY}"]}}', {"flaw": "unreadable"}),
        (f"{{{{ {CANARY} }}}}", {}),
        (f"ENC[AES256_GCM,data:{CANARY}]", {}),
    ],
)
def test_of_what_cannot_be_understood_only_why_is_kept(content: str, left: dict[str, str]) -> None:
    body = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": content}}
    reduced = reduce_object(body)
    assert reduced is not None
    assert reduced.pop("note") == "its .dockerconfigjson is not base64 of the documented JSON"
    assert reduced == {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", **left}


def test_an_entry_of_another_type_than_the_secret_s_is_refused() -> None:
    content = json.dumps({"shop.azurecr.io": {"username": "x", "password": CANARY}})
    wrong = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockercfg": content}}
    assert reduce_object(wrong) == {
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "note": "it has no .dockerconfigjson, which belongs to its type",
        "flaw": "refused",
    }
    both = {**wrong, "data": {".dockerconfigjson": base64.b64encode(b'{"auths": {}}').decode()}}
    assert (reduce_object(both) or {})["registries"] == []


def test_a_secret_without_auths_has_no_logins() -> None:
    for content in (f'{{"shop.azurecr.io": {{"password": "{CANARY}"}}}}', '{"auths": null}', "{}"):
        secret = {"kind": "Secret", "stringData": {".dockerconfigjson": content}}
        assert reduce_object(secret) == {"kind": "Secret", "registries": []}


@pytest.mark.parametrize(
    ("server", "image", "user", "slip"),
    [
        ("shopimages.azurecr.io", "shopimages.azurecr.io/web", "puller", None),
        ("shopimages.azurecr.io/team", "shopimages.azurecr.io/web", "puller", None),
        ("shoptools.azurecr.io", "shopimages.azurecr.io/web", "puller", None),
        ("*.shopimages.azurecr.io", "shopimages.azurecr.io/web", "puller", None),
        ("shopimages.example.com", "shopimages.azurecr.io/web", "puller", None),
        ("ghcr.io", "shopimages.azurecr.io/web", CLIENT, None),
        ("docker.io", "shopimages.azurecr.io/web", "puller", None),
        ("", "shopimages.azurecr.io/web", "puller", None),
        ("oci://shoptools.azurecr.io", "shopimages.azurecr.io/web", "puller", None),
        ("", "shopimages.azurecr.io/web", CLIENT, "Docker Hub"),
        ("docker.io", "shopimages.azurecr.io/web", "ShopImages", "Docker Hub"),
        ("oci://shopimages.azurecr.io", "shopimages.azurecr.io/web", "puller", "no scheme oci"),
        ("ShopImages.azurecr.io", "shopimages.azurecr.io/web", "puller", "capital"),
        ("shopimages.azurecr.io:443", "shopimages.azurecr.io/web", "puller", "has the port 443"),
        ("shopimages.azurecr.io", "shopimages.azurecr.io:443/web", "puller", "lacks the image's port 443"),
        ("shopimages.azurecr.io/v1", "shopimages.azurecr.io/web", "puller", "has to end in a slash"),
        ("*", "shopimages.azurecr.io/web", "puller", "number of parts"),
        ("*.io", "shopimages.azurecr.io/web", "puller", "number of parts"),
        ("shopimages", "shopimages.azurecr.io/web", "puller", "without azurecr.io"),
        ("https://azurecr.io", "shopimages.azurecr.io/web", "puller", "names no registry"),
        ("shopimages.azurecr.cn", "shopimages.azurecr.io/web", "puller", "key of its own"),
        ("shopimages.privatelink.azurecr.io", "shopimages.azurecr.io/web", "puller", "key of its own"),
        ("shopimages.westeurope.data.azurecr.io", "shopimages.azurecr.io/web", "puller", "key of its own"),
        ("shopimages.azurecr.io", "shopimages.westeurope.geo.azurecr.io/web", "puller", "key of its own"),
    ],
)
def test_a_login_that_was_meant_for_the_registry_is_told_from_one_that_was_not(
    server: str, image: str, user: str, slip: str | None
) -> None:
    body = {"id": SHOP, "name": "shopimages", "properties": {"loginServer": "shopimages.azurecr.io"}}
    scope = Scope(Snapshot([read(SHOP, body)], captured_at=NOW), Target("x", registries=(SHOP,)), Settings())
    [registry] = given_registries(scope)
    assert isinstance(registry, Registry)
    reference = parse(image)
    assert isinstance(reference, ImageReference)
    said = slip_of(Login(server, user), reference, registry)
    assert said is None if slip is None else slip in str(said)


def test_times_of_a_secret_are_kept_where_they_are_times_of_its_data() -> None:
    of_data = {"time": "2026-10-12T09:20:00Z", "manager": CANARY, "fieldsV1": {"f:data": {f"f:{CANARY}": {}}}}
    metadata = {
        "name": "pull",
        "creationTimestamp": "2026-09-14T08:41:00.123456+02:00",
        "managedFields": [
            of_data,
            {**of_data, "time": CANARY},
            {**of_data, "fieldsV1": {"f:metadata": {}}},
            {**of_data, "fieldsV1": None},
            {"time": "2026-10-12T09:20:00Z"},
            CANARY,
        ],
        "annotations": {"a": CANARY},
    }
    reduced = reduce_object({"kind": "Secret", "type": "Opaque", "metadata": metadata})
    assert reduced == {
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": "pull",
            "creationTimestamp": "2026-09-14T08:41:00.123456+02:00",
            "managedFields": [{"time": "2026-10-12T09:20:00Z", "fieldsV1": {"f:data": {}}}],
        },
    }
    assert reduce_object(reduced) == reduced
    strange = {"kind": "Secret", "metadata": {"creationTimestamp": CANARY, "managedFields": CANARY}}
    assert reduce_object(strange) == {"kind": "Secret", "metadata": {}}
    other = {"kind": "ServiceAccount", "metadata": {"name": "x", "creationTimestamp": "2026-09-14T08:41:00Z"}}
    assert reduce_object(other) == {"kind": "ServiceAccount", "metadata": {"name": "x"}}


def read(id_: str, body: Any, provider: Provider = Provider.ARM) -> Document:
    return Document(id=id_, provider=provider, status=Status.READ, body=body)


def test_what_a_run_saved_stays_when_it_is_read_again() -> None:
    secret = reduce_object(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "pull", "creationTimestamp": "2026-09-14T08:41:00Z"},
            "type": "kubernetes.io/dockercfg",
            "stringData": {".dockercfg": json.dumps({"a.azurecr.io": {"username": CLIENT, "password": CANARY}})},
        }
    )
    manifest = read("manifest:a.yaml#0", secret, Provider.MANIFEST)
    principal = read(
        ids.application(CLIENT), {"value": [{"id": "x", "passwordCredentials": [{"hint": "can"}]}]}, Provider.GRAPH
    )
    passwords = read(ids.admin_passwords_of(SHOP), {"passwords": [{"name": "password", "value": CANARY}]})
    for document in (manifest, cleaned(principal), cleaned(passwords)):
        assert cleaned(document) == document
        assert "keyed" in json.dumps(document.body)
        assert CANARY not in json.dumps(document.body)


def test_two_runs_over_the_same_documents_have_the_same_digest() -> None:
    def snapshot(hashed: str) -> Snapshot:
        body = {"kind": "Secret", "registries": [{"server": "a", "username": "b", "keyedHint": hashed}]}
        return Snapshot([read("manifest:a.yaml#0", body, Provider.MANIFEST)], captured_at=NOW)

    one, two = snapshot("0123abcd:one"), snapshot("4567abcd:two")
    assert one.encode() != two.encode()
    assert one.digest() == two.digest()
    assert one.digest() != Snapshot([read("manifest:a.yaml#0", {"kind": "Secret"})], captured_at=NOW).digest()


def test_evidence_shows_no_hash() -> None:
    body = {"value": [{"keyId": "1", "keyedHint": keyed("one")}]}
    assert evidence(read("graph:x", body), "/value", "every secret").value == '[{"keyId":"1"}]'


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (
            {"username": "shop", "passwords": [{"name": "password", "value": CANARY}, {"name": "password2"}]},
            {
                "username": "shop",
                "logins": [{"name": "password", "keyedPassword": keyed(CANARY)}, {"name": "password2"}],
            },
        ),
        ({"passwords": [CANARY, {"name": CANARY, "value": [CANARY]}]}, {"logins": [{}, {}]}),
        ({"logins": [{"name": "password2", "keyedPassword": CANARY}]}, {"logins": [{"name": "password2"}]}),
        ({"username": {"a": CANARY}, "passwords": CANARY, "extra": CANARY}, {}),
        ([CANARY], {}),
    ],
)
def test_nothing_is_kept_of_a_password_but_its_hash(body: Any, left: dict[str, Any]) -> None:
    assert admin_passwords.reduced(body) == left


def test_of_a_secret_graph_answers_its_hint_is_hashed() -> None:
    answer = {
        "value": [{"id": "x", "passwordCredentials": [{"keyId": "1", "hint": "can"}, {"hint": None}, {"hint": 1}]}]
    }
    [entity] = graph.reduced(ids.application(CLIENT), answer)["value"]
    assert entity["passwordCredentials"] == [{"keyId": "1", "keyedHint": keyed("can")}, {}, {}]


def test_the_log_is_asked_for_as_far_back_as_it_goes() -> None:
    asked = question(ids.events_of(SHOP))
    assert asked.client.api_version == "2015-04-01"
    assert asked.json is None
    path, _, query = asked.path.partition("?")
    assert path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
    begin = query.partition("ge%20'")[2].partition("'")[0]
    assert 88 <= (datetime.now(UTC) - datetime.fromisoformat(begin)).days <= 89
    assert query.endswith("&$select=eventTimestamp,operationName,status,resourceId&api-version=2015-04-01")
    assert f"resourceUri%20eq%20'{SHOP}'" in query
    assert action_for(ids.events_of(SHOP)) == "Microsoft.Insights/eventtypes/values/read"


def test_passwords_are_asked_for_by_a_post_that_changes_nothing() -> None:
    asked = question(ids.admin_passwords_of(SHOP))
    assert (asked.path.partition("?")[0], asked.json) == (f"{SHOP}/listCredentials", {})
    assert action_for(ids.admin_passwords_of(SHOP)) == "Microsoft.ContainerRegistry/registries/listCredentials/action"


NEEDS: Final = frozenset(
    {Need.CLUSTER, Need.WORKLOADS, Need.REGISTRIES, Need.ROLE_ASSIGNMENTS, Need.SERVICE_PRINCIPAL, Need.PULL_SECRETS}
)


@pytest.mark.parametrize("allowed", [False, True])
def test_passwords_are_listed_only_where_that_is_asked_for(allowed: bool, serve: Serve) -> None:  # noqa: FBT001
    environment = environments.healthy()
    listed = {"username": "shopimages", "passwords": [{"name": "password", "value": CANARY}]}
    standin = serve(environment.with_documents([read(ids.admin_passwords_of(SHOP), listed)]))
    settings = replace(Settings(), cloud=standin.cloud, list_credentials=allowed, read_registries=False)
    [target] = [one for one in environments.targets(environment) if one.cluster == PROD]
    said: list[str] = []
    found = collect([target], settings, {target.name: NEEDS}, environments.unread(environment), said.append)
    assert (ids.admin_passwords_of(SHOP) in standin.asked("arm")) is allowed
    assert {one.method for one in standin.requests if "listCredentials" in one.id} == ({"POST"} if allowed else set())
    assert CANARY not in found.encode().decode() + str(said)
    assert (found.document(ids.admin_passwords_of(SHOP)).status is Status.READ) is allowed


def test_of_two_secrets_with_one_name_the_manifest_s_counts() -> None:
    def secret(user: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "pull", "namespace": "shop"},
            "type": "kubernetes.io/dockercfg",
            "registries": [{"server": "a", "username": user}],
        }

    documents = [
        read("manifest:a.yaml#0", secret("of-the-manifest"), Provider.MANIFEST),
        read(
            ids.live_secrets("live"),
            {"apiVersion": "v1", "kind": "SecretList", "items": [secret("of-the-cluster")]},
            Provider.KUBERNETES,
        ),
    ]
    scope = Scope(
        Snapshot(documents, captured_at=NOW),
        Target("x", context="live"),
        Settings(),
        ("manifest:a.yaml#0",),
    )
    [pull_secret] = Facts(scope)("pull_secrets")
    assert pull_secret.logins[0].username == "of-the-manifest"
