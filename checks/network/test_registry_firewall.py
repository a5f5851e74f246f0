"""The registry firewall admits every address the cluster leaves from.

Symptom: ``failed to fetch anonymous token: unexpected status: 403 Forbidden``, or ``client with IP '…' is not allowed
access``; now and then only, where one of several addresses was forgotten.

Cause: the registry denies public traffic by default, and no IP rule covers an address that the nodes of a pool use for
outbound traffic. Which that is depends on the pool: an Azure Firewall in the route, the NAT gateway of the subnet, the
nodes' own addresses, else the load balancer's outbound addresses. The load balancer's inbound addresses do not count,
and neither do IP rules where the nodes reach a private endpoint.

Fix: allow each egress address, or reach the registry over a private endpoint::

    az acr network-rule add --name REGISTRY --ip-address ADDRESS

A change takes a few minutes to work. Where a third-party appliance or a proxy hides the address, name it under
``egress-addresses:`` in ``pullready.yaml``.
"""

from pullready import Severity, check, judge
from pullready.facts import PullPath, Unread
from pullready.predicates.firewall import egress_denied_by_registry


@check(
    "registry-firewall-excludes-cluster-egress",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
    follows_from=("private-dns-zone-not-linked-to-cluster-vnet",),
)
def test_registry_firewall_admits_cluster_egress(pull_paths: tuple[PullPath | Unread, ...]) -> None:
    judge(pull_paths, egress_denied_by_registry)
