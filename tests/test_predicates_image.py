"""Hosts of image references: what they are by their spelling, and how far a slip of the keyboard goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pullready.config import CLOUDS
from pullready.facts import Facts, ImageRegistry
from pullready.facts.hosts import (
    DataEndpoint,
    Elsewhere,
    Form,
    LoginServer,
    Malformed,
    Microsofts,
    Misspelt,
    OtherCloud,
    Ported,
    PrivateLinkName,
    form_of,
    is_declared,
)
from pullready.facts.spelling import edits, nearest, slipped
from pullready.predicates.image_reference import registry_unknown
from pullready.verdict import Clear, Found, NotApplicable, Unknown
from tests.environment import case_scope

PUBLIC, CHINA = CLOUDS["AzurePublic"], CLOUDS["AzureChina"]
PRIVATE = replace(PUBLIC, name="lab", registry_suffix="registry.lab.example")


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("shoptools.azurecr.io", LoginServer("shoptools", "shoptools.azurecr.io")),
        ("ShopTools.AzureCR.io", LoginServer("shoptools", "shoptools.azurecr.io")),
        (
            "shoptools-exfrbuffaye7ceag.azurecr.io",
            LoginServer("shoptools", "shoptools-exfrbuffaye7ceag.azurecr.io", "exfrbuffaye7ceag"),
        ),
        (
            "shoptools.westeurope.geo.azurecr.io",
            LoginServer("shoptools", "shoptools.azurecr.io", region="westeurope"),
        ),
        ("shoptools.westeurope.data.azurecr.io", DataEndpoint("shoptools.azurecr.io")),
        ("shoptools.privatelink.azurecr.io", PrivateLinkName("shoptools.azurecr.io")),
        ("shoptools.westeurope.data.privatelink.azurecr.io", PrivateLinkName("shoptools.azurecr.io")),
        ("shoptools.westeurope.geo.privatelink.azurecr.io", PrivateLinkName("shoptools.westeurope.geo.azurecr.io")),
        ("shoptools.privatelink.azurecr.io:443", PrivateLinkName("shoptools.azurecr.io")),
        ("shoptools.privatelink.azurecr.cn", PrivateLinkName("shoptools.azurecr.cn")),
        ("privatelink.azurecr.io", LoginServer("privatelink", "privatelink.azurecr.io")),
        ("shoptools.privatelink.example", Elsewhere()),
        ("shoptools.azurecr.io:443", Ported(443, "shoptools.azurecr.io")),
        ("shoptools.azurecr.io:5000", Ported(5000, "shoptools.azurecr.io")),
        ("shoptools.azurecr.us", OtherCloud("azurecr.us", "shoptools.azurecr.io")),
        ("shoptools.azurecr.cn", OtherCloud("azurecr.cn", "shoptools.azurecr.io")),
        ("shoptools.azurecr.de", OtherCloud("azurecr.de", "shoptools.azurecr.io")),
        ("azurecr.cn", OtherCloud("azurecr.cn", "REGISTRY.azurecr.io")),
        ("mcr.microsoft.com", Microsofts()),
        ("mcr.azure.cn", Microsofts()),
    ],
)
def test_host_in_a_registry_domain(host: str, form: Form) -> None:
    assert form_of(host, PUBLIC) == form


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("azurecr.io", "no registry is named before azurecr.io"),
        ("shop_tools.azurecr.io", "letters and digits alone"),
        ("shop-tools-x.azurecr.io", "letters and digits alone"),
        ("shoptools-.azurecr.io", "letters and digits alone"),
        ("a.b.azurecr.io", "this one has 2"),
        ("shoptools.westeurope.blob.azurecr.io", "this one has 3"),
        ("shoptools.west_europe.geo.azurecr.io", "this one has 3"),
        ("shoptools.west_europe.data.azurecr.io", "this one has 3"),
    ],
)
def test_host_that_no_registry_can_have(host: str, why: str) -> None:
    form = form_of(host, PUBLIC)
    assert isinstance(form, Malformed)
    assert why in form.why


@pytest.mark.parametrize(("name", "nameable"), [("shop", False), ("shops", True), ("s" * 50, True), ("s" * 51, False)])
def test_names_have_5_to_50_characters(name: str, *, nameable: bool) -> None:
    form = form_of(f"{name}.azurecr.io", PUBLIC)
    assert isinstance(form, LoginServer)
    assert form.is_nameable is nameable


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("shop.azureacr.io", "shop.azurecr.io"),
        ("shop.azurecr.com", "shop.azurecr.io"),
        ("shop.azurecr.net", "shop.azurecr.io"),
        ("shop.azureacr.com", "shop.azurecr.io"),
        ("shop.azurecr.example", "shop.azurecr.io"),
        ("shop.azuerecr.io", "shop.azurecr.io"),
        ("shop.azurcer.io", "shop.azurecr.io"),
        ("shop.zurecr.io", "shop.azurecr.io"),
        ("shop.azurecr.i", "shop.azurecr.io"),
        ("shop.azurecr", "shop.azurecr.io"),
        ("x.shop.azurecr", "x.shop.azurecr.io"),
        ("X.azureacr.io", "x.azurecr.io"),
        ("xX.azureacr.io", "xx.azurecr.io"),
        ("shopazurecr.io", "shop.azurecr.io"),
        ("a.shopazurecr.io", "a.shop.azurecr.io"),
        ("azureacr.io", "REGISTRY.azurecr.io"),
        ("shop.azurecr.ip:443", "shop.azurecr.io"),
    ],
)
def test_host_that_is_misspelt(host: str, meant: str) -> None:
    assert form_of(host, PUBLIC) == Misspelt(meant)


@pytest.mark.parametrize(
    "host",
    [
        "docker.io",
        "quay.io",
        "ghcr.io",
        "gcr.io",
        "europe-docker.pkg.dev",
        "public.ecr.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "registry.k8s.io",
        "nvcr.io",
        "registry.gitlab.com",
        "shop.azurecontainer.io",
        "shop.azure.io",
        "shop.azure.us",
        "shop.azure.cn",
        "shop.azurewebsites.net",
        "azurecr.io.example.com",
        "localhost:5000",
        "203.0.113.7:5000",
        "registry",
    ],
)
def test_host_of_somebody_else(host: str) -> None:
    assert form_of(host, PUBLIC) == Elsewhere()


def test_cloud_of_the_run_decides_which_domain_is_right() -> None:
    assert form_of("shoptools.azurecr.cn", CHINA) == LoginServer("shoptools", "shoptools.azurecr.cn")
    assert form_of("shoptools.azurecr.io", CHINA) == OtherCloud("azurecr.io", "shoptools.azurecr.cn")
    assert form_of("shoptools.azureacr.cn", CHINA) == Misspelt("shoptools.azurecr.cn")


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("shoptools.registry.lab.example", LoginServer("shoptools", "shoptools.registry.lab.example")),
        ("shoptools.registry.lab.exmple", Misspelt("shoptools.registry.lab.example")),
        ("shoptools.registry2.lab.example", Elsewhere()),
        ("registry.lab.exmple", Misspelt("REGISTRY.registry.lab.example")),
        ("a.b.registry.lab.exmple", Misspelt("a.b.registry.lab.example")),
        ("stry.lab.example", Elsewhere()),
        ("lab.example", Elsewhere()),
        ("shop.azurecr", Elsewhere()),
        ("shoptools.azurecr.io", OtherCloud("azurecr.io", "shoptools.registry.lab.example")),
    ],
)
def test_domain_of_a_cloud_of_ones_own(host: str, form: Form) -> None:
    assert form_of(host, PRIVATE) == form


@pytest.mark.parametrize(
    ("host", "declared", "ignored"),
    [
        ("quay.io", ("quay.io",), True),
        ("quay.io", ("Quay.IO/",), True),
        ("quay.io", ("docker.io",), False),
        ("docker.io", ("docker.io",), True),
        ("docker.io", ("index.docker.io",), True),
        ("registry-1.docker.io", ("docker.io",), True),
        ("Shop.azurecr.io", ("shop.azurecr.io",), True),
        ("shop.azurecr.io", (), False),
        ("my.quay.io", ("quay.io",), False),
        ("registry.example.com:5000", ("registry.example.com:5000",), True),
        ("registry.example.com:5000", ("registry.example.com",), True),
        ("registry.example.com", ("registry.example.com:5000",), False),
        ("docker.io:443", ("index.docker.io",), True),
    ],
)
def test_declared_registries(host: str, declared: tuple[str, ...], *, ignored: bool) -> None:
    assert is_declared(host, declared) is ignored


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 2), ("kitten", "sitting", 3)],
)
def test_edits(one: str, other: str, count: int) -> None:
    assert edits(one, other) == count


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("shop", "shop", False),
        ("shpo", "shop", True),
        ("shopx", "shop", True),
        ("shopxy", "shop", True),
        ("shopxyz", "shop", False),
        ("shop1", "shop2", False),
        ("shop1", "shop", False),
        ("sh0p", "shop", True),
    ],
)
def test_slips(one: str, other: str, *, slip: bool) -> None:
    assert slipped(one, other) is slip


def test_nearest_is_the_one_with_the_fewest_edits_and_then_the_first_by_name() -> None:
    assert nearest("shpps", ["shoppy", "shops", "zzz"]) == "shops"
    assert nearest("shop", ["shoqs", "shoas"]) == "shoas"
    assert nearest("shop", ["else"]) is None


ASKED = "{subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability?name=contoso"
LIST = "The right hosts: az acr list --query [].loginServer"
NAME_IT = (
    "Name it by its resource id under registries: in pullready.yaml, or list its host under ignore-registries: "
    "if it is another publisher's"
)
OFFLINE = {"no-cluster": True}
TAKEN = {"patch": [{"document": ASKED, "body": {"nameAvailable": False}}]}
FREE = {"patch": [{"document": ASKED, "body": {"nameAvailable": True}}]}


def judged(folder: Path, image: str, case: dict[str, Any]) -> Clear | Found | NotApplicable | Unknown:
    pod = f"{{containers: [{{name: a, image: '{image}'}}]}}"
    manifests = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {pod}}}"
    (registry,) = Facts(case_scope({**case, "manifests": manifests}, folder))("image_registries")
    assert isinstance(registry, ImageRegistry)
    (judgement,) = registry_unknown(registry)
    assert judgement.subject == f"{image} in Pod shop/a"
    return judgement


@pytest.mark.parametrize(
    ("image", "case", "observed", "expected", "remedy"),
    [
        (
            "shop.azureacr.io/a",
            {},
            "shop.azureacr.io is no registry of Azure, and shop.azurecr.io is one slip away",
            "a host in azurecr.io",
            f"Did you mean shop.azurecr.io/a? {LIST}",
        ),
        (
            "contoso.westeurope.data.azurecr.io/a",
            {},
            "contoso.westeurope.data.azurecr.io is a data endpoint: it serves layers only",
            "a login server",
            f"Did you mean contoso.azurecr.io/a? {LIST}",
        ),
        (
            "contoso.azurecr.io:5000/a",
            {},
            "no Azure container registry answers on port 5000",
            "a host without a port",
            f"Did you mean contoso.azurecr.io/a? {LIST}",
        ),
        (
            "azurecr.io/a",
            {},
            "no registry is named before azurecr.io",
            "REGISTRY.azurecr.io, and a registry's name has 5 to 50 letters and digits",
            f"Correct the host. {LIST}",
        ),
        (
            "contoso.azurecr.io/a",
            FREE,
            "nobody has a registry contoso in AzurePublic",
            "a registry that exists",
            f"Correct the host. {LIST}",
        ),
        (
            "contosso.azurecr.io/a",
            {"no-cluster": True, "registries": ["contoso"]},
            "the configuration names contoso.azurecr.io, and not contosso.azurecr.io",
            "a registry that the configuration names",
            f"Did you mean contoso.azurecr.io/a? {LIST}",
        ),
    ],
)
def test_what_is_found(  # noqa: PLR0917
    tmp_path: Path, image: str, case: dict[str, Any], observed: str, expected: str, remedy: str
) -> None:
    found = judged(tmp_path, image, case)
    assert isinstance(found, Found)
    assert (found.observed, found.expected, found.remedy) == (observed, expected, remedy)
    named = found.evidence[0]
    assert (named.pointer, named.value) == ("/spec/containers/0/image", image)
    assert named.says == f"names {image.rpartition('/')[0]}"


@pytest.mark.parametrize(
    ("image", "case", "reason", "remedy", "says"),
    [
        (
            "contoso.azurecr.io/a",
            TAKEN,
            "the name contoso is taken: this run cannot read the registry, or it was deleted",
            NAME_IT,
            ["names contoso.azurecr.io", "Azure's answer to whether the name contoso is free"],
        ),
        (
            "contoso-exfrbuffaye7ceag.azurecr.io/a",
            {},
            "no registry that can be read is contoso-exfrbuffaye7ceag.azurecr.io, and Azure is asked for no others",
            NAME_IT,
            ["names contoso-exfrbuffaye7ceag.azurecr.io"],
        ),
        (
            "contoso-prod.azurecr.io/a",
            OFFLINE,
            "a registry's name has no dash, and prod may not be the hash of a domain name label",
            "Name the image by the login server: az acr list --query [].loginServer",
            ["names contoso-prod.azurecr.io"],
        ),
        (
            "shoptools.westeurope.geo.azurecr.io/a",
            {},
            "whether shoptools.azurecr.io has an endpoint of its own in westeurope was not read",
            "Compare with az acr show-endpoints --name shoptools, or name the image by shoptools.azurecr.io",
            ["the regional endpoints of the registry"],
        ),
        (
            "contoso.azurecr.io:443/a",
            {},
            "whether credentials match contoso.azurecr.io:443, with its port, is not judged",
            "Name the image by contoso.azurecr.io",
            ["names contoso.azurecr.io:443"],
        ),
        (
            "web",
            {},
            (
                "docker.io is no Azure container registry (a name without a host is Docker Hub's), "
                "and nothing is judged about it"
            ),
            (
                "Correct the reference if the image is in a registry of yours, "
                "else list docker.io under ignore-registries: in pullready.yaml"
            ),
            ["stands for docker.io/library/web"],
        ),
        (
            "quay.io/a",
            {},
            "quay.io is no Azure container registry, and nothing is judged about it",
            (
                "Correct the reference if the image is in a registry of yours, "
                "else list quay.io under ignore-registries: in pullready.yaml"
            ),
            ["stands for quay.io/a"],
        ),
    ],
)
def test_what_is_unknown(  # noqa: PLR0917
    tmp_path: Path, image: str, case: dict[str, Any], reason: str, remedy: str, says: list[str]
) -> None:
    unknown = judged(tmp_path, image, case)
    assert isinstance(unknown, Unknown)
    assert (unknown.reason, unknown.remedy) == (reason, remedy)
    assert [one.says for one in unknown.evidence] == says


@pytest.mark.parametrize(
    ("image", "case", "pointer", "says"),
    [
        (
            "shoptools.azurecr.io/a",
            {},
            "/value/1/properties/loginServer",
            "the login server of a registry that can be read",
        ),
        (
            "contoso.azurecr.io/a",
            {"no-cluster": True, "registries": ["contoso"]},
            "/spec/containers/0/image",
            "a registry that the configuration names",
        ),
        (
            "contoso.azurecr.io/a",
            OFFLINE,
            "/spec/containers/0/image",
            "has the form of a registry of AzurePublic; without a cluster, whether it exists is not judged",
        ),
        ("mcr.microsoft.com/a", {}, "/spec/containers/0/image", "names mcr.microsoft.com"),
        ("quay.io/a", {"ignore-registries": ["quay.io"]}, "/spec/containers/0/image", "names quay.io"),
    ],
)
def test_what_is_clear_or_not_applicable_shows_what_was_read(
    tmp_path: Path, image: str, case: dict[str, Any], pointer: str, says: str
) -> None:
    judgement = judged(tmp_path, image, case)
    assert isinstance(judgement, Clear | NotApplicable)
    assert [(one.pointer, one.says) for one in judgement.evidence] == [(pointer, says)]
