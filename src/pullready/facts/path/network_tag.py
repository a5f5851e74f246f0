"""Whether the service tag VirtualNetwork, as a subnet's rules have it, holds an address.

It is more than the address space: what is peered, what gateways and user-defined routes lead to, "might also contain
default routes". Each answer is a tuple of what may be: one element where it is told.

Source: https://learn.microsoft.com/azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.network import Subnet, VirtualNetwork
from pullready.facts.path.flow import Destination, PrivateAddress, PublicService
from pullready.facts.routes import leads_public, route_table
from pullready.facts.scope import Scope

SURE: Final = (True,)
NOT: Final = (False,)
OPEN: Final = (True, False)


def holds_destination(scope: Scope, subnet: Subnet, destination: Destination) -> Sequence[bool]:
    """Return whether the tag in the rules of *subnet* holds *destination*."""
    if isinstance(destination, PublicService):
        try:
            return OPEN if leads_public(scope, subnet) else NOT
        except FactUnavailable:
            return OPEN
    if _is_routed(scope, subnet, destination):
        return SURE
    return holds_ranges(subnet.network, (IPv4Network(destination.address),))


def holds_ranges(network: VirtualNetwork, ranges: Sequence[IPv4Network]) -> Sequence[bool]:
    """Return whether the tag in the rules of *network* holds *ranges*: its own space and those of its peerings.

    A peering that does not let the networks talk leaves its addresses out (documented), unless something else leads
    there.
    """
    space = _space_of(network)
    return SURE if all(any(one.subnet_of(part) for part in space) for one in ranges) else OPEN


def _is_routed(scope: Scope, subnet: Subnet, destination: PrivateAddress) -> bool:
    """Say whether a route of the subnet's own leads to *destination* through an appliance; a default route is none."""
    try:
        table = route_table(scope, subnet)
        routes = table.routes if table else ()
        ranges = [route.range for route in routes if route.hop[0] == "virtualappliance"]
    except FactUnavailable:
        return False
    return any(one is not None and one.prefixlen > 0 and destination.address in one for one in ranges)


def _space_of(network: VirtualNetwork) -> list[IPv4Network]:
    wire = network.wire.properties.addressSpace
    prefixes = list(wire.addressPrefixes or ()) if wire else []
    for peering in network.peerings:
        remote = peering.wire.remoteAddressSpace
        is_open = peering.wire.allowVirtualNetworkAccess is True
        state = peering.wire.peeringState
        if is_open and state and state.lower() == "connected" and remote:
            prefixes += remote.addressPrefixes or ()
    return [IPv4Network(prefix, strict=False) for prefix in prefixes if ":" not in prefix]
