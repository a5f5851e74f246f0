"""The configuration: what a file and the options may say, and what is told to a person where they may not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import pullready
from pullready import config, yaml
from pullready.config import Configuration, Options, Settings, Target, Waiver
from pullready.config.file import CLOUD_KEYS, KEYS, WAIVER_KEYS, WAIVER_REQUIRED
from pullready.config.names import named
from pullready.config.targets import FLEET_KEYS, TARGET_KEYS
from pullready.errors import InputError, InputErrors

ROOT: Final = Path(__file__).parent.parent
SCHEMA: Final = json.loads((Path(pullready.__file__).parent / "pullready.schema.json").read_text())
SUBSCRIPTION: Final = "11111111-1111-4111-8111-111111111111"
OTHER: Final = "99999999-9999-4999-8999-999999999999"
GROUP: Final = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop"
PROD: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/prod"
TEST: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/test"
SHOP: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shop"
WAIVER: Final = "{check: a-b, subject: s, reason: r, owner: o, until: 2026-12-31}"

FULL: Final = f"""\
targets:
  - cluster: {PROD}/
    manifests: [deploy/, ../other/app.yaml, /srv/app.yaml, "-"]
    registries: [shop, shop.azurecr.io, {SHOP}]
    context: prod
    tenant: shop.example
    egress-addresses: [203.0.113.7, 198.51.100.0/28, "2001:db8::1"]
  - cluster: {TEST}
    registries: [shop]
  - manifests: [jobs/]
    registries: [shop]
snapshot: saved/shop.json
snapshot-max-age: 90m
exclude: [charts/**]
read-secrets: true
list-credentials: true
resource-graph: true
read-registries: false
fail-on: risk
expiry-warning-days: 14
ignore-registries: [Docker.io, "registry.example:5000"]
cloud: azurepublic
waivers:
  - check: kubelet-pull-role-missing
    subject: shop.azurecr.io
    reason: moved next week
    owner: shop team
    until: 2026-12-31
    target: SHOP/prod
"""


@pytest.fixture(autouse=True)
def clone(tmp_path: Path) -> None:
    """Files are named relative to the clone they are in."""
    (tmp_path / ".git").mkdir()


def write(folder: Path, text: str, name: str = "pullready.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


def valid(text: str) -> bool:
    document = yaml.read_mapping(text.encode(), "pullready.yaml")
    return Draft202012Validator(SCHEMA).is_valid(document.value)


# ---------------------------------------------------------------------------------------------------------- the file


def test_every_key_is_read(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    read = config.load(write(shop, FULL))
    file = "shop/pullready.yaml"
    paths = (f"{shop}/deploy", f"{tmp_path}/other/app.yaml", "/srv/app.yaml", "-")
    addresses = ("203.0.113.7", "198.51.100.0/28", "2001:db8::1")
    registries = ("shop", "shop.azurecr.io", SHOP)
    assert read == Configuration(
        targets=(
            Target("prod", PROD, paths, registries, "prod", "shop.example", addresses, file=file, line=2),
            Target("test", TEST, registries=("shop",), file=file, line=8),
            Target("manifests", manifests=(f"{shop}/jobs",), registries=("shop",), file=file, line=10),
        ),
        settings=Settings(
            exclude=("charts/**",),
            read_secrets=True,
            list_credentials=True,
            resource_graph=True,
            read_registries=False,
            fail_on="risk",
            expiry_warning_days=14,
            ignore_registries=("docker.io", "registry.example:5000"),
            snapshot_max_age=timedelta(minutes=90),
        ),
        snapshot=f"{shop}/saved/shop.json",
        waivers=(
            Waiver(
                "kubelet-pull-role-missing",
                "shop.azurecr.io",
                "moved next week",
                "shop team",
                date(2026, 12, 31),
                "prod",
                file,
                24,
            ),
        ),
        file="shop/pullready.yaml",
        folder=str(shop),
    )


def test_one_target_may_be_written_flat(tmp_path: Path) -> None:
    flat = config.load(write(tmp_path, f"# shop\ncluster: {PROD}\nmanifests: [deploy]\n"))
    assert [(target.name, target.line, target.manifests) for target in flat.targets] == [
        ("prod", 2, (f"{tmp_path}/deploy",))
    ]
    assert flat.settings == Settings()


def test_a_snapshot_says_itself_what_a_cluster_pulls_from(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, f"cluster: {PROD}\nsnapshot: ../shop.json\n"))
    assert [target.name for target in read.targets] == ["prod"]
    assert read.snapshot == f"{tmp_path.parent}/shop.json"


@pytest.mark.parametrize(("text", "span"), [("90m", 5400), ("24h", 86400), ("7d", 604800)])
def test_ages(tmp_path: Path, text: str, span: int) -> None:
    read = config.load(write(tmp_path, f"snapshot: s.json\nsnapshot-max-age: {text}\n"))
    assert read.settings.snapshot_max_age == timedelta(seconds=span)


@pytest.mark.parametrize("name", ["AzureUSGovernment", "azurechina", "AZUREPUBLIC"])
def test_clouds_are_named_without_regard_to_case(tmp_path: Path, name: str) -> None:
    read = config.load(write(tmp_path, f"cloud: {name}\n"))
    assert read.settings.cloud.name.casefold() == name.casefold()


CLOUD: Final = (
    "cloud: {authority: 'https://login.example/', resource-manager: 'https://arm.example:8443', "
    "graph: 'https://graph.example', registry-suffix: azurecr.example, registry-audience: 'https://acr.example'}\n"
)


def test_another_cloud_is_described_by_its_endpoints(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, CLOUD + f"cluster: {PROD}\nregistries: [shop.azurecr.example]\n"))
    cloud = read.settings.cloud
    assert (cloud.authority, cloud.resource_manager) == ("https://login.example", "https://arm.example:8443")
    assert not cloud.instance_discovery
    assert cloud.private_zone == "privatelink.azurecr.example"
    assert cloud.storage_suffix is None


def test_another_cloud_may_say_where_its_storage_is(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, CLOUD.replace("}", ", storage-suffix: Core.Example}")))
    assert read.settings.cloud.storage_suffix == "core.example"


TARGET: Final = f"cluster: {PROD}\nmanifests: [deploy]\n"

#: What stands in the file, the line of the error, what it says, what it advises. Each is refused by the schema too.
BAD: Final[Mapping[str, tuple[str, int, str, str]]] = {
    "misspelt-key": (TARGET + "manifest: [x]", 3, "the key manifest is unknown", "Did you mean manifests?"),
    "underscore-in-key": (TARGET + "fail_on: risk", 3, "fail_on is unknown", "Did you mean fail-on?"),
    "strange-key": (TARGET + "zzz: 1", 3, "the key zzz is unknown", "Write one of: "),
    "misspelt-key-of-a-target": ("targets:\n  - manifestz: [x]", 2, "manifestz is unknown", "manifests?"),
    "misspelt-key-of-a-waiver": (
        TARGET + "waivers:\n  - {check: a-b, subject: s, reason: r, owner: o, until: 2026-12-31, untill: x}",
        4,
        "the key untill is unknown",
        "Did you mean until?",
    ),
    "storage-suffix-with-a-dot": (
        TARGET + CLOUD.replace("}", ", storage-suffix: .core.example}"),
        3,
        "storage-suffix: ",
        "",
    ),
    "list-instead-of-mapping": (TARGET + "cloud: [a]", 3, "cloud must be a string, not a list", ""),
    "no-value": ("cluster:\nmanifests: [x]", 1, "cluster has no value", "remove the key"),
    "number-for-a-string": (TARGET + "context: 7", 3, "context must be a string, not the number 7", "quotes"),
    "boolean-for-a-string": (TARGET + "context: true", 3, "not the boolean true", "quotes"),
    "string-for-a-list": ("manifests: deploy/", 1, "manifests must be a list, not the string deploy/", "manifests: ["),
    "mapping-for-a-list": ("manifests: {a: b}", 1, "manifests must be a list, not a mapping", ""),
    "string-for-a-boolean": (TARGET + "read-secrets: yes", 3, "must be true or false, not the string yes", "YAML 1.2"),
    "string-for-a-number": (TARGET + "expiry-warning-days: 3d", 3, "must be a whole number from 0 to 3650", ""),
    "boolean-for-a-number": (TARGET + "expiry-warning-days: true", 3, "must be a whole number", ""),
    "negative-number": (TARGET + "expiry-warning-days: -1", 3, "must be a whole number", ""),
    "no-targets": ("targets: []", 1, "targets is an empty list", "remove the key"),
    "empty-target": ("targets: [{}]", 1, "the target is empty", "Name its cluster"),
    "target-is-a-string": ("targets:\n  - prod", 2, "targets must be a mapping", "cluster: …"),
    "no-manifests": ("manifests: []", 1, "manifests is an empty list", "Fill it"),
    "empty-path": ("manifests: ['']", 1, "manifests: this is empty", "a variable that is not set"),
    "blank-path": ("manifests: [' ']", 1, "manifests: this is empty", ""),
    "url-as-path": ("manifests: ['https://shop.example/a.yaml']", 1, "an address, not a path", "pipe it in"),
    "targets-and-flat": (f"targets: [{{manifests: [x]}}]\ncluster: {PROD}", 2, "cluster stands beside targets", "Move"),
    "registries-alone": ("registries: [shop]", 1, "neither a cluster nor manifests", "Add cluster"),
    "context-without-cluster": ("manifests: [x]\ncontext: c", 2, "context belongs to a cluster", "Add cluster:"),
    "tenant-without-cluster": ("manifests: [x]\ntenant: a.example", 2, "tenant belongs to a cluster", ""),
    "addresses-without-cluster": ("manifests: [x]\negress-addresses: [203.0.113.7]", 2, "belongs to a cluster", ""),
    "fleet-subscriptions": ("targets:\n  - subscriptions: [a]", 2, "not available yet", "Name each cluster"),
    "fleet-group": ("targets:\n  - resource-group: shop", 2, "by resource-group are not available yet", ""),
    "fleet-tag": ("targets:\n  - tag: {a: b}", 2, "by tag are not available yet", ""),
    "registry-with-hyphen": ("manifests: [x]\nregistries: [my-shop]", 2, "my-shop is not a registry's name", "az acr"),
    "registry-with-scheme": ("manifests: [x]\nregistries: ['https://shop.azurecr.io']", 2, "more than the name", ""),
    "registry-with-path": ("manifests: [x]\nregistries: [shop.azurecr.io/web]", 2, "more than the name", ""),
    "registry-with-empty-label": ("manifests: [x]\nregistries: [shop..azurecr.io]", 2, "is not a host name", ""),
    "cloud-with-strange-port": (TARGET + CLOUD.replace(":8443", ":port"), 3, "not an https address", ""),
    "registry-id-of-another-type": (f"manifests: [x]\nregistries: ['{PROD}']", 2, "managedClusters, not Micro", ""),
    "below-a-registry": (f"manifests: [x]\nregistries: ['{SHOP}/tokens/a']", 2, "names something below", "Leave out"),
    "address-is-a-name": (TARGET + "egress-addresses: [nat.example]", 3, "neither an IP address nor a range", ""),
    "tenant-is-a-phrase": (TARGET + "tenant: my tenant", 3, "my tenant is not a tenant", "az account show"),
    "fail-on": (TARGET + "fail-on: Blocker", 3, "Blocker is not one of", "blocker, risk, advice"),
    "age-without-unit": (TARGET + "snapshot-max-age: '24'", 3, "24 is not a span of time", "90m, 24h or 7d"),
    "age-is-a-number": (TARGET + "snapshot-max-age: 24", 3, "not the number 24", "quotes"),
    "no-age": (TARGET + "snapshot-max-age: 0h", 3, "0h is not a span", ""),
    "endless-age": (TARGET + "snapshot-max-age: 99999999999d", 3, "is not a span", ""),
    "ignore-with-path": (TARGET + "ignore-registries: [ghcr.io/shop]", 3, "not the host of a registry", "docker.io"),
    "ignore-with-asterisk": (TARGET + "ignore-registries: ['*.example']", 3, "not the host of a registry", ""),
    "unknown-cloud": (TARGET + "cloud: AzureGermany", 3, "AzureGermany is not a known cloud", "AzureUSGovernment"),
    "cloud-by-half": (TARGET + "cloud: {graph: 'https://graph.example'}", 3, "cloud lacks authority and res", "Add"),
    "cloud-over-http": (TARGET + CLOUD.replace("https://arm", "http://arm"), 3, "not an https address", "Write https"),
    "cloud-with-user": (TARGET + CLOUD.replace("//arm", "//me:pw@arm"), 3, "…@arm.example:8443 is not", ""),
    "cloud-suffix-with-dot": (TARGET + CLOUD.replace("azurecr.", ".azurecr."), 3, "is not a domain", "leading dot"),
    "waiver-lacks-owner": (
        TARGET + "waivers: [{check: a-b, subject: s, reason: r, until: 2026-12-31}]",
        3,
        "owner",
        "",
    ),
    "waiver-without-reason": (
        TARGET + "waivers:\n  - " + WAIVER.replace(" r,", " '',"),
        4,
        "reason: this is empty",
        "",
    ),
    "waiver-until-later": (
        TARGET + "waivers:\n  - " + WAIVER.replace("2026-12-31", "soon"),
        4,
        "soon is not a date",
        "",
    ),
    "waiver-until-31.12.": (
        TARGET + "waivers:\n  - " + WAIVER.replace("2026-12-31", "31.12.2026"),
        4,
        "not a date",
        "",
    ),
    "waivers-is-a-mapping": (TARGET + "waivers: " + WAIVER, 3, "waivers must be a list, not a mapping", ""),
}

#: The same for what a JSON Schema cannot say, or says less of.
BAD_BEYOND_THE_SCHEMA: Final[Mapping[str, tuple[str, int, str, str]]] = {
    "address-with-host-bits": (TARGET + "egress-addresses: [203.0.113.7/24]", 3, "neither", "203.0.113.0/24 for the"),
    "private-address": (TARGET + "egress-addresses: [10.1.0.4]", 3, "10.1.0.4 is not public", "the public address"),
    "shared-address-space": (TARGET + "egress-addresses: [100.64.0.1]", 3, "is not public", ""),
    "local-ipv6": (TARGET + "egress-addresses: ['fd00::1']", 3, "is not public", ""),
    "everything": (TARGET + "egress-addresses: [0.0.0.0/0]", 3, "is not public", ""),
    "registry-of-another-cloud": (
        "manifests: [x]\nregistries: [shop.azurecr.cn]",
        2,
        "not a login server of the cloud AzurePublic",
        "cloud:",
    ),
    "misspelt-login-server": ("manifests: [x]\nregistries: [shop.azureacr.io]", 2, "end in .azurecr.io", ""),
    "no-such-day": (TARGET + "waivers:\n  - " + WAIVER.replace("12-31", "02-30"), 4, "2026-02-30 is not a date", ""),
    "nothing-names-registries": (f"cluster: {PROD}", 1, "nothing names the registries", "manifests: [ … ]"),
    "same-cluster-twice": (
        f"targets:\n  - cluster: {PROD}\n    manifests: [a]\n  - cluster: {PROD.upper()}/\n    manifests: [b]",
        4,
        "is named twice (before on line 2)",
        "one target",
    ),
    "one-context-for-two": (
        f"targets:\n  - {{cluster: {PROD}, context: c}}\n  - {{cluster: {TEST}, context: c}}",
        3,
        "context: c is named twice",
        "belongs to one cluster",
    ),
    "stdin-twice": ("targets:\n  - manifests: ['-']\n  - manifests: ['-']", 3, "named twice", "read only once"),
    "unknown-target-of-a-waiver": (
        TARGET + "waivers:\n  - " + WAIVER.replace("}", ", target: prd}"),
        4,
        "target: prd is not a target",
        "Did you mean prod?",
    ),
    "ambiguous-target-of-a-waiver": (
        f"targets:\n  - {{cluster: {PROD}, manifests: [x]}}\n"
        f"  - {{cluster: {PROD.replace('/shop/', '/store/')}, manifests: [x]}}\n"
        "waivers:\n  - " + WAIVER.replace("}", ", target: prod}"),
        5,
        "target: prod may mean several targets",
        "shop/prod, store/prod",
    ),
    "duplicate-key": (TARGET + "cluster: x", 3, "cluster stands twice", ""),
    "several-documents": (TARGET + "---\nmanifests: [x]", 4, "more than one document", ""),
    "empty": ("", 1, "the file is empty", ""),
    "comments-alone": ("# later\n", 1, "the file is empty", ""),
    "not-a-mapping": ("- cluster", 1, "not a mapping", ""),
    "not-yaml": ("manifests: [x]\ncluster: a: b", 2, "not YAML", ""),
    "line-break-in-a-path": ('manifests: ["a\\nb"]', 1, "a control character or a line break", "one line"),
    "null-in-a-path": ('manifests: ["a\\0b"]', 1, "a control character", ""),
}


@pytest.mark.parametrize(("text", "line", "says", "advises"), [*BAD.values()], ids=[*BAD])
def test_bad_file(tmp_path: Path, text: str, line: int, says: str, advises: str) -> None:
    error = refused(lambda: config.load(write(tmp_path, text)))
    assert (error.file, error.line) == ("pullready.yaml", line)
    assert says in error.what
    assert advises in error.remedy
    assert str(error).startswith(f"pullready.yaml:{line}: ")
    assert not valid(text), "the schema lets it pass"


@pytest.mark.parametrize(
    ("text", "line", "says", "advises"), [*BAD_BEYOND_THE_SCHEMA.values()], ids=[*BAD_BEYOND_THE_SCHEMA]
)
def test_bad_file_beyond_the_schema(tmp_path: Path, text: str, line: int, says: str, advises: str) -> None:
    error = refused(lambda: config.load(write(tmp_path, text)))
    assert (error.file, error.line) == ("pullready.yaml", line)
    assert says in error.what
    assert advises in error.remedy


@pytest.mark.parametrize(("text", "line"), [(text, line) for text, line, _, _ in BAD.values()], ids=[*BAD])
def test_one_fault_is_one_error(tmp_path: Path, text: str, line: int) -> None:
    error = refused(lambda: config.load(write(tmp_path, text)))
    assert not isinstance(error, InputErrors) or {one.line for one in error.errors} == {line}


#: A cluster's id, and what is said of it.
CLUSTERS: Final = {
    "name": ("prod", "prod is not a resource id"),
    "portal": (f"https://portal.azure.com/#@shop.example/resource{PROD}", "is not a resource id"),
    "another-type": (f"{GROUP}/providers/Microsoft.Web/sites/web", "is of type Microsoft.Web/sites, not Microsoft.Con"),
    "arc": (f"{GROUP}/providers/Microsoft.Kubernetes/connectedClusters/a", "of type Microsoft.Kubernetes/connectedC"),
    "registry": (SHOP, "is of type Microsoft.ContainerRegistry/registries"),
    "group-alone": (GROUP, "ends too early: providers is missing"),
    "no-name": (PROD.removesuffix("/prod"), "ends too early: the cluster name is missing"),
    "no-group": (PROD.replace("/resourceGroups/shop", ""), "has providers where resourceGroups belongs"),
    "no-subscription": (
        PROD.removeprefix(f"/subscriptions/{SUBSCRIPTION}"),
        "resourceGroups where subscriptions belongs",
    ),
    "placeholder": (PROD.replace(SUBSCRIPTION, "<id>"), "<id> is not a valid subscription id"),
    "empty-group": (PROD.replace("/shop/", "//"), "nothing is not a valid resource group"),
    "bad-group": (PROD.replace("/shop/", "/a b/"), "a b is not a valid resource group"),
    "bad-name": (PROD + "_", "prod_ is not a valid cluster name"),
    "pool": (f"{PROD}/agentPools/linux1", "names something below the cluster: agentPools/linux1"),
    "empty": ("", "this is empty"),
}


@pytest.mark.parametrize(("id_", "says"), [*CLUSTERS.values()], ids=[*CLUSTERS])
def test_bad_cluster_in_file_and_option(tmp_path: Path, id_: str, says: str) -> None:
    text = f"manifests: [x]\ncluster: {json.dumps(id_)}\n"
    in_file = refused(lambda: config.load(write(tmp_path, text)))
    options = Options(clusters=(id_,), manifests=("x",))
    in_option = refused(lambda: config.resolve(options, cwd=tmp_path / "none", rootdir=tmp_path / "none"))
    assert (in_file.file, in_file.line) == ("pullready.yaml", 2)
    assert in_file.what.startswith("cluster: ")
    assert in_option.what.startswith("--pullready-cluster: ")
    assert in_option.file is None
    assert says in in_file.what
    assert says in in_option.what
    assert not valid(text)


@pytest.mark.parametrize("id_", [PROD, PROD + "/", PROD.lower(), PROD.upper(), PROD.replace("shop", "größe_(1).a")])
def test_good_cluster(tmp_path: Path, id_: str) -> None:
    text = f"cluster: {id_}\nmanifests: [x]\n"
    assert config.load(write(tmp_path, text)).targets[0].cluster == id_.rstrip("/")
    assert valid(text)


def test_all_errors_are_said_together_in_the_order_of_lines(tmp_path: Path) -> None:
    targets = "targets:\n  - cluster: prod\n    manifests: deploy\n  - registry: [shop]\n"
    text = f"fail-on: never\n{targets}waivers: [{WAIVER}, 1]\n"
    error = refused(lambda: config.load(write(tmp_path, text)))
    assert isinstance(error, InputErrors)
    assert [one.line for one in error.errors] == [1, 3, 4, 5, 6]
    assert str(error).splitlines() == [str(one) for one in error.errors]
    assert "Did you mean registries?" in str(error)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        error = refused(lambda path=path: config.load(path))  # type: ignore[misc]
        assert "cannot be read" in error.what


def test_bad_encoding(tmp_path: Path) -> None:
    (tmp_path / "pullready.yaml").write_bytes(b"cluster: \xff\n")
    assert "text" in refused(lambda: config.load(tmp_path / "pullready.yaml")).what


@pytest.mark.parametrize(
    "secret", ["https://me:hunter2@shop.azurecr.io", "me:hunter2@shop.azurecr.io", "x:hun/ter2@y.z"]
)
def test_no_password_is_repeated(tmp_path: Path, secret: str) -> None:
    text = (
        f"cluster: '{secret}'\nregistries: ['{secret}']\nmanifests: ['{secret}', 'a://{secret}']\nfail-on: '{secret}'\n"
    )
    error = refused(lambda: config.load(write(tmp_path, text)))
    assert "ter2" not in str(error)


# --------------------------------------------------------------------------------------------------------- the schema


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_schema_has_the_keys_that_are_accepted() -> None:
    cloud = SCHEMA["$defs"]["cloud"]["anyOf"][1]
    assert set(SCHEMA["properties"]) == set(KEYS)
    assert set(SCHEMA["$defs"]["target"]["properties"]) == set(TARGET_KEYS)
    assert set(SCHEMA["$defs"]["waiver"]["properties"]) == set(WAIVER_KEYS)
    assert set(SCHEMA["$defs"]["waiver"]["required"]) == set(WAIVER_REQUIRED)
    assert set(cloud["required"]) == set(CLOUD_KEYS)
    assert set(cloud["properties"]) == {*CLOUD_KEYS, "storage-suffix"}
    assert not set(FLEET_KEYS) & {*KEYS, *TARGET_KEYS}


def test_schema_has_the_defaults_that_count() -> None:
    defaults = {key: value["default"] for key, value in SCHEMA["properties"].items() if "default" in value}
    settings = Settings()
    assert SCHEMA["$defs"]["cloud"]["default"] == settings.cloud.name
    assert defaults == {
        "snapshot-max-age": f"{settings.snapshot_max_age.total_seconds() / 3600:.0f}h",
        "read-secrets": settings.read_secrets,
        "list-credentials": settings.list_credentials,
        "resource-graph": settings.resource_graph,
        "read-registries": settings.read_registries,
        "fail-on": settings.fail_on,
        "expiry-warning-days": settings.expiry_warning_days,
    }


def _examples() -> Iterator[Any]:
    yield pytest.param(FULL, id="full")
    yield pytest.param(TARGET, id="flat")
    yield pytest.param(CLOUD + f"snapshot: s.json\nwaivers: [{WAIVER}]\nexclude: []\n", id="cloud")
    yield from (
        pytest.param(path.read_text(), id=path.parent.name)
        for path in (ROOT / "manifests_examples").rglob("pullready.yaml")
    )


@pytest.mark.parametrize("text", [*_examples()])
def test_schema_and_reader_accept_good_files(tmp_path: Path, text: str) -> None:
    assert config.load(write(tmp_path, text)).file
    Draft202012Validator(SCHEMA).validate(yaml.read_mapping(text.encode(), "pullready.yaml").value)


def test_documentation_names_every_option() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    plugin = (Path(pullready.__file__).parent / "plugin.py").read_text()
    declared = set(re.findall(r'"(--pullready-[a-z-]+)"', plugin))
    assert set(re.findall(r"^\| `(--pullready-[a-z-]+)", page, re.MULTILINE)) == declared


def test_documentation_names_every_key_and_shows_files_that_are_accepted(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    missing = [key for key in (*KEYS, *TARGET_KEYS, *WAIVER_KEYS, *CLOUD_KEYS) if f"\n| `{key}` |" not in page]
    assert not missing
    shown = [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]
    files = [text for text in shown if not text.startswith("#")]
    assert len(files) == 2
    for text in files:
        assert config.load(write(tmp_path, text)).targets[0].name == "prod"
        assert valid(text)


# -------------------------------------------------------------------------------------------------------- the options


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A clone of the shop with a configuration and a folder to stand in."""
    (tmp_path / "here").mkdir()
    write(
        tmp_path,
        f"{TARGET}snapshot: saved.json\nfail-on: risk\nwaivers:\n  - {WAIVER.replace('}', ', target: prod}')}\n",
    )
    return tmp_path


def resolve(options: Options, cwd: Path, rootdir: Path | None = None) -> Configuration:
    return config.resolve(options, cwd=cwd, rootdir=rootdir or cwd)


def test_file_in_the_current_folder_comes_first(shop: Path) -> None:
    here = shop / "here"
    assert resolve(Options(), here, shop).file == "pullready.yaml"
    write(here, "manifests: [x]\n")
    assert resolve(Options(), here, shop).file == "here/pullready.yaml"
    assert resolve(Options(config="../pullready.yaml"), here).targets[0].file == "pullready.yaml"


def test_files_are_named_relative_to_their_clone_else_to_the_current_folder(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(config="../pullready.yaml")
    assert resolve(options, shop / "here").file == "pullready.yaml"
    (shop / ".git").rmdir()
    monkeypatch.chdir(shop / "here")
    assert resolve(options, shop / "here").file == "../pullready.yaml"
    monkeypatch.chdir(shop)
    assert resolve(options, shop / "here").file == "pullready.yaml"


def test_without_file_and_target_the_way_to_begin_is_shown(tmp_path: Path) -> None:
    error = refused(lambda: resolve(Options(fail_on="risk"), tmp_path, tmp_path / "root"))
    assert f"no pullready.yaml in {tmp_path} or {tmp_path}/root" in error.what
    assert "--pullready-config manifests_examples/healthy/pullready.yaml" in error.remedy
    assert (ROOT / "manifests_examples/healthy/pullready.yaml").is_file()
    minimal = "\n".join(line.strip() for line in error.remedy.splitlines() if line.startswith("    "))
    filled = minimal.replace("<id>", SUBSCRIPTION).replace("<group>", "shop").replace("<name>", "prod")
    assert config.load(write(tmp_path, filled)).targets[0].cluster == PROD


def test_file_without_targets_needs_options(tmp_path: Path) -> None:
    write(tmp_path, "fail-on: risk\n")
    assert "pullready.yaml names no target" in refused(lambda: resolve(Options(), tmp_path)).what
    assert resolve(Options(manifests=("x",)), tmp_path).settings.fail_on == "risk"


def test_file_with_another_ending_is_pointed_out(tmp_path: Path) -> None:
    write(tmp_path, TARGET, "pullready.yml")
    assert f"Rename {tmp_path}/pullready.yml" in refused(lambda: resolve(Options(), tmp_path)).remedy


def test_file_that_is_named_must_be_there_whatever_else_is_given(tmp_path: Path) -> None:
    options = Options(config="none.yaml", manifests=("x",))
    assert "cannot be read" in refused(lambda: resolve(options, tmp_path)).what


@pytest.mark.parametrize(
    ("options", "targets", "snapshot"),
    [
        (Options(clusters=(TEST,), registries=("shop",)), [("test", TEST, (), ("shop",), None)], None),
        (Options(clusters=(TEST,), context="t"), [("test", TEST, (), (), "t")], None),
        (Options(manifests=("a", "-")), [("manifests", None, ("{cwd}/a", "-"), (), None)], None),
        (Options(manifests=("a",), registries=("s",)), [("manifests", None, ("{cwd}/a",), ("s",), None)], None),
        (Options(snapshot="s.json"), [], "{cwd}/s.json"),
        (Options(snapshot="s.json", clusters=(TEST,)), [("test", TEST, (), (), None)], "{cwd}/s.json"),
        (
            Options(clusters=(PROD, TEST), manifests=("a",)),
            [("prod", PROD, ("{cwd}/a",), (), None), ("test", TEST, ("{cwd}/a",), (), None)],
            None,
        ),
    ],
)
def test_options_that_say_what_replace_targets_and_snapshot(
    shop: Path, options: Options, targets: list[Any], snapshot: str | None
) -> None:
    cwd = shop / "here"
    read = config.resolve(options, cwd=cwd, rootdir=shop)
    said = [(one.name, one.cluster, one.manifests, one.registries, one.context) for one in read.targets]
    assert said == [(n, c, tuple(path.format(cwd=cwd) for path in m), r, x) for n, c, m, r, x in targets]
    assert read.snapshot == (snapshot and snapshot.format(cwd=cwd))
    assert read.settings.fail_on == "risk"
    assert [waiver.check for waiver in read.waivers] == ["a-b"]
    assert all((one.file, one.line, one.tenant, one.egress_addresses) == (None, None, None, ()) for one in read.targets)


def test_other_options_leave_the_targets(shop: Path) -> None:
    read = resolve(Options(fail_on="advice"), shop)
    assert read.settings.fail_on == "advice"
    assert (len(read.targets), read.snapshot) == (1, f"{shop}/saved.json")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(clusters=(PROD,)), "nothing names the registries"),
        (Options(clusters=(PROD, PROD.upper() + "/"), manifests=("x",)), "names one cluster twice"),
        (Options(clusters=(PROD, TEST), context="c"), "--pullready-context belongs to one cluster"),
        (Options(context="c"), "--pullready-context needs to know its cluster"),
        (Options(context="c", manifests=("x",)), "--pullready-context needs to know its cluster"),
        (Options(registries=("shop",)), "--pullready-registry alone"),
        (Options(registries=("my-shop",), manifests=("x",)), "--pullready-registry: my-shop is not"),
        (Options(manifests=("-", "-")), "--pullready-manifests - is given twice"),
        (Options(snapshot="s", manifests=("x",)), "which cluster of the snapshot"),
        (Options(snapshot="s", context="x"), "which cluster of the snapshot"),
        (Options(fail_on="never"), "--pullready-fail-on: never"),
        (Options(config=""), "--pullready-config: this is empty"),
        (Options(clusters=("",)), "--pullready-cluster: this is empty"),
        (Options(context=""), "--pullready-context: this is empty"),
        (Options(snapshot=""), "--pullready-snapshot: this is empty"),
        (Options(manifests=("",)), "--pullready-manifests: this is empty"),
        (Options(registries=("",), clusters=(PROD,)), "--pullready-registry: this is empty"),
    ],
)
def test_bad_options(shop: Path, options: Options, says: str) -> None:
    error = refused(lambda: resolve(options, shop))
    assert says in str(error)
    assert error.remedy


def test_options_are_held_to_the_cloud_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "cloud: AzureChina\n")
    good = Options(manifests=("x",), registries=("shop.azurecr.cn",))
    assert resolve(good, tmp_path).targets[0].registries == ("shop.azurecr.cn",)
    bad = replace(good, registries=("shop.azurecr.io",))
    assert "the cloud AzureChina" in refused(lambda: resolve(bad, tmp_path)).what


# ---------------------------------------------------------------------------------------------------------- the names


def cluster(subscription: str, group: str, name: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{config.values.CLUSTER_TYPE}/{name}"


@pytest.mark.parametrize(
    ("clusters", "names"),
    [
        ([(SUBSCRIPTION, "shop", "prod")], ["prod"]),
        ([(SUBSCRIPTION, "shop", "prod"), (SUBSCRIPTION, "shop", "test")], ["prod", "test"]),
        ([(SUBSCRIPTION, "shop", "prod"), (SUBSCRIPTION, "store", "PROD")], ["shop/prod", "store/PROD"]),
        (
            [(SUBSCRIPTION, "shop", "prod"), (OTHER, "Shop", "prod"), (OTHER, "store", "prod"), (OTHER, "s", "test")],
            [f"{SUBSCRIPTION}/shop/prod", f"{OTHER}/Shop/prod", "store/prod", "test"],
        ),
        ([None], ["manifests"]),
        ([None, None, (SUBSCRIPTION, "shop", "manifests")], ["manifests-2", "manifests-3", "manifests"]),
    ],
)
def test_names(clusters: list[tuple[str, str, str] | None], names: list[str]) -> None:
    targets = [Target("", cluster(*one) if one else None) for one in clusters]
    assert [target.name for target in named(targets)] == names


@given(
    st.lists(
        st.none() | st.tuples(st.sampled_from([SUBSCRIPTION, OTHER]), st.sampled_from("aAb"), st.sampled_from("cCd")),
        unique_by=lambda one: object() if one is None else tuple(part.casefold() for part in one),
    )
)
def test_names_are_unique(clusters: list[tuple[str, str, str] | None]) -> None:
    names = [target.name for target in named([Target("", cluster(*one) if one else None) for one in clusters])]
    assert all(names)
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["prod", "PROD", "shop/prod", f"{SUBSCRIPTION}/shop/prod", PROD, PROD.upper()])
def test_waiver_may_name_its_target_in_any_way(tmp_path: Path, name: str) -> None:
    text = f"{TARGET}waivers: [{WAIVER.replace('}', f', target: {name}}}')}]\n"
    assert config.load(write(tmp_path, text)).waivers[0].target == "prod"


@pytest.mark.parametrize(
    ("clusters", "target"),
    [
        ((PROD, TEST), "prod"),
        ((PROD, PROD.replace("/shop/", "/store/")), "shop/prod"),
        ((PROD.replace("/shop/", "/store/"),), f"{SUBSCRIPTION}/shop/prod"),
    ],
)
def test_waiver_stays_with_its_cluster(shop: Path, clusters: tuple[str, ...], target: str) -> None:
    read = resolve(Options(clusters=clusters, manifests=("x",)), shop)
    assert read.waivers[0].target == target


def test_waiver_finds_its_cluster_in_a_snapshot(shop: Path) -> None:
    read = resolve(Options(snapshot="s.json"), shop)
    for id_, target in ((PROD, "prod"), (PROD.replace("/shop/", "/store/"), f"{SUBSCRIPTION}/shop/prod")):
        targets = config.targets_from([{"name": "prod", "cluster": id_}], file="s.json")
        assert config.waivers_for(read.waivers, targets)[0].target == target


def test_targets_of_a_snapshot() -> None:
    scope = {
        "name": "prod",
        "cluster": PROD,
        "registries": (SHOP,),
        "context": "p",
        "tenant": None,
        "egress_addresses": (),
    }
    made = config.targets_from([scope, {"name": "manifests", "cluster": None}], file="s.json")
    assert made == (Target("prod", PROD, registries=(SHOP,), context="p"), Target("manifests"))


@pytest.mark.parametrize(
    ("scopes", "says"),
    [
        ([], "does not say what it was taken of"),
        ([{"name": "a"}, {"name": "A"}], "two targets of the snapshot are called"),
        ([{"name": "a", "cluster": "prod"}], "prod is not a resource id"),
    ],
)
def test_bad_targets_of_a_snapshot(scopes: list[dict[str, Any]], says: str) -> None:
    error = refused(lambda: config.targets_from(scopes, file="s.json"))
    assert says in error.what
    assert error.file == "s.json"


def test_unknown_checks(tmp_path: Path) -> None:
    waivers = "\n".join(f"  - {WAIVER.replace('a-b', id_)}" for id_ in ("role-missing", "role-mising", "zzz"))
    read = config.load(write(tmp_path, f"{TARGET}waivers:\n{waivers}\n"))
    error = config.unknown_checks(read, ["role-missing", "dns-not-linked"])
    assert isinstance(error, InputErrors)
    assert [one.line for one in error.errors] == [5, 6]
    assert error.errors[0].remedy == "Did you mean role-missing?"
    assert config.unknown_checks(read, ["role-missing", "role-mising", "zzz"]) is None


# --------------------------------------------------------------------------------------------------------- the digest


def test_digest_is_that_of_what_is_said_and_not_of_where(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    digests = set()
    for number, folder in enumerate(folders):
        (folder / ".git").mkdir(parents=True)
        digests.add(config.digest(config.load(write(folder, "\n" * number + FULL))))
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("registries: [shop]", "registries: [store]"),
        ("jobs/", "cron/"),
        ("saved/", "old/"),
        ("risk", "advice"),
        ("until: 2026-12-31", "until: 2027-12-31"),
        ("90m", "91m"),
        ("true", "false"),
    ],
)
def test_digest_changes_with_what_is_said(tmp_path: Path, old: str, new: str) -> None:
    before = config.load(write(tmp_path, FULL))
    after = config.load(write(tmp_path, FULL.replace(old, new)))
    assert config.digest(before) != config.digest(after)
