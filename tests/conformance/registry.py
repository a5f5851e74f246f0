"""What the product reads of a real registry, which verifies every token itself: Debian's, behind the stand-in's front.

``registry.sh`` brings ``docker-registry`` and ``skopeo`` and runs these tests. They are not among those that are run
without them, and do not skip.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from pullready import snapshot as snapshots
from pullready.collectors import artifacts
from pullready.facts import ids
from pullready.outcome import Exit, Run
from pullready.snapshot import Status
from pullready.verdict import Found, Unknown, Verdict
from tests.azure import acr, runs
from tests.azure.behind import access_to
from tests.azure.fixtures import Serve
from tests.azure.signatures import SIGNER, Signer
from tests.azure.standin import TOKEN, Standin
from tests.registry import shop
from tests.registry.layouts import Descriptor
from tests.registry.server import Registry, skopeo
from tests.registry.shop import BILLING, IMAGES, MIGRATE, NIGHTLY, OF_FAULTS, STOCK, WEB, Image
from tools.examples import of_fault
from tools.shop.contents import SHOPIMAGES, SHOPTOOLS
from tools.shop.environment import SHOP, Bodies, healthy
from tools.shop.image_faults import image_faults

MISSING: Final = "image-manifest-missing"
#: The checks that judge images by what registries hold of them.
OF_CONTENTS: Final = frozenset(
    slug for slug, check in runs.CHECKS.items() if {"pulled_images", "image_placements"} & set(check.facts)
)
WEB_ID: Final = ids.image_manifest(SHOPIMAGES, WEB.repository, WEB.tag)
TOO_LITTLE: Final = "UNAUTHORIZED: the sign-in may not read web in shopimages.azurecr.io"
NO_TOKEN: Final = "UNAUTHORIZED: shopimages.azurecr.io does not accept the token that it gave for web itself"


@dataclass(frozen=True)
class Opened:
    """The shop as it is served, its registries, and where its configuration is."""

    standin: Standin
    registries: Mapping[str, Registry]
    folder: Path
    targets: tuple[str, ...]
    environ: Mapping[str, str]

    def judge(self, say: Callable[[str], None] = lambda _: None) -> Run:
        return runs.judge(self.folder / "pullready.yaml", say=say)

    def push(self, *images: Image) -> None:
        """Push *images* over those that are there, and name them in the manifests."""
        shop.push(self.registries, self.folder / "layouts", *images)
        self.write()

    def write(self) -> list[dict[str, Any]]:
        """Write the manifests of the targets, which name what the registries have; return the targets."""
        described = []
        for target in runs.targets(*self.targets):
            path = Path(target["manifests"][0])
            (self.folder / path.name).mkdir(parents=True, exist_ok=True)
            for one in path.iterdir():
                (self.folder / path.name / one.name).write_text(shop.with_digests(one.read_text(), self.registries))
            described.append({**target, "manifests": [path.name]})
        return described

    def digest(self, image: Image) -> str:
        return str(self.registries[image.host].pointed_at(image.repository, image.tag))

    def entries(self, image: Image) -> list[Descriptor]:
        entries: list[Descriptor] = json.loads(self.raw(image, self.digest(image)))["manifests"]
        return entries

    def raw(self, image: Image, digest: str, *words: str) -> bytes:
        """Return what skopeo, signed in as Docker's clients are, reads by the front."""
        login = f"{acr.NOBODY}:{self.standin.registries.password(image.host)}"
        named = f"docker://{image.host}/{image.repository}@{digest}"
        return skopeo("inspect", *words, "--raw", "--creds", login, named, **self.environ)

    def answered(self) -> list[tuple[str, str, int]]:
        return [one for registry in self.registries.values() for one in registry.answered]

    def leaks(self, *said: str) -> list[str]:
        """Return which secrets stand in what was *said* or in a file."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and "layouts" not in str(path))
        kept = "".join([*said, *(path.read_text() for path in files)])
        tokens = {*self.standin.registries.tokens, *self.standin.tokens}
        parts = {part for token in tokens for part in token.split(".")[1:]}
        assert len(parts) > 4
        return [one for one in ("canary", TOKEN, *parts) if one in kept]


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of registries to which the images of the shop were pushed."""
    return shop.stocked(tmp_path_factory.mktemp("registries"), tmp_path_factory.mktemp("layouts"))


@pytest.fixture
def opened(serve_registries: Serve, certificates: Any, pushed: Path, tmp_path: Path) -> Iterator[Open]:
    """Serve *changed* documents beside those of the shop, with a copy of its registries."""
    with ExitStack() as running:

        def start(changed: Bodies | None = None, *targets: str) -> Opened:
            shutil.copytree(pushed, tmp_path / "registries")
            registries = running.enter_context(shop.serving(tmp_path / "registries"))
            served = runs.served({**healthy(), ids.cache_rules_of(SHOP): [], **(changed or {})})
            standin = serve_registries(shop.without_images(served))
            shop.stand_behind(standin, registries)
            trusting = {"SSL_CERT_FILE": str(certificates[1])}
            made = Opened(standin, registries, tmp_path / "run", targets or ("prod",), trusting)
            runs.configure(made.folder, standin, made.write(), **{"read-registries": True})
            return made

        yield start


def verdicts(run: Run) -> dict[str, Verdict]:
    return {result.check.id: result.verdict for result in run.results}


def judged(run: Run, kind: type[Found | Unknown]) -> list[Any]:
    return [one.judgement for result in run.results for one in result.judged if isinstance(one.judgement, kind)]


def test_what_a_run_keeps_of_each_kind_of_image_is_what_skopeo_reads(opened: Open) -> None:
    shop_ = opened(None, "prod", "legacy")
    done = runs.run(shop_.folder)
    assert done.exit_code == 0, done.said
    kept = {one.id: one for one in snapshots.load(shop_.folder / "saved.json") if "/v2/" in one.id}
    expected = {id_: raw for image in IMAGES for id_, raw in _chain(shop_, image)}
    assert {id_: one.body for id_, one in kept.items()} == {
        id_: artifacts.reduced(id_, json.loads(raw)) for id_, raw in expected.items()
    }
    assert all(one.status is Status.READ for one in kept.values())
    for id_, raw in expected.items():
        digest = id_.rpartition("/")[2]
        assert digest in {WEB.tag, BILLING.tag, MIGRATE.tag, STOCK.tag, f"sha256:{hashlib.sha256(raw).hexdigest()}"}
    said = {(check, verdict) for (check, _), verdict in done.verdicts.items() if check in OF_CONTENTS}
    assert {verdict for _, verdict in said} <= {"clear", "not-applicable"}, said
    assert {done.verdicts[slug, "prod"] for slug in OF_CONTENTS} == {"clear"}
    assert {"manifest", "platform"} <= {link for image in done.report["images"] for link in image["proven"]}
    assert shop_.leaks(done.said) == []


def _chain(shop_: Opened, image: Image) -> Iterator[tuple[str, bytes]]:
    """Yield the documents from the reference to what the nodes of the shop take, with what skopeo reads of each."""
    digest = shop_.digest(image)
    raw = shop_.raw(image, digest)
    named = digest if image is NIGHTLY else image.tag
    yield ids.image_manifest(image.host, image.repository, named), raw
    held = json.loads(raw)
    assert held["mediaType"].startswith("application/vnd.docker" if image.is_docker else "application/vnd.oci")
    for entry in held.get("manifests", ()):
        if entry["platform"]["architecture"] == "amd64":
            yield (
                ids.image_manifest(image.host, image.repository, entry["digest"]),
                shop_.raw(image, entry["digest"]),
            )
    if "config" in held:
        config = ids.image_config(image.host, image.repository, held["config"]["digest"])
        yield config, shop_.raw(image, digest, "--config")


def test_nothing_is_listed_changed_or_pulled(opened: Open) -> None:
    shop_ = opened()
    others = (f"build-{number}" for number in range(1_000))
    shop_.registries[SHOPIMAGES].add_tags("web", shop_.digest(WEB), others)
    assert shop_.judge().exit_code is Exit.READY
    assert {method for method, _, _ in shop_.answered()} == {"GET", "HEAD"}
    assert len(shop_.standin.asked("registry")) < 30
    targets = [target for _, target, _ in shop_.answered()]
    assert all(re.fullmatch(r"/v2/|/v2/[a-z/-]+/(manifests|blobs)/[^/]+", target) for target in targets)
    assert max(Counter(one for one in shop_.answered() if one[0] == "GET" and one[1] != "/v2/").values()) == 1
    layers = {layer["digest"] for image in (WEB, MIGRATE) for layer in _layers(shop_, image)}
    assert layers
    assert not {target.rpartition("/")[2] for target in targets} & layers


def _layers(shop_: Opened, image: Image) -> Iterator[Descriptor]:
    for entry in shop_.entries(image):
        yield from json.loads(shop_.raw(image, entry["digest"]))["layers"]


@dataclass(frozen=True)
class Gone:
    """How something is lost, and what is said of that."""

    loses: Callable[[Registry, Opened], object]
    says: str


def _deleted(registry: Registry, shop_: Opened) -> None:
    token = access_to(registry.host, WEB.repository, "delete")
    target = f"/v2/{WEB.repository}/manifests/{shop_.digest(WEB)}"
    assert registry.send("DELETE", target, {"authorization": f"Bearer {token}"}).status == 202


GONE: Final = {
    "tag": Gone(
        lambda registry, _: registry.lose_tag("web", "1.4.2"),
        "the repository web of shopimages.azurecr.io has no tag 1.4.2",
    ),
    "deleted with its tags": Gone(_deleted, "the repository web of shopimages.azurecr.io has no tag 1.4.2"),
    "manifest under the tag": Gone(
        lambda registry, shop_: registry.lose_manifest("web", shop_.digest(WEB)),
        "the tag 1.4.2 points to {web}, which is not in the repository any more",
    ),
    "repository": Gone(
        lambda registry, _: registry.lose_repository("web"), "shopimages.azurecr.io has no repository web"
    ),
    "digest": Gone(
        lambda registry, shop_: registry.lose_manifest("jobs/report", shop_.digest(NIGHTLY)),
        "the repository jobs/report of shopimages.azurecr.io has no manifest with that digest",
    ),
    "child": Gone(
        lambda registry, shop_: registry.lose_manifest("web", shop_.entries(WEB)[0]["digest"]),
        "the index is there, and the manifest for linux/amd64 in it, which linux1 takes, is not",
    ),
}


@pytest.mark.parametrize("what", GONE)
def test_the_ways_to_be_missing_are_told_apart(what: str, opened: Open) -> None:
    shop_ = opened()
    says = GONE[what].says.format(web=shop_.digest(WEB))
    GONE[what].loses(shop_.registries[SHOPIMAGES], shop_)
    run = shop_.judge()
    assert run.exit_code is Exit.NOT_READY
    assert {slug for slug, verdict in verdicts(run).items() if verdict in {Verdict.FOUND, Verdict.UNKNOWN}} == {MISSING}
    assert {one.observed.partition(";")[0] for one in judged(run, Found)} == {says}


def test_the_ways_to_be_missing_are_five() -> None:
    assert len({one.says for one in GONE.values()}) == 5


def test_a_manifest_that_no_node_takes_may_be_gone(opened: Open) -> None:
    shop_ = opened()
    for entry in shop_.entries(WEB)[1:]:
        shop_.registries[SHOPIMAGES].lose_manifest("web", entry["digest"])
    assert shop_.judge().exit_code is Exit.READY


@pytest.mark.parametrize("slug", OF_FAULTS)
def test_each_fault_is_found_by_its_own_check(slug: str, opened: Open) -> None:
    [fault] = [one for one in image_faults() if one.slug == slug]
    beside = {id_: body for id_, body in of_fault(fault).bodies.items() if "/v2/" not in id_}
    shop_ = opened(beside)
    if OF_FAULTS[slug]:
        shop_.push(*OF_FAULTS[slug])
    run = shop_.judge()
    assert run.exit_code is Exit.NOT_READY
    assert {slug for slug, verdict in verdicts(run).items() if verdict in {Verdict.FOUND, Verdict.UNKNOWN}} == {slug}
    observed = " ".join(one.observed for one in judged(run, Found))
    assert observed
    assert "unknown" not in observed, "an attestation is none of an image's platforms"


@dataclass(frozen=True)
class Token:
    """What a token claims beside or instead of the usual (times in seconds from now), and what is said of it."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    signer: Signer = SIGNER
    says: str = NO_TOKEN

    def given_by(self, registries: acr.Registries) -> None:
        """Let *registries* give such tokens."""
        now = int(time.time())
        registries.claims = {**self.claims, **{name: now + seconds for name, seconds in self.times.items()}}
        registries.signer = self.signer


def _access(repository: str, *actions: str) -> Token:
    access = [{"type": "repository", "name": repository, "actions": [*actions]}]
    return Token({"access": access}, says=TOO_LITTLE)


#: Tokens that are no good for reading the repository web.
NO_GOOD: Final = {
    "for another repository": _access("billing", "pull"),
    "for nothing": Token({"access": []}, says=TOO_LITTLE),
    "to push": _access("web", "push"),
    "expired": Token(times={"iat": -7200, "nbf": -7200, "exp": -600}),
    "not valid yet": Token(times={"nbf": 600}),
    "for another registry": Token({"aud": SHOPTOOLS}),
    "of another issuer": Token({"iss": "somebody else"}),
    "signed with another key": Token(signer=Signer(rsa.generate_private_key(public_exponent=65537, key_size=2048))),
}


@pytest.mark.parametrize("what", NO_GOOD)
def test_a_token_that_is_no_good_is_refused_by_the_registry_and_leaves_just_its_checks_unknown(
    what: str, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop_ = opened()
    NO_GOOD[what].given_by(shop_.standin.registries)
    said: list[str] = []
    run = shop_.judge(said.append)
    answers = [one for one in shop_.registries[SHOPIMAGES].answered if one[1] == "/v2/web/manifests/1.4.2"]
    assert answers
    assert {status for _, _, status in answers} == {401}
    assert run.exit_code is Exit.INCOMPLETE
    assert {slug for slug, verdict in verdicts(run).items() if verdict is Verdict.UNKNOWN} <= OF_CONTENTS
    assert judged(run, Found) == []
    assert len([line for line in said if WEB_ID in line and NO_GOOD[what].says in line]) == 1, said
    reasons = [one.reason for one in judged(run, Unknown)]
    assert any(NO_GOOD[what].says in reason for reason in reasons), reasons
    assert shop_.leaks(*said, *reasons, caplog.text) == []


def test_a_token_for_one_repository_still_opens_that_one(opened: Open) -> None:
    shop_ = opened()
    NO_GOOD["for another repository"].given_by(shop_.standin.registries)
    done = runs.run(shop_.folder)
    assert done.exit_code == Exit.INCOMPLETE, done.said
    assert shop_.leaks(done.said) == []
    answered = {target: status for method, target, status in shop_.answered() if method == "GET"}
    assert answered["/v2/billing/manifests/7.0.3"] == 200
    assert answered["/v2/db-migrate/manifests/2.1.0"] == 401


def test_what_is_on_a_broken_disk_is_not_taken_for_what_was_asked_for(opened: Open) -> None:
    shop_ = opened()
    child = shop_.entries(WEB)[0]["digest"]
    config = json.loads(shop_.raw(NIGHTLY, shop_.digest(NIGHTLY)))["config"]["digest"]
    registry = shop_.registries[SHOPIMAGES]
    registry.spoil(child, json.dumps({"schemaVersion": 2, "mediaType": "", "layers": []}).encode())
    registry.spoil(config, json.dumps({"os": "linux", "architecture": "amd64", "canary": "x" * (50 << 20)}).encode())
    said: list[str] = []
    run = shop_.judge(said.append)
    assert run.exit_code is Exit.INCOMPLETE
    assert judged(run, Found) == []
    reasons = {one.reason for one in judged(run, Unknown)}
    subjects = " ".join(one.subject for one in judged(run, Unknown))
    assert ("/web:" in subjects, "/report@" in subjects) == (True, True)
    assert "billing" not in subjects
    assert "db-migrate" not in subjects
    assert any("answers with more than 4 MiB" in reason for reason in reasons), reasons
    assert len([line for line in said if f"/manifests/{child}" in line]) == 1, said
    assert shop_.leaks(*said, *reasons) == []
