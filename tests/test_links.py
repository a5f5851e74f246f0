"""The links of the pull path that facts prove beside checks: where DNS leads, and the layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pullready.facts import Facts
from pullready.facts.path.proof import is_open
from pullready.outcome import ImageOutcome
from tests.environment import HUB, NAMES, case_scope, healthy
from tests.test_rollup import outcomes, run

SUBSCRIPTION, GROUP = NAMES["subscription"], NAMES["group"]
RULESET = f"{GROUP}/providers/Microsoft.Network/dnsForwardingRulesets/hub"
ZONES = f"{GROUP}/providers/Microsoft.Network/privateDnsZones"
PRIVATE, PUBLIC, WINDOWS = "web:1.4.2", "db-migrate:2.1.0", "billing:7.0.3"
Patch = Mapping[str, Any]


def links(folder: Path, *patches: Patch, **case: Any) -> dict[str, ImageOutcome]:
    """Return what the roll-up says of each image of the shop, by the end of its name, as *patches* change the shop."""
    known = outcomes(run(folder, {"patch": list(patches), **case}))
    return {image.rpartition("/")[2]: one for (_, image), one in known.items()}


def ruleset(domain: str, state: str = "Enabled", network: str = "vnet") -> tuple[Patch, ...]:
    """Return a DNS forwarding ruleset that is linked to *network* and has a rule for *domain*."""
    rule = {"properties": {"domainName": domain, "forwardingRuleState": state}}
    return (
        {"document": "rulesets", "body": {"value": [{"id": RULESET}]}},
        {
            "document": f"{RULESET}/virtualNetworkLinks",
            "body": {"value": [{"properties": {"virtualNetwork": {"id": NAMES[network]}}}]},
        },
        {"document": f"{RULESET}/forwardingRules", "body": {"value": [rule]}},
    )


def zone(name: str, network: str = "vnet") -> tuple[Patch, ...]:
    """Return a private zone *name* beside the registry's own, linked to *network*."""
    link = {
        "properties": {
            "virtualNetwork": {"id": NAMES[network]},
            "virtualNetworkLinkState": "Completed",
            "provisioningState": "Succeeded",
        }
    }
    return (
        {"document": "zones", "pointer": "/value/-", "value": {"id": f"{ZONES}/{name}", "name": name}},
        {"document": f"{ZONES}/{name}/virtualNetworkLinks", "body": {"value": [link]}},
    )


def servers(*addresses: str) -> tuple[Patch, ...]:
    """Return DNS servers of the shop's network in place of Azure's own."""
    pointer = "/properties/dhcpOptions"
    return ({"document": "vnet", "pointer": pointer, "value": {"dnsServers": list(addresses)}},)


def layers(document: str, *kinds: str | None) -> Patch:
    """Return a manifest with layers of these media types."""
    listed = [{"digest": "sha256:0", "size": 1, **({"mediaType": kind} if kind else {})} for kind in kinds]
    return {"document": document, "pointer": "/layers", "value": listed}


PLAIN = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.mark.parametrize(
    ("patches", "image", "unproven"),
    [
        pytest.param((), PUBLIC, (), id="nothing-stands-in-the-way-of-public-dns"),
        pytest.param(ruleset("."), PUBLIC, ("dns", "layers"), id="a-rule-for-everything"),
        pytest.param(ruleset("azurecr.io."), PUBLIC, ("dns", "layers"), id="a-rule-for-registries"),
        pytest.param(ruleset("blob.core.windows.net."), PUBLIC, ("dns", "layers"), id="a-rule-for-the-layers"),
        pytest.param(ruleset("corp.example."), PUBLIC, (), id="a-rule-for-something-else"),
        pytest.param(ruleset(".", state="Disabled"), PUBLIC, (), id="a-rule-that-is-switched-off"),
        pytest.param(ruleset(".", network="legacy-vnet"), PUBLIC, (), id="a-ruleset-of-another-network"),
        pytest.param(zone("azurecr.io"), PUBLIC, ("dns", "layers"), id="a-zone-for-all-registries"),
        pytest.param(zone("azurecr.io"), PRIVATE, ("dns", "layers"), id="a-zone-that-hides-the-private-one"),
        pytest.param(zone("ShopTools.AzureCR.io"), PUBLIC, ("dns", "layers"), id="a-zone-for-the-registry"),
        pytest.param(zone("shoptools.azurecr.io"), PRIVATE, (), id="a-zone-for-another-registry"),
        pytest.param(zone("blob.core.windows.net"), PUBLIC, ("dns", "layers"), id="a-zone-for-the-layers"),
        pytest.param(zone("privatelink.blob.core.windows.net"), PUBLIC, (), id="a-zone-for-the-customers-own-accounts"),
        pytest.param(zone("tools.azurecr.io"), PUBLIC, (), id="a-zone-whose-name-only-ends-alike"),
        pytest.param(zone("azurecr.io", "legacy-vnet"), PUBLIC, (), id="a-zone-of-another-network"),
        pytest.param(
            ({"document": "zones", "status": "forbidden"},), PUBLIC, ("dns", "layers"), id="zones-that-may-not-be-read"
        ),
        pytest.param(
            ({"document": "rulesets", "absent": True},), PUBLIC, ("dns", "layers"), id="rulesets-nobody-asked-for"
        ),
        pytest.param(servers("10.224.0.53"), PUBLIC, ("dns", "layers"), id="a-server-of-their-own"),
        pytest.param(servers("168.63.129.16"), PUBLIC, (), id="azures-server-by-its-address"),
        pytest.param((layers("billing-windows", PLAIN, PLAIN),), WINDOWS, (), id="layers-of-the-registry"),
        pytest.param(
            (layers("billing-windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", PLAIN),),
            WINDOWS,
            ("layers",),
            id="a-foreign-layer",
        ),
        pytest.param(
            (layers("billing-windows", "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"),),
            WINDOWS,
            ("layers",),
            id="a-layer-not-to-be-distributed",
        ),
        pytest.param((layers("billing-windows", None),), WINDOWS, ("layers",), id="a-layer-of-no-kind"),
        pytest.param((layers("billing-windows"),), WINDOWS, ("layers",), id="no-layers-at-all"),
        pytest.param(
            ({"document": "billing-windows", "pointer": "/layers", "remove": True},),
            WINDOWS,
            ("layers",),
            id="layers-left-out",
        ),
        pytest.param((layers("web-arm64", None),), PRIVATE, (), id="layers-for-nodes-that-are-not-there"),
    ],
)
def test_links_that_documents_do_not_prove(
    tmp_path: Path, patches: tuple[Patch, ...], image: str, unproven: tuple[str, ...]
) -> None:
    known = links(tmp_path, *patches)[image]
    assert known.unproven == unproven
    assert known.verdict == ("no-fault-found" if unproven else "will-pull")


@pytest.mark.parametrize("state", ["Passed", None])
def test_an_index_is_sure_to_be_pulled_once_what_nodes_take_of_it_was_released(
    tmp_path: Path, state: str | None
) -> None:
    """Whoever runs this may read what is in quarantine, and is given all of the index."""
    said = {
        "sha256:77": "Passed",
        "sha256:be64b816836011d813ae362d5e08c58953b1173972039b07e012ad51675f25a0": state,
    }
    policies = {"quarantinePolicy": {"status": "enabled"}}
    known = links(
        tmp_path,
        {"document": "registries", "pointer": "/value/0/properties/policies", "value": policies},
        {"document": "web-tag", "body": {"tag": {"name": "1.4.2", "digest": "sha256:77"}}},
        *(
            {
                "document": f"https://shopimages.azurecr.io/acr/v1/web/_manifests/{digest}",
                "body": {"manifest": {"digest": digest, "changeableAttributes": {"quarantineState": one}}},
            }
            for digest, one in said.items()
        ),
    )[PRIVATE]
    expected = ("will-pull", ()) if state else ("no-fault-found", ("layers",))
    assert (known.verdict, known.unproven) == expected


def test_a_server_of_their_own_leaves_a_linked_zone_clear_and_dns_unproven(tmp_path: Path) -> None:
    """The zone is linked where the server is; whether that asks Azure for the name, nobody shows."""
    known = links(tmp_path, *servers("10.20.32.4", "168.63.129.16"))[PRIVATE]
    assert "private-dns-zone-not-linked-to-cluster-vnet" not in known.because
    assert "dns" in known.unproven


def test_layers_that_the_nodes_do_not_find_are_unproven(tmp_path: Path) -> None:
    """The login server leads to the private endpoint, the data endpoint to its public address."""
    missing = {"document": "zone-data-record", "status": "not-found"}
    known = links(tmp_path, missing)[PRIVATE]
    assert "layers" not in known.proven
    assert known.verdict != "will-pull"


def test_a_hop_to_the_layers_that_cannot_be_seen_leaves_them_unproven(tmp_path: Path) -> None:
    known = links(tmp_path, {"document": "nodes-nsg", "status": "forbidden"})[PUBLIC]
    assert not {"firewall", "layers"} & set(known.proven)


@pytest.mark.parametrize("state", ["Failed", "Deleting", "Updating", None])
def test_a_registry_whose_last_change_did_not_succeed_proves_no_layers(tmp_path: Path, state: str | None) -> None:
    known = links(tmp_path, {"document": "shoptools", "pointer": "/properties/provisioningState", "value": state})[
        PUBLIC
    ]
    assert (known.verdict, known.unproven) == ("no-fault-found", ("layers",))


def test_a_pool_without_nodes_proves_no_way(tmp_path: Path) -> None:
    patches = [
        {"document": "prod", "pointer": f"/properties/agentPoolProfiles/{index}/{key}", "value": value}
        for index in (0, 1, 2)
        for key, value in (("count", 0), ("enableAutoScaling", False))
    ]
    for one in links(tmp_path, *patches).values():
        assert not {"dns", "route", "firewall", "layers"} & set(one.proven)


def test_a_firewall_that_lets_everything_through_proves_the_way(tmp_path: Path) -> None:
    """What the registries of the hub's example hold was not read, so nothing tells what the layers are.

    One of the images is pulled by a token alone, whose password nobody knows.
    """
    unread = {"manifest", "platform", "layers"}
    assert not any("/v2/" in document.id for document in healthy(HUB))
    known = outcomes(run(tmp_path, {"target": "stage"}))
    assert {image.rpartition("/")[2]: {*one.unproven} for (_, image), one in known.items()} == {
        "web:1.5.0": unread,
        "db-migrate:2.2.0": {"identity", *unread},
    }


@pytest.mark.parametrize(
    ("patches", "is_seen_open"),
    [
        pytest.param((), True, id="let-through"),
        pytest.param(({"document": "hub-policy-rules", "body": {"value": []}},), False, id="stopped"),
        pytest.param(({"document": "hub-policy-rules", "status": "forbidden"},), False, id="unseen"),
        pytest.param(
            ({"document": "stage", "pointer": "/properties/agentPoolProfiles/0/count", "value": 0},), False, id="idle"
        ),
    ],
)
def test_a_way_is_open_where_every_hop_was_seen_to_let_pass(
    tmp_path: Path, patches: tuple[Patch, ...], *, is_seen_open: bool
) -> None:
    facts = Facts(case_scope({"target": "stage", "patch": patches}, tmp_path))
    assert {is_open(path) for path in facts("pull_paths")} == {is_seen_open}
