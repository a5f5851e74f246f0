r"""The firewall between the nodes and a private endpoint lets every endpoint of the registry pass.

Symptom: ``dial tcp 10.0.0.5:443: i/o timeout``, sometimes ``net/http: TLS handshake timeout``. Where the data endpoint
alone is blocked, the image is found and its layers are not: ``download failed after attempts=6``.

Cause: the routes lead the nodes through an Azure Firewall, mostly in a hub, and the first of its rules that is for
the private endpoint denies it, or none allows it. Parent policies come before the policy, then the priority of the
group and of the collection decides; every network rule comes before every application rule. A firewall that allows
the login server may still lack the data endpoints.

Fix: allow the login server and every data endpoint by an application rule, which Microsoft recommends for private
endpoints because the firewall then puts its own address for the source::

    az network firewall policy rule-collection-group collection rule add -g GROUP --policy-name POLICY \
        --rule-collection-group-name RULES --collection-name COLLECTION --name registry --rule-type ApplicationRule \
        --source-addresses NODES --protocols Https=443 --target-fqdns SHOP.azurecr.io SHOP.REGION.data.azurecr.io

The firewall resolves such a host itself, so the private zone must be linked to the firewall's network too. A network
rule that allows the address is a risk: by default the firewall keeps the source for private addresses, and the
answers may come back another way. ``255.255.255.255/32`` as the policy's private range makes it translate always.

By default the route of a private endpoint goes past a default route to a firewall. The firewall is on the way where the
table of the node subnet has the endpoint's address with ``/32``, where the endpoint's subnet obeys route tables
(``privateEndpointNetworkPolicies``), or where the two networks are not peered.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.azure_firewall import private_endpoint_blocked


@check(
    "hub-firewall-blocks-private-endpoint",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/private-link/inspect-traffic-with-azure-firewall",
)
def test_hub_firewall_lets_private_endpoint_pass(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, private_endpoint_blocked)
