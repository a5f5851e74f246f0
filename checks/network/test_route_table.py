"""The route table of the nodes' subnet leads to the registry.

Symptom: ``i/o timeout``, ``net/http: TLS handshake timeout``, or ``Client.Timeout exceeded while awaiting headers``.

Cause: the route that counts drops the traffic (next hop ``None``), sends what is for a private endpoint to the
Internet, or leads to an appliance whose address nothing has any more. Or the cluster was made to leave by a route
(``userDefinedRouting``) and its subnet has none for ``0.0.0.0/0``.

Which route counts: the longest prefix that holds the destination; of equal ones, those of the table. To a private
endpoint in the same or a peered network Azure has a route for its one address. A route of the table for exactly that
address comes before it; a wider one only where the endpoint's subnet lets route tables count
(``privateEndpointNetworkPolicies``), and the default route never.

Fix: lead the route to where the registry is reached from, or remove it::

    az network route-table route update -g GROUP --route-table-name TABLE -n ROUTE --next-hop-type Internet

Routes that a gateway learned are not shown by Azure Resource Manager; where one may count, the verdict is unknown. That
an appliance's address is assigned does not prove that it forwards.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.route import route_loses_registry


@check(
    "route-table-blackholes-registry",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_route_table_leads_to_registry(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, route_loses_registry)
