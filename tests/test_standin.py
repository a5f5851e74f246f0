"""The stand-in answers as Azure does: asked over a socket, without any client of Azure's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import requests

from tests.azure import environments
from tests.azure.entra import CLIENT, CLIENT_SECRET, MANAGED_PRINCIPAL, PRINCIPAL, TENANT, Issued
from tests.azure.fixtures import Serve
from tests.azure.rbac import Grant
from tests.azure.standin import Standin
from tests.azure.throttling import Bucket
from tools.shop.environment import LEGACY_CLIENT, NODE_GROUP, PROD, SHOP, SUBSCRIPTION

SUBSCRIPTION_ID: Final = f"/subscriptions/{SUBSCRIPTION}"
ELSEWHERE: Final = "/subscriptions/99999999-9999-4999-8999-999999999999"
REGISTRIES: Final = "providers/Microsoft.ContainerRegistry/registries"
SCALE_SETS: Final = f"{NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets"
V: Final = {"api-version": "2024-01-01"}
NO_TOKEN: Final = "no token"


@dataclass(frozen=True)
class Asked:
    """What is asked, and the status and code of the answer."""

    path: str
    status: int
    code: str | None = None
    query: Mapping[str, str] = field(default_factory=lambda: V)
    service: str = "arm"
    method: str = "GET"
    spoil: Callable[[Standin], object] = lambda _: None
    audience: str | None = None


def ask(standin: Standin, asked: Asked, *, token: str | None = None, **more: Any) -> requests.Response:
    """Send the request, with a new token for the service unless *token* is one."""
    issued = Issued(asked.audience or standin.urls[asked.service], TENANT)
    bearer = standin.entra.issue(issued) if token is None else token
    asked.spoil(standin)
    headers = {"Authorization": f"Bearer {bearer}"} if bearer != NO_TOKEN else {}
    url = asked.path if asked.path.startswith("https:") else standin.urls[asked.service] + asked.path
    return requests.request(asked.method, url, params=dict(asked.query), headers=headers, timeout=10, **more)


def got(standin: Standin, path: str, service: str = "arm", **query: str) -> Any:
    answer = ask(standin, Asked(path, 200, service=service, query={**V, **query} if service == "arm" else query))
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(body: Any) -> list[str]:
    return [one["name"] for one in body["value"]]


REFUSED: Final = {
    "no-api-version": Asked(PROD, 400, "MissingApiVersionParameter", {}),
    "an-api-version-that-is-none": Asked(PROD, 400, "InvalidApiVersionParameter", {"api-version": "latest"}),
    "a-token-for-another-service": Asked(PROD, 401, "InvalidAuthenticationToken", audience="https://graph.example"),
    "a-token-that-was-revoked": Asked(
        PROD, 401, "ExpiredAuthenticationToken", spoil=lambda standin: standin.entra.revoke()
    ),
    "a-tenant-that-is-not-the-subscription's": Asked(
        PROD,
        401,
        "InvalidAuthenticationTokenTenant",
        spoil=lambda standin: standin.homes.update({SUBSCRIPTION: "99999999-9999-4999-8999-999999999999"}),
    ),
    "a-subscription-that-is-not-there": Asked(f"{ELSEWHERE}/{REGISTRIES}", 404, "SubscriptionNotFound"),
    "a-group-that-is-not-there": Asked(
        f"{SUBSCRIPTION_ID}/resourceGroups/none/{REGISTRIES}/shop", 404, "ResourceGroupNotFound"
    ),
    "a-resource-that-is-not-there": Asked(f"{PROD}x", 404, "ResourceNotFound"),
    "a-method-that-it-has-not": Asked(PROD, 405, "MethodNotAllowed", method="DELETE"),
    "a-method-that-it-has-not-for-reading": Asked(PROD, 405, "MethodNotAllowed", method="POST"),
    "a-role-for-something-else": Asked(
        PROD,
        403,
        "AuthorizationFailed",
        spoil=lambda standin: setattr(standin, "grants", [Grant(PRINCIPAL, SHOP, ("*/read",))]),
    ),
    "graph-without-the-permission": Asked(
        "/v1.0/servicePrincipals",
        403,
        "Authorization_RequestDenied",
        {},
        "graph",
        spoil=lambda standin: setattr(standin, "permitted", {"User.Read.All"}),
    ),
    "graph-for-what-is-not-there": Asked(
        f"/v1.0/servicePrincipals/{TENANT}", 404, "Request_ResourceNotFound", {}, "graph"
    ),
    "graph-with-a-filter-that-it-does-not-know": Asked(
        "/v1.0/servicePrincipals", 400, "Request_UnsupportedQuery", {"$filter": "contains(id,'a')"}, "graph"
    ),
    "graph-with-a-token-for-another-service": Asked(
        "/v1.0/servicePrincipals", 401, "InvalidAuthenticationToken", {}, "graph", audience="https://arm.example"
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_azure_refuses_is_refused(case: str, serve: Serve) -> None:
    asked = REFUSED[case]
    answer = ask(serve(environments.healthy()), asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (asked.status, asked.code)
    assert answer.json()["error"]["message"]
    assert answer.headers["x-ms-request-id" if asked.service == "arm" else "request-id"]


def test_a_token_counts_while_it_lasts(serve: Serve) -> None:
    standin = serve(environments.healthy())
    assert ask(standin, Asked(PROD, 200)).status_code == 200
    standin.entra.lifetime = -1
    expired = ask(standin, Asked(PROD, 401))
    assert (expired.status_code, expired.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert standin.urls["entra"] in expired.headers["WWW-Authenticate"]
    for none in ("", "rubbish", standin.entra.issue(Issued(standin.urls["arm"], TENANT)) + "x"):
        assert ask(standin, Asked(PROD, 401), token=none).status_code == 401
    assert ask(standin, Asked(PROD, 401), token=NO_TOKEN).status_code == 401


def test_a_forbidden_answer_says_who_lacks_what_where(serve: Serve) -> None:
    standin = serve(environments.healthy())
    standin.grants = []
    said = ask(standin, Asked(PROD, 403)).json()["error"]["message"]
    assert PRINCIPAL in said
    assert f"'Microsoft.ContainerService/managedClusters/read' over scope '{PROD}'" in said


def test_every_answer_has_request_ids_of_its_own(serve: Serve) -> None:
    standin = serve(environments.healthy())
    answers = [ask(standin, Asked(PROD, 200)) for _ in range(2)]
    for name in ("x-ms-request-id", "x-ms-correlation-request-id"):
        assert len({answer.headers[name] for answer in answers}) == 2


def test_who_wants_no_more_of_a_connection_is_told_that_it_ends(serve: Serve) -> None:
    standin = serve(environments.healthy())
    with requests.Session() as session:
        kept, ended = (
            session.get(f"{standin.urls['arm']}/none", headers={"Connection": wanted}, timeout=10)
            for wanted in ("keep-alive", "close")
        )
    assert (kept.headers.get("Connection"), ended.headers.get("Connection")) == (None, "close")


LISTED: Final = {
    "by-group": (f"{SHOP.rpartition('/providers/')[0]}/{REGISTRIES}", {}, ["shopimages", "shopteams", "shoptools"]),
    "by-subscription": (f"{SUBSCRIPTION_ID}/{REGISTRIES}", {}, ["shopimages", "shopteams", "shoptools"]),
    "clusters-by-subscription": (
        f"{SUBSCRIPTION_ID}/providers/Microsoft.ContainerService/managedClusters",
        {},
        ["legacy", "prod"],
    ),
    "another-type": (f"{SUBSCRIPTION_ID}/providers/Microsoft.Network/azureFirewalls", {}, []),
    "resources-of-a-type": (
        f"{SUBSCRIPTION_ID}/resources",
        {"$filter": "resourceType eq 'Microsoft.ContainerService/managedClusters'"},
        ["legacy", "prod"],
    ),
    "groups": (
        f"{SUBSCRIPTION_ID}/resourcegroups",
        {},
        ["MC_shop_legacy_westeurope", "MC_shop_prod_westeurope", "shop"],
    ),
}


@pytest.mark.parametrize("case", LISTED)
def test_a_list_has_what_the_environment_has(case: str, serve: Serve) -> None:
    path, query, expected = LISTED[case]
    standin = serve(environments.healthy(), page_size=100)
    assert sorted(names(got(standin, path, **query))) == sorted(expected)


def test_what_stands_in_a_list_or_in_its_parent_is_a_resource_of_its_own(serve: Serve) -> None:
    standin = serve(environments.example("hub"), page_size=100)
    [network] = [one for one in standin.snapshot if one.id.endswith("/virtualNetworks/stage-vnet")]
    peerings = network.body["properties"]["virtualNetworkPeerings"]
    assert got(standin, f"{network.id}/virtualNetworkPeerings") == {"value": peerings}
    subnet = network.body["properties"]["subnets"][0]
    assert got(standin, subnet["id"].swapcase().replace("/SUBSCRIPTIONS", "/subscriptions")) == subnet
    scale_sets = next(one for one in standin.snapshot if one.id.endswith("/virtualMachineScaleSets"))
    first = scale_sets.body["value"][0]
    assert got(standin, first["id"]) == first


def test_a_tenant_has_its_subscriptions_alone(serve: Serve) -> None:
    standin = serve(environments.healthy())
    [one] = got(standin, "/subscriptions")["value"]
    assert (one["subscriptionId"], one["tenantId"], one["state"]) == (SUBSCRIPTION, TENANT, "Enabled")
    assert got(standin, SUBSCRIPTION_ID) == one
    assert [one["tenantId"] for one in got(standin, "/tenants")["value"]] == [TENANT]
    standin.homes[SUBSCRIPTION] = "another"
    assert got(standin, "/subscriptions") == {"value": []}


@pytest.mark.parametrize(("service", "link"), [("arm", "nextLink"), ("graph", "@odata.nextLink")])
def test_pages_lead_through_the_whole_list(service: str, link: str, serve: Serve) -> None:
    standin = serve(environments.healthy(), page_size=1)
    path = SCALE_SETS if service == "arm" else "/v1.0/servicePrincipals"
    body, pages = got(standin, path, service), []
    while True:
        pages.append(body["value"])
        if link not in body:
            break
        body = ask(standin, Asked(body[link], 200, query={}, service=service)).json()
    assert [len(page) for page in pages] == [1] * len(pages)
    standin.page_size = 100
    assert [one for [one] in pages] == got(standin, path, service)["value"]
    assert len(pages) > 2


def test_a_list_leaves_out_what_the_caller_may_not_read(serve: Serve) -> None:
    standin = serve(environments.healthy(), page_size=100)
    standin.grants = [Grant(PRINCIPAL, SHOP, ("Microsoft.ContainerRegistry/*/read",)), Grant("other", "/", ("*",))]
    assert names(got(standin, f"{SUBSCRIPTION_ID}/{REGISTRIES}")) == ["shopimages"]
    assert names(got(standin, f"{SUBSCRIPTION_ID}/resources")) == ["shopimages"]
    assert names(got(standin, f"{SUBSCRIPTION_ID}/resourcegroups")) == []
    assert [one["subscriptionId"] for one in got(standin, "/subscriptions")["value"]] == [SUBSCRIPTION]
    assert ask(standin, Asked(SCALE_SETS, 403)).status_code == 403
    standin.grants = []
    assert got(standin, "/subscriptions") == {"value": []}
    assert len(got(standin, "/tenants")["value"]) == 1
    assert ask(standin, Asked(f"{SUBSCRIPTION_ID}/{REGISTRIES}", 403)).status_code == 403


@pytest.mark.parametrize("told", [True, False])
def test_who_asks_too_often_is_told_how_long_to_wait(told: bool, serve: Serve) -> None:  # noqa: FBT001  (a parameter)
    standin = serve(environments.healthy())
    now = [0.0]
    standin.throttle = Bucket(3, 0.5, told=told, clock=lambda: now[0])
    left = [ask(standin, Asked(PROD, 200)).headers["x-ms-ratelimit-remaining-subscription-reads"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = ask(standin, Asked(PROD, 429))
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TooManyRequests")
    assert refused.headers.get("Retry-After") == ("2" if told else None)
    now[0] = 2
    assert ask(standin, Asked(PROD, 200)).status_code == 200
    assert ask(standin, Asked("/v1.0/servicePrincipals", 200, query={}, service="graph")).status_code == 200


def sign_in(standin: Standin, **form: str) -> requests.Response:
    fields = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": f"{standin.urls['arm']}/.default"}
    return requests.post(f"{standin.urls['entra']}/{TENANT}/oauth2/v2.0/token", data=fields | form, timeout=10)


def test_a_client_secret_gives_a_token_and_a_wrong_one_none(serve: Serve) -> None:
    standin = serve(environments.healthy())
    token = sign_in(standin, client_secret=CLIENT_SECRET).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert ask(standin, Asked(PROD, 200), token=token["access_token"]).status_code == 200
    wrong = sign_in(standin, client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"], wrong.json()["error_codes"]) == (401, "invalid_client", [7000215])
    unknown = sign_in(standin, client_secret=CLIENT_SECRET, client_id=TENANT)
    assert (unknown.status_code, unknown.json()["error_codes"]) == (401, [700016])


def test_the_authority_describes_itself(serve: Serve) -> None:
    standin = serve(environments.healthy())
    url = standin.urls["entra"]
    told = requests.get(f"{url}/{TENANT}/v2.0/.well-known/openid-configuration", timeout=10).json()
    assert told["issuer"] == f"{url}/{TENANT}/v2.0"
    assert told["token_endpoint"] == f"{url}/{TENANT}/oauth2/v2.0/token"
    instance = requests.get(f"{url}/common/discovery/instance", params={"api-version": "1.1"}, timeout=10)
    assert instance.json()["tenant_discovery_endpoint"].startswith(url)


def test_a_managed_identity_asks_with_the_header_that_no_browser_sends(serve: Serve) -> None:
    standin = serve(environments.healthy())
    url = f"{standin.urls['imds']}/metadata/identity/oauth2/token"
    query = {"api-version": "2018-02-01", "resource": standin.urls["arm"]}
    given = requests.get(url, params=query, headers={"Metadata": "true"}, timeout=10)
    assert (given.status_code, given.json()["token_type"]) == (200, "Bearer")
    assert ask(standin, Asked(PROD, 200), token=given.json()["access_token"]).status_code == 200
    assert standin.tokens[given.json()["access_token"]].principal == MANAGED_PRINCIPAL
    assert requests.get(url, params=query, timeout=10).status_code == 400
    unknown = requests.get(url, params={**query, "client_id": "x"}, headers={"Metadata": "true"}, timeout=10)
    assert (unknown.status_code, unknown.json()["error_description"]) == (400, "Identity not found")


def test_the_directory_has_the_principals_that_the_environment_names(serve: Serve) -> None:
    standin = serve(environments.healthy(), page_size=100)
    conditions = (f"appId eq '{LEGACY_CLIENT}'", f"servicePrincipalNames/any(c:c eq '{LEGACY_CLIENT}')")
    [found], [again] = (
        got(standin, "/v1.0/servicePrincipals", "graph", **{"$filter": one})["value"] for one in conditions
    )
    assert found["appId"] == again["appId"] == LEGACY_CLIENT
    assert got(standin, f"/v1.0/servicePrincipals/{found['id']}", "graph") == again
    kubelet = standin.snapshot.document(PROD).body["properties"]["identityProfile"]["kubeletidentity"]
    question = Asked("/v1.0/directoryObjects/getByIds", 200, query={}, service="graph", method="POST")
    answer = ask(standin, question, json={"ids": [kubelet["objectId"], TENANT]}).json()
    assert [(one["id"], one["appId"]) for one in answer["value"]] == [(kubelet["objectId"], kubelet["clientId"])]
    only = got(standin, "/v1.0/servicePrincipals", "graph", **{"$select": "id"})["value"]
    assert {*only[0]} == {"id", "@odata.type"}
