"""Where a private endpoint is, seen from a virtual network.

Sources: https://learn.microsoft.com/azure/private-link/private-endpoint-overview,
https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
"""

from __future__ import annotations

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.endpoints import endpoint_subnet
from pullready.facts.network import Peering, Subnet, VirtualNetwork, virtual_network
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class Home(msgspec.Struct, frozen=True):
    """The virtual network (by id) that an address is in; ``peering`` is the asking network's half of theirs.

    Without a peering the two are the same network where ``is_same``, and have none with each other otherwise. The
    ``subnet`` (by id) is not known of a private endpoint that cannot be read.
    """

    network: str
    subnet: str | None
    is_same: bool
    peering: Peering | None
    evidence: tuple[Evidence, ...]

    @property
    def is_near(self) -> bool:
        """Whether the asking network has a route of its own to every private endpoint there."""
        return self.is_same or (self.peering is not None and self.peering.is_connected)

    def subnet_in(self, scope: Scope) -> Subnet:
        """Return the subnet; raise :class:`FactUnavailable` where it is not known or cannot be read."""
        if self.subnet is None:
            shown = self.evidence[0]
            raise FactUnavailable(
                "the private endpoint cannot be read, so which subnet it is in is not known",
                "Grant read access to the private endpoint",
                document=shown.document,
                pointer=shown.pointer,
            )
        return virtual_network(scope, self.network).subnet(self.subnet)


def home_of(scope: Scope, network: VirtualNetwork, destination: PrivateAddress) -> Home:
    """Return where *destination* is, seen from *network*.

    Of an endpoint that cannot be read, the address tells: address spaces that are peered do not overlap (documented).
    """
    if destination.endpoint is not None:
        subnet, shown = endpoint_subnet(scope, destination.endpoint)
        home = ids.parent_of(subnet)
        same = ids.same(home, network.id)
        peering = None if same else network.peering_with(home)
        return Home(home, subnet, same, peering, (destination.evidence, shown))
    address = str(destination.address)
    if network.holds(address):
        shown = network.evidence("/properties/addressSpace", "the address is in the nodes' own network")
        return Home(network.id, None, is_same=True, peering=None, evidence=(destination.evidence, shown))
    for peering in network.peerings:
        if peering.remote and peering.holds(address):
            shown = peering.evidence(
                "/remoteAddressSpace", "the address is in a network that is peered with the nodes'"
            )
            return Home(peering.remote, None, is_same=False, peering=peering, evidence=(destination.evidence, shown))
    raise FactUnavailable(
        f"the private endpoint of {address} cannot be read, and the address is in no network that is peered with "
        f"{ids.name_of(network.id)}",
        "Grant read access to the private endpoint",
        document=destination.evidence.document,
        pointer=destination.evidence.pointer,
    )
