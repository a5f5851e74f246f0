"""The landing zone is a sound base: each fault that is put into it is found by its own check and by no other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import catalogue, config
from pullready import snapshot as snapshots
from pullready.facts import ids
from pullready.outcome import Exit, Run
from pullready.preflight import Surroundings, judge_all
from pullready.snapshot import Provider, Snapshot
from pullready.verdict import Found, Verdict
from tests.azure import environments
from tests.azure.fixtures import Serve
from tests.environment import LANDING_ZONE
from tests.test_collectors import read
from tools.examples import documents
from tools.shop.contents import entry, index
from tools.shop.environment import Bodies
from tools.shop.landing_zone import landing_zone
from tools.shop.landing_zone_names import IMAGES, TEAMS, TOOLS, ZONE, hosts_of
from tools.shop.landing_zone_network import (
    BATCH_VNET,
    ENDPOINTS_GROUP,
    HUB_VNET,
    NODES_GROUP,
    RETAIL_VNET,
    ROUTES,
    SHARED_VNET,
    https,
    policies,
)
from tools.shop.way_faults import peering, route

CHECKS: Final = catalogue.load()
PEERING: Final = "vnet-peering-missing-or-disconnected"
ROUTE: Final = "route-table-blackholes-registry"
RULES: Final = "nsg-blocks-registry-egress"
HUB: Final = "hub-firewall-blocks-private-endpoint"
EGRESS: Final = "nva-or-firewall-blocks-registry"
DNS: Final = "private-dns-zone-not-linked-to-cluster-vnet"
ADMITTED: Final = "registry-firewall-excludes-cluster-egress"
TLS: Final = "tls-handshake-timeout-path"
CLOSED: Final = "registry-public-access-disabled-without-private-path"
BEHIND: Final = ["system", "linux1", "arm1", "win1"]
EVERYBODY: Final = [*BEHIND, "jobs"]


@dataclass(frozen=True)
class Broken:
    """A change of the landing zone, the check that finds it, and the pools (or the cluster) that it is found of.

    ``follows`` are the checks that find it because of that one, ``blinded`` those that it makes unknown.
    """

    check: str
    origins: list[str]
    change: Callable[[Bodies], None]
    registries: tuple[str, ...] = ("retailimages.azurecr.io",)
    follows: tuple[str, ...] = ()
    blinded: tuple[str, ...] = ()


def forwards_nothing(zone: Bodies) -> None:
    zone[SHARED_VNET]["properties"]["virtualNetworkPeerings"][0]["properties"]["allowForwardedTraffic"] = False


def half_is_gone(zone: Bodies) -> None:
    halves = zone[BATCH_VNET]["properties"]["virtualNetworkPeerings"]
    halves[1] = peering(BATCH_VNET, SHARED_VNET, "10.72.0.0/16", "Disconnected", forwards=True)
    zone[SHARED_VNET]["properties"]["virtualNetworkPeerings"].pop()
    zone[ids.connectivity_of(BATCH_VNET)] = []


def spoke_is_cut_off(zone: Bodies) -> None:
    zone[RETAIL_VNET]["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringState"] = "Disconnected"


def firewall_moved(zone: Bodies) -> None:
    zone[ROUTES]["properties"]["routes"][1] = route("private", "10.0.0.0/8", "VirtualAppliance", "10.70.1.9")
    zone[ids.address_in(HUB_VNET, "10.70.1.9")] = {"available": True}


def drill(zone: Bodies) -> None:
    zone[ROUTES]["properties"]["routes"].append(route("drill", "10.72.0.0/24", "None"))
    zone[ids.connectivity_of(RETAIL_VNET)] = []


def drill_in_the_hub(zone: Bodies) -> None:
    zone[ROUTES]["properties"]["routes"].append(route("drill", "10.70.3.5/32", "None"))


def nodes_are_shut_in(zone: Bodies) -> None:
    zone[NODES_GROUP]["properties"]["securityRules"].insert(0, https(NODES_GROUP, 90, "10.70.3.0/24", access="Deny"))


def endpoints_are_shut(zone: Bodies) -> None:
    rules = zone[ENDPOINTS_GROUP]["properties"]["securityRules"]
    rules[1]["properties"]["sourceAddressPrefix"] = "10.74.0.0/16"


def layers_are_forgotten(zone: Bodies) -> None:
    zone |= policies(private=hosts_of(IMAGES)[:1], public=("retailtools.azurecr.io",))


def other_registry_is_allowed(zone: Bodies) -> None:
    zone |= policies(private=hosts_of(IMAGES), public=("othertools.azurecr.io",))


def zone_is_linked_elsewhere(zone: Bodies) -> None:
    zone[ids.links_of(ZONE)][0]["properties"]["virtualNetwork"]["id"] = SHARED_VNET
    zone |= {ids.zone_groups_of(id_): [] for id_ in zone if "/privateEndpoints/" in id_}


def second_address_is_forgotten(zone: Bodies) -> None:
    for one in (zone[TOOLS], zone[ids.registries_in(ids.subscription_of(TOOLS))][2]):
        del one["properties"]["networkRuleSet"]["ipRules"][1]


def nobody_approved(zone: Bodies) -> None:
    [connection] = zone[ids.private_endpoint_connections_of(TEAMS)]
    connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Pending"


def condition_is_narrower(zone: Bodies) -> None:
    for one in zone[ids.role_assignments_at(TEAMS)]:
        condition = one["properties"]["condition"]
        if condition:
            one["properties"]["condition"] = condition.replace("'shared/'", "'shared/points/'")


def built_for_one(zone: Bodies) -> None:
    found = ids.image_manifest("retailimages.azurecr.io", "search", "2.0.0")
    zone[found] = index(entry("search linux amd64", "linux", "amd64"))


def base_image_is_newer(zone: Bodies) -> None:
    found = ids.image_manifest("retailimages.azurecr.io", "tills", "8.3.1")
    newer = {"os.version": "10.0.26100.4061"}
    zone[found] = index(entry("tills windows amd64", "windows", "amd64", newer))


IMAGES_ALONE, TEAMS_ALONE, TOOLS_ALONE = ((f"{ids.name_of(one)}.azurecr.io",) for one in (IMAGES, TEAMS, TOOLS))
FAULTS: Final = (
    Broken(PEERING, BEHIND, forwards_nothing),
    Broken(PEERING, ["jobs"], half_is_gone),
    Broken(
        PEERING,
        BEHIND,
        spoke_is_cut_off,
        (*IMAGES_ALONE, *TEAMS_ALONE),
        blinded=(ROUTE, RULES, HUB, EGRESS, DNS, CLOSED, TLS),
    ),
    Broken(ROUTE, BEHIND, firewall_moved, follows=(TLS,), blinded=(PEERING,)),
    Broken(ROUTE, BEHIND, drill, follows=(TLS,), blinded=(PEERING,)),
    Broken(ROUTE, BEHIND, drill_in_the_hub, TEAMS_ALONE, follows=(TLS,)),
    Broken(RULES, BEHIND, nodes_are_shut_in, TEAMS_ALONE, follows=(TLS,)),
    Broken(RULES, ["jobs"], endpoints_are_shut, follows=(TLS,)),
    Broken(HUB, BEHIND, layers_are_forgotten, follows=(TLS,)),
    Broken(EGRESS, BEHIND, other_registry_is_allowed, TOOLS_ALONE, follows=(TLS,)),
    Broken(DNS, EVERYBODY, zone_is_linked_elsewhere, (*IMAGES_ALONE, *TEAMS_ALONE), follows=(CLOSED,)),
    Broken(CLOSED, EVERYBODY, nobody_approved, TEAMS_ALONE),
    Broken(ADMITTED, BEHIND, second_address_is_forgotten, TOOLS_ALONE),
    Broken("abac-registry-acrpull-not-honoured", ["retail", "batch"], condition_is_narrower, TEAMS_ALONE),
    Broken("image-architecture-mismatch", ["arm1"], built_for_one),
    Broken("windows-os-build-mismatch", ["win1"], base_image_is_newer),
)


def judged(bodies: Bodies | None, saved: Snapshot | None, into: Path) -> Run:
    """Judge the example with other documents."""
    at = snapshots.load(LANDING_ZONE / "snapshot.json").captured_at
    path = into / "snapshot.json"
    whole = [one for one in saved or documents(bodies or {}) if one.provider is not Provider.MANIFEST]
    Snapshot(whole, captured_at=at, example="changed").save(path)
    made = config.load(LANDING_ZONE / "pullready.yaml")
    made = config.Configuration(made.targets, made.settings, snapshot=str(path), waivers=made.waivers, file=made.file)
    around = Surroundings(datetime(2026, 11, 2, 12, 0, tzinfo=UTC), lambda: b"", lambda _: None)
    return judge_all(made, around, CHECKS)


def test_the_landing_zone_read_live_is_judged_as_the_example(serve: Serve, tmp_path: Path) -> None:
    environment = environments.landing_zone()
    live, _ = read(serve(environment), environment)
    run = judged(None, live, tmp_path)
    assert run.exit_code is Exit.READY
    expected = judged(landing_zone(), None, tmp_path)
    assert [result.judged for result in run.results] == [result.judged for result in expected.results]


@pytest.mark.parametrize("broken", FAULTS, ids=lambda broken: broken.change.__name__)
def test_each_fault_is_found_by_its_own_check_and_no_other(broken: Broken, tmp_path: Path) -> None:
    zone: dict[str, Any] = copy.deepcopy(landing_zone())
    broken.change(zone)
    run = judged(zone, None, tmp_path)
    assert run.exit_code is Exit.NOT_READY
    found = [result for result in run.results if result.verdict is Verdict.FOUND]
    assert {result.check.id for result in found if not result.because_of} == {broken.check}
    assert {result.check.id for result in found if result.because_of} == {*broken.follows}
    assert {result.check.id for result in run.results if result.verdict is Verdict.UNKNOWN} == {*broken.blinded}
    subjects = {
        one.judgement.subject
        for result in found
        if result.check.id == broken.check
        for one in result.judged
        if isinstance(one.judgement, Found)
    }
    assert {subject.partition(" → ")[0] for subject in subjects} == {*broken.origins}
    assert {subject.partition(" → ")[2].partition("/")[0].partition(" ")[0] for subject in subjects} == {
        *broken.registries
    }
