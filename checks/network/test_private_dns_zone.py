"""The private DNS zone of the registry answers the network whose DNS the nodes use.

Symptom: ``failed to fetch anonymous token: unexpected status: 403 Forbidden``, or ``client with IP '…' is not allowed
access``: the nodes got the registry's public address. Where the zone is linked but lacks the registry's record, they
get none: ``no such host``.

Cause: the registry has a private endpoint, and ``privatelink.azurecr.io`` has no working link to the network that the
nodes are in, or to that of their DNS servers. The link is needed also where nodes and endpoint share a network, and is
not made along with a zone that was created by hand.

Fix: link the zone, and let a zone group of the private endpoint keep its records::

    az network private-dns link vnet create -g GROUP -z privatelink.azurecr.io -n NAME -v NETWORK -e false

With DNS servers of one's own the link belongs to *their* network. A DNS private resolver, and an Azure Firewall whose
DNS proxy is on, are followed to it. That any other server passes the question on to Azure is a condition of its own,
which this check does not prove. A registry that admits the nodes publicly makes the finding a risk, and so does another
DNS server that leads to the endpoint.
"""

from pullready import Severity, check, judge
from pullready.facts import PullPath, Unread
from pullready.predicates.private_dns import private_zone_unlinked


@check(
    "private-dns-zone-not-linked-to-cluster-vnet",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_private_dns_zone_answers_cluster_network(pull_paths: tuple[PullPath | Unread, ...]) -> None:
    judge(pull_paths, private_zone_unlinked)
