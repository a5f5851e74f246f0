"""What can go wrong on the way: each becomes one document's status and one clear line, and the rest is still read."""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import ssl
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from requests.utils import get_environ_proxies

from pullready.collectors import azure, effort, pacing, pages, pipelines
from pullready.collectors.answers import Unreadable
from pullready.errors import InputError
from pullready.facts import Need, ids
from pullready.snapshot import Provider, Status
from tests.azure import environments
from tests.azure.fixtures import Serve
from tests.azure.proxy import Proxy
from tests.azure.standin import CLIENT_SECRET, TOKEN, Fault
from tests.test_collectors import ROOT, read

GROUP = "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/shop"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/spoke"
COUNTER = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/counter"
SCALE_SETS = ids.scale_sets_in(GROUP.replace("shop", "MC_shop_spoke_westeurope"))
GROUPS = ids.groups_of("33333333-0000-4000-8000-000000000001")
CLUSTERS = frozenset({Need.CLUSTER})


def error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "said by\nAzure"}}


FAULTS = {
    "forbidden": (
        COUNTER,
        Fault(403, error("AuthorizationFailed")),
        Status.FORBIDDEN,
        f"AuthorizationFailed: Microsoft.ContainerRegistry/registries/read is missing at {COUNTER}",
        "Grant Microsoft.ContainerRegistry/registries/read at",
    ),
    "forbidden-list-names-what-it-is-a-list-of": (
        SCALE_SETS,
        Fault(403, error("AuthorizationFailed")),
        Status.FORBIDDEN,
        "Microsoft.Compute/virtualMachineScaleSets/read is missing at .*/MC_shop_spoke_westeurope$",
        "Grant",
    ),
    "forbidden-by-graph": (
        GROUPS,
        Fault(403, error("Authorization_RequestDenied")),
        Status.FORBIDDEN,
        "Application.Read.All is missing at Microsoft Graph",
        "Grant Application.Read.All",
    ),
    "another-tenant": (
        CLUSTER,
        Fault(401, error("InvalidAuthenticationTokenTenant")),
        Status.FORBIDDEN,
        "InvalidAuthenticationTokenTenant: localhost:[0-9]+ does not accept the sign-in",
        "az login --tenant",
    ),
    "absent": (CLUSTER, Fault(404, error("ResourceNotFound")), Status.NOT_FOUND, "ResourceNotFound", ""),
    "absent-without-the-object-around": (
        CLUSTER,
        Fault(404, {"code": "NotFound", "message": "x"}),
        Status.NOT_FOUND,
        "NotFound",
        "",
    ),
    "unknown-type-is-no-absence": (
        CLUSTER,
        Fault(404, error("InvalidResourceType")),
        Status.FAILED,
        "answered 404 InvalidResourceType: said by Azure",
        "",
    ),
    "page-of-a-proxy": (
        CLUSTER,
        Fault(200, b"<html>Please sign in</html>"),
        Status.FAILED,
        "answered 200 with something other",
        "proxy",
    ),
    "absence-that-a-proxy-claims": (
        CLUSTER,
        Fault(404, b"<html>Not found</html>"),
        Status.FAILED,
        "answered 404 with something other",
        "proxy",
    ),
    "refusal-of-a-proxy": (CLUSTER, Fault(403, b"no"), Status.FAILED, "answered 403 with something other", "proxy"),
    "object-that-is-no-error": (CLUSTER, Fault(500, {"oops": 1}), Status.FAILED, "an unexpected object", "proxy"),
    "list-instead-of-an-object": (CLUSTER, Fault(200, [1]), Status.FAILED, "other than a JSON object", "proxy"),
    "nested-too-deep": (CLUSTER, Fault(200, b"[" * 100_000), Status.FAILED, "other than a JSON object", "proxy"),
    "redirect": (
        CLUSTER,
        Fault(302, headers={"Location": "https://localhost:1/"}),
        Status.FAILED,
        "answered 302",
        "proxy",
    ),
    "server-error": (CLUSTER, Fault(503, error("ServerBusy")), Status.FAILED, "answered 503 ServerBusy", ""),
    "throttled-for-an-hour": (
        CLUSTER,
        Fault(429, error("TooManyRequests"), {"Retry-After": "3600"}),
        Status.FAILED,
        "throttles .TooManyRequests.",
        "later",
    ),
    "connection-breaks": (
        CLUSTER,
        Fault(resets=True),
        Status.FAILED,
        "localhost:[0-9]+ broke the connection off",
        "network",
    ),
    "no-answer-in-time": (CLUSTER, Fault(delay=0.5), Status.FAILED, "did not answer in time", "network"),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "BACKOFF", 0.001)
    monkeypatch.setattr(pipelines, "READ_TIMEOUT", 0.3)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_documents_status(name: str, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    id_, fault, status, detail, remedy = FAULTS[name]
    environment = environments.hub()
    standin = serve(environment)
    standin.fails(id_, replace(fault))
    with caplog.at_level(logging.DEBUG):
        found, _ = read(standin, environment) if id_ != CLUSTER else read(standin, environment, CLUSTERS)
    document = found.document(id_)
    assert (document.status, document.body) == (status, None)
    assert re.search(detail, str(document.detail)), document.detail
    assert remedy in (document.remedy or "")
    assert "\n" not in f"{document.detail}{document.remedy}"
    assert found.unreadable() == (() if status is Status.NOT_FOUND else (document,))
    assert CLIENT_SECRET not in caplog.text
    assert TOKEN not in caplog.text


def test_throttled_for_a_moment_is_waited_for(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment)
    standin.fails(CLUSTER, Fault(429, error("TooManyRequests"), {"Retry-After": "1"}, times=1))
    found, _ = read(standin, environment, CLUSTERS)
    assert found.document(CLUSTER).status is Status.READ
    assert standin.asked().count(CLUSTER) == 2
    assert found.requests == {"arm": 3}


def test_a_list_that_goes_on_elsewhere_is_not_followed_and_gives_nobody_a_token(serve: Serve) -> None:
    environment = environments.hub()
    standin, foreign = serve(environment), serve(environment)
    link = f"{foreign.urls['arm']}{SCALE_SETS}?api-version=2026-04-01"
    standin.fails(SCALE_SETS, Fault(200, {"value": [], "nextLink": link}))
    found, _ = read(standin, environment)
    document = found.document(SCALE_SETS)
    assert (document.status, document.body) == (Status.FAILED, None)
    assert "goes on at another host" in str(document.detail)
    assert foreign.requests == []


@pytest.mark.parametrize(
    "link",
    [
        "http://localhost:1/x",
        "https://localhost/x",
        "https://user@localhost:1/x",
        "https://localhost:1@evil.example/x",
        "https://localhost:1.evil.example/x",
        "//localhost:1/x",
        "/x",
        "https://localhost:port/x",
        7,
    ],
)
def test_links_to_elsewhere(link: object) -> None:
    with pytest.raises(Unreadable, match="another host"):
        pages.path_on("https://localhost:1", link)


def test_links_on_the_same_host() -> None:
    assert pages.path_on("https://Management.azure.com", "https://management.azure.com:443/a?b={c}") == "/a?b=%7Bc%7D"
    assert pages.path_on("https://localhost:1", "https://localhost:1") == "/"


def test_an_endless_list_ends(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGES", 2)
    environment = environments.hub()
    standin = serve(environment, page_size=1)
    found, _ = read(standin, environment)
    machines = found.document(ids.virtual_machines_in(GROUP.replace("shop", "MC_shop_spoke_westeurope")))
    assert (machines.status, machines.detail) == (Status.FAILED, "the list has more than 2 pages")


def test_a_page_that_fails_fails_the_whole_list(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment, page_size=1)
    page = {"value": [{"id": "one"}], "@odata.nextLink": f"{standin.urls['graph']}/v1.0/groups/broken"}
    standin.fails(GROUPS, Fault(200, page))
    found, _ = read(standin, environment)
    assert (found.document(GROUPS).status, found.document(GROUPS).body) == (Status.FAILED, None)


@pytest.mark.parametrize(
    ("environ", "reason", "remedy"),
    [
        ({"AZURE_CLIENT_ID": ""}, "no way to sign in worked", "az login"),
        ({"AZURE_CLIENT_SECRET": "canary-wrong"}, "answered AADSTS7000215 (the client secret is wrong)", "OIDC"),
        (
            {"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere.pem"},
            "the file that AZURE_CLIENT_CERTIFICATE_PATH names cannot be read",
            "Correct or unset AZURE_CLIENT_CERTIFICATE_PATH",
        ),
    ],
    ids=["none", "wrong-secret", "missing-certificate"],
)
def test_without_a_sign_in_one_line_says_what_to_do(
    environ: dict[str, str], reason: str, remedy: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    environment = environments.hub()
    standin = serve(environment)
    found, said = read(standin, environment)
    problems = [line for line in said if "failed" in line]
    assert len(problems) == 1
    assert reason in problems[0]
    assert remedy in problems[0]
    assert "canary" not in str(said) + found.encode().decode()
    assert standin.requests == []
    assert {document.status for document in found if document.provider == "arm"} == {Status.FAILED}


@pytest.mark.parametrize(
    ("environ", "host", "detail"),
    [
        ({}, "management.invalid", "the name management.invalid.* cannot be resolved"),
        ({"HTTPS_PROXY": "http://canary:canary@localhost:1"}, "management.invalid", "the proxy .* does not answer"),
        ({"REQUESTS_CA_BUNDLE": "/nowhere.pem"}, "localhost", "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file"),
    ],
    ids=["dns", "proxy", "authority"],
)
def test_a_way_that_is_barred(
    environ: dict[str, str], host: str, detail: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = serve(environments.hub())
    reader = azure.Azure(standin.cloud, None, lambda _: None, 1)
    assert reader.sign_in() is None
    reader._bases[Provider.ARM] = standin.urls["arm"].replace("localhost", host)
    monkeypatch.setattr(reader._sign_in, "token", lambda _: "canary-token")
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    document = reader.document(CLUSTER)
    reader.close()
    assert re.search(detail, str(document.detail)), document.detail
    assert "canary" not in f"{document}"


@pytest.mark.parametrize(
    "id_",
    [
        "relative/path",
        "@evil.example/subscriptions",
        "//evil.example/subscriptions/x",
        f"{GROUP}/../other/providers/Microsoft.Network/virtualNetworks/x",
        f"{GROUP}//providers/Microsoft.Network/virtualNetworks/x",
        "/tenants/x",
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x",
        GROUP,
    ],
)
def test_ids_that_are_none_are_not_asked_for(id_: str, serve: Serve) -> None:
    standin = serve(environments.hub())
    reader = azure.Azure(standin.cloud, None, lambda _: None, 1)
    assert reader.document(id_).status is Status.FAILED
    reader.close()
    assert standin.requests == []


def test_without_the_packages_one_error_says_what_to_install(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = environments.hub()
    standin = serve(environment)
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(InputError, match=r"pip install 'pullready\[azure\]'"):
        read(standin, environment)


ANSWERED = {401: Status.FORBIDDEN, 403: Status.FORBIDDEN, 404: Status.NOT_FOUND}


def recorded_errors() -> list[tuple[str, int, bytes]]:
    """Return the recorded refusals and errors of the two services: which, with what status, and the body."""
    corpus = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire"
    if not corpus.is_dir():
        pytest.skip("PULLREADY_CORPUS names no folder with wire/recorded.jsonl")
    found = []
    for line in (corpus / "recorded.jsonl").read_text().splitlines():
        entry = json.loads(line)
        host = urlsplit(entry["url"]).netloc
        if entry["status"] >= 400 and host in {"management.azure.com", "graph.microsoft.com"}:
            found.append((host, entry["status"], (corpus / entry["file"]).read_bytes()))
    return sorted(found, key=lambda one: one[1] == 429)  # after it, nothing goes out for a time


def test_recorded_errors_are_one_line_each_and_prove_no_more_than_they_say(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "PATIENCE", 0.5)
    environment = environments.hub()
    standin = serve(environment)
    reader = azure.Azure(standin.cloud, None, lambda _: None, 1)
    seen = set()
    for number, (host, status, body) in enumerate(recorded_errors()):
        id_ = f"{CLUSTER}{number}" if host.startswith("management") else ids.service_principal(str(number))
        standin.fails(id_, Fault(status, body))
        document = reader.document(id_)
        assert document.status is ANSWERED.get(status, Status.FAILED), (status, body)
        assert document.detail
        assert "\n" not in document.detail + (document.remedy or "")
        seen.add(status)
    reader.close()
    assert seen >= {400, 401, 403, 404, 409, 429}


def test_no_connection_changes_what_the_others_are_made_of(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    standin = serve(environments.healthy())
    changes: Counter[str] = Counter()
    for name in ("set_alpn_protocols", "load_verify_locations"):
        genuine = getattr(ssl.SSLContext, name)

        def counted(*args: Any, name: str = name, genuine: Any = genuine) -> None:
            changes[name] += 1
            genuine(*args)

        monkeypatch.setattr(ssl.SSLContext, name, counted)
    session = pipelines.open_session(8)

    def connect(_: int) -> int:
        return session.get(f"{standin.urls['arm']}/none", headers={"Connection": "close"}, timeout=10).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(connect, range(24))) == {401}
    session.close()
    assert changes == {"set_alpn_protocols": 1, "load_verify_locations": 1}


def test_no_file_of_passwords_takes_the_place_of_the_token(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login anonymous password none\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    environment = environments.healthy()
    found, _ = read(serve(environment), environment, CLUSTERS)
    assert {document.status for document in found if document.provider is Provider.ARM} == {Status.READ}


@pytest.mark.parametrize(
    ("files", "connections"),
    [
        pytest.param(resource.RLIM_INFINITY, 12, id="as-many-as-it-likes"),
        pytest.param(1 << 20, 12, id="very-many"),
        pytest.param(12 * 4 * 2, 12, id="enough"),
        pytest.param(11 * 4 * 2, 24, id="one-too-few"),
        pytest.param(8, 24, id="few"),
    ],
)
def test_connections_are_kept_to_as_many_hosts_as_files_may_be_open(
    files: int, connections: int, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    standin = serve(environments.healthy())
    hosts = [f"registry{number}.azurecr.io" for number in range(12)]
    with Proxy(dict.fromkeys(hosts, standin.servers["registry"])).serving() as proxy:
        for variable, value in proxy.environ().items():
            monkeypatch.setenv(variable, value)
        with pipelines.open_session(2) as session:
            assert {session.get(f"https://{host}/v2/", timeout=10).status_code for host in (*hosts, *hosts)} == {401}
    assert len(proxy.led) == connections


def test_the_way_to_a_host_is_looked_up_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = environments.healthy()
    standin = serve(environment)
    looked_up: list[str] = []

    def noted(url: str, **options: Any) -> Any:
        looked_up.append(urlsplit(url).netloc)
        return get_environ_proxies(url, **options)

    session = pipelines.open_session(2)
    monkeypatch.setattr("requests.sessions.get_environ_proxies", noted)
    for url in (standin.urls["arm"], standin.urls["graph"]) * 2:
        session.get(f"{url}/none", timeout=10)
    session.close()
    assert looked_up == [urlsplit(standin.urls[name]).netloc for name in ("arm", "graph")]
