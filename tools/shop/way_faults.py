"""The faults of the embedded examples that are on the way from the nodes to the registry."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

from pullready.facts import ids
from tools.shop.environment import (
    GROUP,
    LEGACY,
    LEGACY_VNET,
    VNET,
    Bodies,
    Body,
    network,
    private_path,
    subnet,
    virtual_network,
)
from tools.shop.fault import Fault

HUB_VNET: Final = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub-vnet"
ROUTES: Final = f"{GROUP}/providers/Microsoft.Network/routeTables/legacy-routes"
_TIMEOUT: Final = "dial tcp {address}:443: i/o timeout"
_SCHEME: Final = "failed to pull and unpack image"


def way_faults() -> Iterator[Fault]:
    """Yield one fault for each check of the way that was not there before it."""
    yield Fault(
        "vnet-peering-missing-or-disconnected",
        "The hub's half of the peering was deleted",
        "The private endpoint is in the hub's network. Somebody tidied up the hub and deleted its half of the peering, and\n"
        "the other half has been `Disconnected` since then.",
        f'{_SCHEME} "shopimages.azurecr.io/web:1.4.2": failed to resolve reference: failed to do request: Head\n'
        '"https://shopimages.azurecr.io/v2/web/manifests/1.4.2": dial tcp 10.40.0.5:443: i/o timeout',
        "az network vnet peering delete --resource-group shop --vnet-name shop-vnet --name hub-vnet\n"
        "az network vnet peering create --resource-group shop --vnet-name shop-vnet --name hub-vnet \\\n"
        f"  --remote-vnet {HUB_VNET} --allow-vnet-access\n"
        "az network vnet peering create --resource-group shop --vnet-name hub-vnet --name shop-vnet \\\n"
        f"  --remote-vnet {VNET} --allow-vnet-access",
        bodies=_endpoint_in_hub("Disconnected"),
    )
    yield Fault(
        "route-table-blackholes-registry",
        "A route table drops everything on its way out",
        "For a drill, somebody attached a route table that drops all that leaves the subnet, and forgot it.",
        f'{_SCHEME} "shoptools.azurecr.io/stock:3.2.1": failed to resolve reference: failed to do request: Head\n'
        '"https://shoptools.azurecr.io/v2/stock/manifests/3.2.1": dial tcp 203.0.113.200:443: i/o timeout',
        "az network route-table route update --resource-group shop --route-table-name legacy-routes --name drill \\\n"
        "  --next-hop-type Internet",
        cluster=LEGACY,
        bodies={
            LEGACY_VNET: _changed(
                network()[LEGACY_VNET], ("properties", "subnets", 0, "properties", "routeTable"), {"id": ROUTES}
            ),
            ROUTES: route_table(ROUTES, route("drill", "0.0.0.0/0", "None")),
        },
    )


def route(name: str, prefix: str, hop: str, address: str | None = None) -> Body:
    """Return a route of a route table; *address* is that of an appliance."""
    properties = {
        "provisioningState": "Succeeded",
        "addressPrefix": prefix,
        "nextHopType": hop,
        "hasBgpOverride": False,
    }
    return {"name": name, "properties": properties | ({"nextHopIpAddress": address} if address else {})}


def route_table(resource: str, *routes: Body) -> Body:
    """Return a route table that lets learned routes in."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Network/routeTables",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded", "disableBgpRoutePropagation": False, "routes": list(routes)},
    }


def peering(network: str, remote: str, prefix: str, state: str = "Connected", *, forwards: bool = False) -> Body:
    """Return the half of *network* of its peering with *remote*, whose address space is *prefix*."""
    return {
        "id": f"{network}/virtualNetworkPeerings/{ids.name_of(remote)}",
        "name": ids.name_of(remote),
        "properties": {
            "provisioningState": "Succeeded",
            "peeringState": state,
            "peeringSyncLevel": "FullyInSync" if state == "Connected" else "LocalAndRemoteNotInSync",
            "remoteVirtualNetwork": {"id": remote},
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": forwards,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
            "peerCompleteVnets": True,
            "remoteAddressSpace": {"addressPrefixes": [prefix]},
            "remoteVirtualNetworkAddressSpace": {"addressPrefixes": [prefix]},
        },
    }


def _endpoint_in_hub(state: str) -> Bodies:
    """Return the documents of the private path with the endpoint in the hub's network."""
    moved: Bodies = {}
    for id_, body in private_path().items():
        text = _replaced(
            body, (("10.20.16.", "10.40.0."), (f"{VNET}/subnets/endpoints", f"{HUB_VNET}/subnets/endpoints"))
        )
        if text != body:
            moved[id_] = text
    nodes = network()[VNET]
    nodes["properties"]["subnets"] = nodes["properties"]["subnets"][:1]
    nodes["properties"]["virtualNetworkPeerings"] = [peering(VNET, HUB_VNET, "10.40.0.0/16", state)]
    hub = virtual_network(
        HUB_VNET,
        "10.40.0.0/16",
        subnet(HUB_VNET, "endpoints", "10.40.0.0/24", privateEndpointNetworkPolicies="Disabled"),
    )
    return {**moved, VNET: nodes, HUB_VNET: hub}


def _replaced(value: Any, pairs: tuple[tuple[str, str], ...]) -> Any:
    match value:
        case str():
            for old, new in pairs:
                value = value.replace(old, new)
            return value
        case list():
            return [_replaced(one, pairs) for one in value]
        case dict():
            return {key: _replaced(one, pairs) for key, one in value.items()}
        case _:
            return value


def _changed(body: Body, path: tuple[str | int, ...], value: Any) -> Body:
    changed = copy.deepcopy(body)
    *steps, last = path
    at: Any = changed
    for step in steps:
        at = at[step]
    at[last] = value
    return changed
