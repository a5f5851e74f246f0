"""The nodes' network is joined with the network of the registry's private endpoint.

Symptom: ``dial tcp <private address>:443: i/o timeout``. The name leads to the private endpoint, and nothing carries
the packets there.

Cause: nodes and private endpoint are in different virtual networks, and their peering is missing, ``Disconnected`` (the
other half was deleted), only ``Initiated``, or does not allow access between the networks. Peering is not transitive:
two networks that are both peered with a hub reach each other only through something in the hub that forwards, and both
peerings must then allow forwarded traffic. The nodes get no address at all where their DNS server is behind such a
peering, as in a hub with central DNS.

Fix: create both halves anew::

    az network vnet peering create -g GROUP --vnet-name NETWORK -n NAME --remote-vnet REMOTE --allow-vnet-access

Networks that Azure Virtual Network Manager connects, a virtual WAN, and gateways join networks without a peering that
anybody sees; where one of them may be at work, the verdict is unknown. A peering that is not in sync is a risk: address
ranges that were added later are not reached.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.peering import network_apart_from_endpoint


@check(
    "vnet-peering-missing-or-disconnected",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_network_is_joined_with_private_endpoint(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, network_apart_from_endpoint)
