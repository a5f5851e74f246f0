"""Asking registries live: every image once, whatever they answer, and their tokens to nobody else."""

from __future__ import annotations

import gzip
import json
import socket
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.collectors import effort, registry_tokens
from pullready.collectors.live import collect
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.facts import MAKERS, ids, needs_of
from pullready.outcome import Exit, Run
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.verdict import Found, Severity, Unknown, Verdict
from tests.azure import acr, environments, runs
from tests.azure.fixtures import Serve
from tests.azure.standin import TOKEN, Fault, Standin
from tests.environment import HEALTHY
from tests.test_collectors import bodies
from tools.examples import of_fault
from tools.shop.contents import REPORT, SHOPIMAGES, SHOPTOOLS, digest
from tools.shop.environment import PROD, SHOP, SUBSCRIPTION, Bodies, healthy, registries
from tools.shop.fault import Fault as Broken
from tools.shop.image_faults import image_faults

MISSING: Final = "image-manifest-missing"
#: The checks that judge images by what registries hold of them.
OF_CONTENTS: Final = frozenset(
    slug
    for slug, check in runs.CHECKS.items()
    if {"pulled_images", "image_placements", "quarantined_images"} & set(check.facts)
)
WEB: Final = ids.image_manifest(SHOPIMAGES, "web", "1.4.2")
CHILD: Final = ids.image_manifest(SHOPIMAGES, "web", digest("web amd64"))
BY_DIGEST: Final = ids.image_manifest(SHOPIMAGES, "jobs/report", REPORT)
CONFIG: Final = ids.image_config(SHOPIMAGES, "jobs/report", digest("report config"))
START: Final = f"https://{SHOPIMAGES}/v2/"
EXCHANGE: Final = f"https://{SHOPIMAGES}/oauth2/exchange"
HTML: Final = {"Content-Type": "text/html"}


def unread(environment: Snapshot) -> Snapshot:
    manifests = [one for one in environment if one.provider is Provider.MANIFEST]
    return Snapshot(manifests, captured_at=environment.captured_at, targets=environment.targets)


def read(standin: Standin, facts: Iterable[str] = MAKERS) -> tuple[Snapshot, list[str]]:
    said: list[str] = []
    targets = environments.targets(standin.snapshot)
    settings = replace(Settings(), cloud=standin.cloud)
    needed = {target.name: needs_of(facts) for target in targets}
    return collect(targets, settings, needed, unread(standin.snapshot), said.append), said


@pytest.mark.parametrize(
    "make", [environments.hub, environments.healthy, environments.landing_zone], ids=lambda make: make.__name__
)
def test_what_registries_hold_is_read_once_and_nothing_else(
    make: Callable[[], Snapshot], serve_registries: Serve
) -> None:
    standin = serve_registries(acr.genuine(make()))
    found, _ = read(standin)
    told = bodies(found)
    bins = {id_ for id_ in told if "/acr/v1/_deleted/" in id_}
    beside = {id_ for id_ in told if "/acr/v1/" in id_} - bins
    # They are looked at before an image is asked for; the examples do without.
    rules = {id_ for id_ in told.keys() - bodies(standin.snapshot).keys() if id_.endswith("/cacherules")}
    assert {id_: one for id_, one in told.items() if id_ not in beside | bins | rules} == bodies(standin.snapshot)
    absent = {id_.partition("/manifests/")[0].replace("/v2/", "/acr/v1/") for id_ in told if _is_absent(told, id_)}
    assert {id_.partition("/_")[0] for id_ in beside} == absent
    assert {id_.rpartition("/_")[0].replace("/_deleted", "") for id_ in bins} == absent
    asked = Counter(standin.asked("registry"))
    assert found.requests["registry"] == asked.total()
    tokens = {id_: asked.pop(id_) for id_ in [*asked] if id_.endswith("/oauth2/token")}
    blobs = {id_: asked.pop(id_) for id_ in [*asked] if f"//{acr.STORAGE}/" in id_}
    assert set(asked.values()) <= {1}
    for id_, count in tokens.items():
        host = id_.removesuffix("/oauth2/token")
        repositories = {
            one.split("/manifests/")[0] for one in asked if one.startswith(f"{host}/v2/") and "/manifests/" in one
        }
        assert count == len(repositories) + len({id_ for id_ in bins if id_.startswith(f"{host}/")})
    assert set(blobs.values()) <= {1}


def _is_absent(told: dict[str, Any], id_: str) -> bool:
    return "/manifests/" in id_ and told[id_][0] is Status.NOT_FOUND


def test_where_the_machines_do_not_matter_no_manifest_in_an_index_is_read(serve_registries: Serve) -> None:
    standin = serve_registries(acr.genuine(environments.healthy()))
    read(standin, ["image_placements"])
    assert [id_ for id_ in standin.asked("registry") if "/v2/web/manifests/" in id_] == [WEB]
    assert any("/blobs/" in id_ for id_ in standin.asked("registry"))


def test_each_registry_gets_its_own_tokens_and_storage_none(serve_registries: Serve) -> None:
    standin = serve_registries(acr.genuine(environments.healthy()))
    read(standin)
    audiences = {issued.audience for issued in standin.tokens.values()}
    assert audiences == {standin.urls["arm"], standin.urls["graph"], acr.AUDIENCE}
    sent = [request for request in standin.requests if request.service == "registry"]
    assert not {request.token for request in sent} & standin.tokens.keys()
    assert {request.token for request in sent if acr.STORAGE in request.id} == {""}
    assert any(acr.STORAGE in request.id for request in sent)


@dataclass(frozen=True)
class Shop:
    """The shop as it is served, and where its configuration is; ``true`` are the digests in it."""

    standin: Standin
    folder: Path
    true: dict[str, str]

    def fails(self, id_: str, fault: Fault) -> None:
        self.standin.fails(self.at(id_), fault)

    def at(self, id_: str) -> str:
        return acr.with_digests(id_, self.true)

    def judge(self, slugs: Iterable[str] = runs.CHECKS, say: Callable[[str], None] = lambda _: None) -> Run:
        return runs.judge(self.folder / "pullready.yaml", {slug: runs.CHECKS[slug] for slug in slugs}, say)

    def document(self, id_: str) -> Document:
        """Read the document *id_* by itself."""
        with Reader(replace(Settings(), cloud=self.standin.cloud)) as reader:
            [read_] = reader.start([self.at(id_)], Target("prod"))
            return read_.result()


Open = Callable[..., Shop]


@pytest.fixture
def shop(serve_registries: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Serve *changed* documents beside those of the healthy shop, with *manifests* (name to text) or its own."""
    monkeypatch.setattr(effort, "BACKOFF", 0.001)

    def start(changed: Bodies | None = None, manifests: dict[str, str] | None = None, **more: Any) -> Shop:
        served = runs.served({**healthy(), **(changed or {})})
        true = acr.digests(served)
        (tmp_path / "manifests").mkdir(exist_ok=True)
        own = {path.name: path.read_text() for path in (HEALTHY / "manifests" / "prod").iterdir()}
        for name, text in (own if manifests is None else manifests).items():
            (tmp_path / "manifests" / name).write_text(acr.with_digests(text, true))
        standin = serve_registries(acr.genuine(served))
        target = {"cluster": PROD, "manifests": ["manifests"], "registries": [*environments.REGISTRIES["prod"]]}
        runs.configure(tmp_path, standin, [target], **{"read-registries": True, **more})
        return Shop(standin, tmp_path, true)

    return start


def verdicts(run: Run) -> dict[str, Verdict]:
    return {result.check.id: result.verdict for result in run.results}


def found_in(run: Run) -> list[Found]:
    return [one.judgement for result in run.results for one in result.judged if isinstance(one.judgement, Found)]


def test_the_healthy_shop_is_ready_and_its_images_are_there(shop: Open) -> None:
    opened = shop()
    done = runs.run(opened.folder)
    assert done.exit_code == 0, done.said
    said = {slug: done.verdicts[slug, "prod"] for slug in OF_CONTENTS}
    assert set(said.values()) == {"clear"}, said
    proven = {link for image in done.report["images"] for link in image["proven"]}
    assert {"manifest", "platform"} <= proven
    assert done.report["source"]["requests"]["registry"] == len(opened.standin.asked("registry"))
    kept = "".join(path.read_text() for path in opened.folder.rglob("*") if path.is_file())
    assert "canary" not in kept + done.said
    assert TOKEN not in kept + done.said
    assert all(token.rpartition(".")[2] not in kept + done.said for token in opened.standin.registries.tokens)


def test_without_the_setting_no_registry_is_asked(shop: Open) -> None:
    opened = shop(**{"read-registries": False})
    run = opened.judge()
    assert opened.standin.asked("registry") == []
    assert run.exit_code is Exit.READY
    assert {verdicts(run)[slug] for slug in OF_CONTENTS - {"pod-os-nodeselector-mismatch"}} == {Verdict.NOT_APPLICABLE}
    assert acr.AUDIENCE not in {issued.audience for issued in opened.standin.tokens.values()}


TAG: Final = ids.tag_properties(SHOPIMAGES, "web", "1.4.2")
REPOSITORY: Final = ids.repository_properties(SHOPIMAGES, "web")
GONE: Final[dict[str, tuple[Bodies, str]]] = {
    "tag": ({WEB: None}, "the repository web of shopimages.azurecr.io has no tag 1.4.2"),
    "manifest-under-the-tag": (
        {
            WEB: None,
            TAG: {"registry": SHOPIMAGES, "imageName": "web", "tag": {"name": "1.4.2", "digest": digest("web")}},
        },
        f"the tag 1.4.2 points to {digest('web')}, which is not in the repository any more",
    ),
    "repository": ({WEB: None, CHILD: None}, "shopimages.azurecr.io has no repository web"),
    "digest": (
        {BY_DIGEST: None, ids.repository_properties(SHOPIMAGES, "jobs/report"): {"imageName": "jobs/report"}},
        "the repository jobs/report of shopimages.azurecr.io has no manifest with that digest",
    ),
    "child": ({CHILD: None}, "the index is there, and the manifest for linux/amd64 in it, which linux1 takes, is not"),
}


@pytest.mark.parametrize("what", GONE)
def test_the_ways_to_be_missing_are_told_apart(what: str, shop: Open) -> None:
    changed, observed = GONE[what]
    run = shop({**changed, ids.cache_rules_of(SHOP): []}).judge()
    assert run.exit_code is Exit.NOT_READY
    assert {slug for slug, verdict in verdicts(run).items() if verdict in {Verdict.FOUND, Verdict.UNKNOWN}} == {MISSING}
    assert {one.observed.partition(";")[0] for one in found_in(run)} == {observed}


IN_REGISTRIES: Final = [fault for fault in image_faults() if fault.slug in OF_CONTENTS]


@pytest.mark.parametrize("fault", IN_REGISTRIES, ids=lambda fault: fault.slug)
def test_each_fault_in_a_registry_is_found_live_by_its_own_check(fault: Broken, shop: Open) -> None:
    example = of_fault(fault)
    manifests = {Path(name).name: text for name, text in example.files.items() if name.startswith("manifests/")}
    run = shop(example.bodies, manifests).judge()
    gates = runs.CHECKS[fault.slug].severity is Severity.BLOCKER and not fault.is_risk
    assert verdicts(run)[fault.slug] is Verdict.FOUND
    assert [result.check.id for result in run.results if result.gating] == ([fault.slug] if gates else [])


@dataclass(frozen=True)
class Row:
    """What is wrong, what is said of which document, and what would help."""

    makes: Callable[[Shop], object]
    says: str
    remedy: str
    document: str = WEB
    status: Status = Status.FAILED


def answers(id_: str, *fault: Any, **more: Any) -> Callable[[Shop], object]:
    return lambda shop: shop.fails(id_, Fault(*fault, **more))


def refuses(id_: str, status: int, code: str, message: str = "", **headers: str) -> Callable[[Shop], object]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers(id_, status, {"errors": [{"code": code, "message": message}]}, named)


def nobody_may_pull(shop: Shop) -> None:
    shop.standin.registries.pullers = set()


def lets_nobody_in(shop: Shop) -> None:
    shop.standin.registries.closed.add(SHOPIMAGES)


def sends_elsewhere(shop: Shop) -> None:
    shop.standin.registries.realms[SHOPIMAGES] = f"https://{SHOPTOOLS}/oauth2/token"


def asks_in_the_clear(shop: Shop) -> None:
    shop.standin.registries.realms[SHOPIMAGES] = f"http://{SHOPIMAGES}/oauth2/token"


PROXY: Final = "Look whether a proxy stands between"
REACH: Final = "Run it where the registry answers: in the network of the cluster"
BIG: Final = json.dumps({"architecture": "amd64", "os": "linux", "canary": "x" * (5 << 20)}).encode()
FAILURES: Final[dict[str, Row]] = {
    "no role": Row(
        nobody_may_pull,
        "UNAUTHORIZED: the sign-in may not read web in shopimages.azurecr.io",
        "Grant AcrPull at the registry, or Container Registry Repository Reader",
        status=Status.FORBIDDEN,
    ),
    "denied": Row(
        refuses(WEB, 403, "DENIED", "requested access to the resource is denied"),
        "DENIED: the sign-in may not read web in shopimages.azurecr.io",
        "Grant AcrPull at the registry",
        status=Status.FORBIDDEN,
    ),
    "token refused": Row(
        refuses(WEB, 401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="https://x/",error="invalid_token"'),
        "UNAUTHORIZED: shopimages.azurecr.io does not accept the token that it gave for web itself (invalid_token)",
        "Run again; if that stays so, look who answers there",
    ),
    "token allows too little": Row(
        refuses(WEB, 401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="https://x/",error="insufficient_scope"'),
        "UNAUTHORIZED: the sign-in may not read web in shopimages.azurecr.io",
        "Grant AcrPull at the registry",
        status=Status.FORBIDDEN,
    ),
    "sign-in refused": Row(
        refuses(EXCHANGE, 401, "UNAUTHORIZED"),
        "shopimages.azurecr.io does not accept the sign-in",
        "Grant AcrPull",
        status=Status.FORBIDDEN,
    ),
    "firewall": Row(
        lets_nobody_in,
        "shopimages.azurecr.io cannot be reached from here: its firewall does not let this machine in (DENIED)",
        REACH,
    ),
    "firewall in between": Row(
        refuses(WEB, 403, "DENIED", "client with IP '203.0.113.99' is not allowed access."),
        "shopimages.azurecr.io cannot be reached from here: its firewall",
        REACH,
    ),
    "broken off": Row(
        answers(START, resets=True),
        "the proxy on the way to shopimages.azurecr.io does not answer",
        "Check HTTPS_PROXY and NO_PROXY",
    ),
    "cut off": Row(answers(WEB, 200, {"a": "b" * 99}, truncates=True), "is cut off", REACH),
    "storage": Row(
        lambda shop: shop.standin.fails(shop.at(CONFIG).replace(SHOPIMAGES, acr.STORAGE), Fault(resets=True)),
        f"the proxy on the way to {acr.STORAGE} does not answer",
        "Check HTTPS_PROXY and NO_PROXY",
        CONFIG,
    ),
    "page instead of a challenge": Row(
        answers(START, 200, b"<html>", HTML), "answers without asking for a token", "Look who answers there"
    ),
    "page instead of a refusal": Row(
        answers(START, 403, b"<html>", HTML), "answered 403 with something other than a JSON object (text/html)", PROXY
    ),
    "page instead of a manifest": Row(
        answers(WEB, 200, b"<html>", HTML), "answered 200 with something other than a JSON object (text/html)", PROXY
    ),
    "page that is not found": Row(
        answers(WEB, 404, b"<html>", HTML), "answered 404 with something other than a JSON object (text/html)", PROXY
    ),
    "absent in another shape": Row(
        answers(WEB, 404, {"error": {"code": "NotFound"}}), "answered 404 with an unexpected object", PROXY
    ),
    "absent for another reason": Row(refuses(WEB, 404, "OPERATION_UNKNOWN"), "answered 404 OPERATION_UNKNOWN", "Run"),
    "list": Row(answers(WEB, 200, []), "answered 200 with an unexpected object", PROXY),
    "tokens elsewhere": Row(sends_elsewhere, "has another host give its tokens, which gets none", "Look who answers"),
    "tokens in the clear": Row(asks_in_the_clear, "has another host give its tokens", "Look who answers"),
    "no token": Row(
        answers(EXCHANGE, 200, {"token": "canary"}), "answered the request for a token with something else", "Look"
    ),
    "other content": Row(
        answers(CHILD, 200, {"schemaVersion": 2, "config": {"digest": "canary"}}),
        "what shopimages.azurecr.io answers has another digest than sha256:",
        f"{PROXY}; a node refuses it as well",
        CHILD,
    ),
    "other content under a tag": Row(
        answers(WEB, 200, {"schemaVersion": 2}, {"Docker-Content-Digest": digest("web")}),
        "has another digest than sha256:",
        PROXY,
    ),
    "index that names itself": Row(
        answers(
            CHILD,
            200,
            {"manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest("web amd64")}]},
        ),
        "has another digest than sha256:",
        PROXY,
        CHILD,
    ),
    "big manifest": Row(answers(WEB, 200, BIG), "shopimages.azurecr.io answers with more than 4 MiB", "Look what was"),
    "big configuration": Row(
        lambda shop: shop.standin.fails(shop.at(CONFIG).replace(SHOPIMAGES, acr.STORAGE), Fault(200, BIG)),
        f"{acr.STORAGE} answers with more than 4 MiB",
        "Look what was pushed there",
        CONFIG,
    ),
    "without TLS": Row(
        answers(CONFIG, 307, b"", {"Location": f"http://{acr.STORAGE}/?sig=canary"}),
        "shopimages.azurecr.io leads to an address without TLS, which is not followed",
        "",
        CONFIG,
    ),
    "round and round": Row(
        lambda shop: shop.fails(CONFIG, Fault(307, b"", {"Location": f"{shop.at(CONFIG)}?sig=canary"})),
        "shopimages.azurecr.io leads from one address to the next, and to no content",
        "",
        CONFIG,
    ),
    "switched off": Row(
        refuses(WEB, 405, "UNSUPPORTED", "The operation is disallowed on this registry, repository or image."),
        "UNSUPPORTED: shopimages.azurecr.io disallows reading web",
        "Look whether reading is switched off",
    ),
    "throttled": Row(
        refuses(WEB, 429, "TOOMANYREQUESTS", Retry_After="600"),
        "shopimages.azurecr.io throttles (TOOMANYREQUESTS) and asks to wait 600 seconds",
        "Run again later",
    ),
    "broken": Row(
        refuses(WEB, 503, "UNAVAILABLE"), "shopimages.azurecr.io answered 503 UNAVAILABLE", "Run again later"
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_each_failure_says_one_line_and_leaves_just_its_checks_unknown(what: str, shop: Open) -> None:
    row, opened = FAILURES[what], shop()
    said: list[str] = []
    row.makes(opened)
    run = opened.judge(say=said.append)
    unknown = {slug for slug, verdict in verdicts(run).items() if verdict is Verdict.UNKNOWN}
    assert unknown, said
    assert unknown <= OF_CONTENTS, said
    assert set(verdicts(run).values()) <= {Verdict.UNKNOWN, Verdict.CLEAR, Verdict.NOT_APPLICABLE}
    assert run.exit_code is Exit.INCOMPLETE
    lines = [line for line in said if row.says in line]
    assert lines, said
    assert len(lines) == len({line.partition(": ")[2] for line in lines}), lines
    assert all(row.remedy in line for line in lines)
    reasons = {
        one.judgement.reason for result in run.results for one in result.judged if isinstance(one.judgement, Unknown)
    }
    assert any(row.says in reason for reason in reasons), reasons
    assert "canary" not in "".join([*said, *reasons])
    assert TOKEN not in "".join([*said, *reasons])
    alone = opened.document(row.document)
    assert (alone.status, alone.body) == (row.status, None)
    assert row.says in str(alone.detail)


def test_a_registry_without_an_answer_is_asked_once_for_all_images(shop: Open) -> None:
    opened = shop()
    opened.fails(START, Fault(resets=True))
    opened.judge([MISSING])
    asked = Counter(id_ for id_ in opened.standin.asked("registry") if SHOPIMAGES in id_)
    assert asked == {START: 1 + effort.RECONNECTIONS}


def test_a_name_that_cannot_be_resolved_says_from_where_it_could(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = shop()
    said: list[str] = []
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    resolve = socket.getaddrinfo

    def resolved(host: str, *more: Any, **options: Any) -> Any:
        if host.endswith(".azurecr.io"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    run = opened.judge([MISSING], said.append)
    assert run.exit_code is Exit.INCOMPLETE
    why = f"{SHOPIMAGES} cannot be reached from here: the name {SHOPIMAGES} cannot be resolved. {REACH}"
    assert len([line for line in said if why in line]) == 1, said


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_what_anybody_may_pull_is_read_without_a_role(is_signed_in: bool, shop: Open) -> None:  # noqa: FBT001
    opened = shop()
    opened.standin.registries.pullers = set()
    opened.standin.registries.open = {SHOPIMAGES, SHOPTOOLS, "shopteams.azurecr.io"}
    if not is_signed_in:
        for host in opened.standin.registries.open:
            refuses(f"https://{host}/oauth2/exchange", 401, "UNAUTHORIZED")(opened)
    run = opened.judge(OF_CONTENTS)
    assert run.exit_code is Exit.READY
    assert {verdicts(run)[slug] for slug in OF_CONTENTS} == {Verdict.CLEAR}


def test_a_token_that_has_grown_old_is_renewed_once(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_tokens, "_YOUNG", -1)
    opened = shop()
    refuses(WEB, 401, "UNAUTHORIZED")(opened)
    opened.fails(WEB, replace(opened.standin.faults[WEB], times=1))
    run = opened.judge([MISSING])
    assert run.exit_code is Exit.READY
    assert opened.standin.asked("registry").count(WEB) == 2


def test_an_unknown_kind_of_manifest_is_unknown_and_not_absent(shop: Open) -> None:
    opened = shop()
    opened.fails(WEB, Fault(200, {"schemaVersion": 1, "mediaType": "application/vnd.example+json", "fsLayers": []}))
    run = opened.judge([MISSING])
    assert verdicts(run) == {MISSING: Verdict.UNKNOWN}
    reasons = [
        one.judgement.reason for result in run.results for one in result.judged if isinstance(one.judgement, Unknown)
    ]
    assert all("is neither an image manifest nor an index" in reason for reason in reasons)


def test_of_a_repository_with_ten_thousand_tags_none_is_listed(shop: Open) -> None:
    others: Bodies = {ids.tag_properties(SHOPIMAGES, "web", f"build-{number}"): {} for number in range(10_000)}
    opened = shop({WEB: None, CHILD: None, **others, ids.cache_rules_of(SHOP): []})
    run = opened.judge([MISSING])
    assert {one.observed.partition(";")[0] for one in found_in(run)} == {GONE["tag"][1]}
    asked = [id_ for id_ in opened.standin.asked("registry") if id_.startswith(START) or "/acr/v1/" in id_]
    assert len(asked) < 12
    assert sorted(id_ for id_ in asked if "/web" in id_) == sorted(
        [WEB, TAG, REPOSITORY, ids.deleted_tags(SHOPIMAGES, "web")]
    )


def test_of_a_configuration_that_is_packed_no_more_is_unpacked_than_it_may_hold(shop: Open) -> None:
    opened = shop()
    packed = gzip.compress(b'{"os": "linux", "architecture": "amd64", "canary": "' + b"x" * (50 << 20) + b'"}')
    stored = opened.at(CONFIG).replace(SHOPIMAGES, acr.STORAGE)
    opened.standin.fails(stored, Fault(200, packed, {"Content-Encoding": "gzip"}))
    tracemalloc.start()
    try:
        document = opened.document(CONFIG)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert document.status is Status.FAILED
    assert f"{acr.STORAGE} answers with more than 4 MiB" in str(document.detail)
    assert most < 25 << 20


def test_registries_that_the_target_does_not_know_are_asked_for_nothing(shop: Open) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: shop}\n"
        'spec: {containers: [{name: other, image: "othershop.azurecr.io/other:1"}]}\n'
    )
    opened = shop(manifests={"pod.yaml": pod})
    said: list[str] = []
    opened.judge([MISSING], said.append)
    assert opened.standin.asked("registry") == []
    assert not [line for line in said if "https://othershop" in line]


def test_capitals_in_a_tag_are_kept(shop: Open) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"
        "spec:\n  nodeSelector: {kubernetes.io/os: linux}\n"
        f'  containers: [{{name: web, image: "{SHOPIMAGES}/web:Rc1"}}]\n'
    )
    same = healthy()[WEB]
    opened = shop({ids.image_manifest(SHOPIMAGES, "web", "Rc1"): same}, {"pod.yaml": pod})
    assert opened.judge([MISSING]).exit_code is Exit.READY


TAGS: Final = ids.deleted_tags(SHOPIMAGES, "web")
BIN: Final = "soft-deleted-artifact"
QUARANTINE: Final = "quarantine-policy-hides-image"


def entry(tag: str, at: int = 0) -> dict[str, str]:
    return {"tag": tag, "digest": digest(tag), "createdAt": "canary", "deletedAt": f"2026-11-01T08:00:0{at}Z"}


def test_the_bin_is_read_page_by_page_and_only_where_an_image_is_not_there(shop: Open) -> None:
    listed = [*(entry(f"0.{number}") for number in range(8)), entry("1.4.2", 1), entry("1.4.2", 2)]
    opened = shop({WEB: None, TAGS: {"tags": listed}, ids.cache_rules_of(SHOP): []})
    opened.standin.registries.page_size = 3
    run = opened.judge()
    assert {slug: verdict for slug, verdict in verdicts(run).items() if verdict is Verdict.FOUND} == {
        BIN: Verdict.FOUND
    }
    assert {one.remedy.partition(";")[0] for one in found_in(run)} == {
        f"az acr manifest restore --registry shopimages --name web:1.4.2 --digest {digest('1.4.2')}"
    }
    asked = [id_ for id_ in opened.standin.asked("registry") if "/_deleted/" in id_]
    assert [id_.partition("?")[0] for id_ in asked] == [TAGS] * 4
    kept = opened.document(TAGS).body
    assert len(kept["tags"]) == 10
    assert "canary" not in json.dumps(kept)


def test_without_the_right_to_see_the_bin_what_is_not_there_is_found_as_before(shop: Open) -> None:
    opened = shop({WEB: None, TAGS: {"tags": [entry("1.4.2")]}, ids.cache_rules_of(SHOP): []})
    opened.standin.registries.shows_bins = False
    opened.standin.registries.open = {SHOPIMAGES}
    run = opened.judge([MISSING, BIN])
    assert verdicts(run) == {MISSING: Verdict.FOUND, BIN: Verdict.UNKNOWN}
    [reason] = {
        one.judgement.remedy for result in run.results for one in result.judged if isinstance(one.judgement, Unknown)
    }
    assert "Microsoft.ContainerRegistry/registries/deleted/read" in reason
    assert opened.document(TAGS).status is Status.FORBIDDEN


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(200, {"tags": "canary"}), "answered the question for its bin with something else"),
        (Fault(200, {"images": []}), "answered the question for its bin with something else"),
        (Fault(200, {"tags": []}, {"Link": '<https://example.com/?last=1>; rel="next"'}), "goes on elsewhere"),
        (Fault(200, {"tags": []}, {"Link": '</acr/v1/web/_tags?last=1>; rel="next"'}), "goes on elsewhere"),
        (
            Fault(200, {"tags": []}, {"Link": f'<{TAGS.partition(SHOPIMAGES)[2]}?n=1>; rel="next"'}),
            "more than 100 pages",
        ),
        (Fault(200, b"<html>", HTML), "something other than a JSON object"),
        (Fault(405, {"errors": [{"code": "UNSUPPORTED", "message": ""}]}), "UNSUPPORTED"),
    ],
)
def test_a_bin_that_answers_strangely_leaves_its_check_unknown_and_no_other(
    fault: Fault, says: str, shop: Open
) -> None:
    opened = shop({WEB: None, ids.cache_rules_of(SHOP): []})
    opened.standin.fails(TAGS, fault)
    run = opened.judge([MISSING, BIN])
    assert verdicts(run) == {MISSING: Verdict.FOUND, BIN: Verdict.UNKNOWN}
    assert says in str(opened.document(TAGS).detail)


def test_an_empty_bin_may_be_null(shop: Open) -> None:
    opened = shop({WEB: None, ids.cache_rules_of(SHOP): []})
    opened.standin.fails(TAGS, Fault(200, {"tags": None}))
    assert verdicts(opened.judge([MISSING, BIN])) == {MISSING: Verdict.FOUND, BIN: Verdict.CLEAR}


def test_how_an_image_stands_in_quarantine_is_asked_only_where_its_registry_keeps_one(shop: Open) -> None:
    kept = registries()
    kept[0]["properties"]["policies"] = {"quarantinePolicy": {"status": "Enabled"}}
    state = ids.manifest_properties(SHOPIMAGES, "jobs/report", REPORT)
    attributes = {"readEnabled": True, "quarantineState": "Quarantined", "quarantineDetails": "canary"}
    images = (f"{SHOPIMAGES}/web:1.4.2", f"{SHOPIMAGES}/jobs/report@{REPORT}", f"{SHOPTOOLS}/db-migrate:2.1.0")
    containers = ", ".join(f'{{name: c{place}, image: "{image}"}}' for place, image in enumerate(images))
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {{containers: [{containers}]}}\n"
    opened = shop(
        {
            kept[0]["id"]: kept[0],
            ids.registries_in(SUBSCRIPTION): kept,
            state: {"imageName": "jobs/report", "manifest": {"digest": REPORT, "changeableAttributes": attributes}},
        },
        {"pod.yaml": pod},
    )
    run = opened.judge([QUARANTINE])
    [found] = found_in(run)
    assert "by its digest it was given out to whoever runs this" in found.observed
    asked = [id_ for id_ in opened.standin.asked("registry") if "/acr/v1/" in id_]
    assert sorted(id_.partition("/acr/v1/")[2].partition("/_")[0] for id_ in asked) == ["jobs/report", "web", "web"]
    assert len(asked) == len(set(asked))
    assert not [id_ for id_ in asked if SHOPTOOLS in id_]
    assert "canary" not in json.dumps(opened.document(state).body)


def test_of_an_index_in_a_registry_with_quarantine_what_nodes_take_is_asked_for_as_well(shop: Open) -> None:
    kept = registries()
    kept[0]["properties"]["policies"] = {"quarantinePolicy": {"status": "Enabled"}}
    index, amd64 = "sha256:" + "7" * 64, "sha256:be64b816836011d813ae362d5e08c58953b1173972039b07e012ad51675f25a0"
    pod = (
        "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {nodeSelector: {agentpool: linux1}, "
        f"containers: [{{name: web, image: '{SHOPIMAGES}/web:1.4.2'}}]}}}}"
    )
    said = {
        ids.manifest_properties(SHOPIMAGES, "web", digest): {
            "imageName": "web",
            "manifest": {"digest": digest, "changeableAttributes": {"quarantineState": state}},
        }
        for digest, state in ((index, "Passed"), (amd64, "Quarantined"))
    }
    tag = {ids.tag_properties(SHOPIMAGES, "web", "1.4.2"): {"imageName": "web", "tag": {"digest": index}}}
    opened = shop({kept[0]["id"]: kept[0], ids.registries_in(SUBSCRIPTION): kept, **tag, **said}, {"pod.yaml": pod})
    [found] = found_in(opened.judge([QUARANTINE]))
    assert "keeps the manifest that nodes take of the index in quarantine" in found.observed
