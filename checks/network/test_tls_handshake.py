"""Nothing on the way to the registry swallows the TLS handshake, or ends it with another certificate.

Symptom: ``net/http: TLS handshake timeout``; where something answers in the registry's place, ``x509: certificate
signed by unknown authority``.

Cause: what stands on the way drops packets of the connection (security rules, a route, an Azure Firewall), lets them
out and not back in (a firewall that keeps the source on the way to a private endpoint), or ends TLS to look into it
with a certificate that the nodes do not trust.

Fix: mend what the report names as the root; take the registry's hosts out of what the firewall inspects::

    az network firewall policy rule-collection-group collection rule update --enable-tls-inspection false …

The handshakes of overloaded nodes, and packets that are too large for a tunnel (MTU), time out as well: those cannot be
seen from Azure, and a clear verdict does not speak of them. Behind a proxy or an appliance of another maker the verdict
is unknown: ``curl -v https://REGISTRY.azurecr.io/v2/`` from a node shows how far the handshake comes.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.handshake import handshake_swallowed


@check(
    "tls-handshake-timeout-path",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
    follows_from=(
        "hub-firewall-blocks-private-endpoint",
        "nsg-blocks-registry-egress",
        "nva-or-firewall-blocks-registry",
        "route-table-blackholes-registry",
    ),
)
def test_tls_handshake_comes_through(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, handshake_swallowed)
