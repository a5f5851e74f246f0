"""A registry that is closed to the public is reached over a private endpoint.

Symptom: ``failed to fetch anonymous token: unexpected status: 403 Forbidden``, or ``client with IP '…' is not allowed
access``. Where only the record for the layers is missing, the pull begins and then fails: ``no such host``.

Cause: public access to the registry is disabled, and the nodes have no private way to it: no private endpoint is
approved, or the nodes' DNS does not lead to it. Disabling public access overrides everything else that the registry's
firewall says, so neither IP rules nor service endpoints help.

Fix: approve the private endpoint, or create one with a zone group that keeps its DNS records::

    az acr private-endpoint-connection approve --registry-name REGISTRY --name CONNECTION
    az network private-endpoint create -g GROUP -n NAME --subnet SUBNET --connection-name NAME
        --group-ids registry --private-connection-resource-id REGISTRY

Or open the registry to the addresses that the nodes leave from::

    az acr update --name REGISTRY --public-network-enabled true --default-action Deny
    az acr network-rule add --name REGISTRY --ip-address ADDRESS

The nodes must be led to the endpoint for the login server, and for every data endpoint, which the layers come from.
Where the endpoint itself may not be read, as in another tenant, a record with a private address is taken for it.
Whether the address can be reached is a condition of its own.
"""

from pullready import Severity, check, judge
from pullready.facts import PullPath, Unread
from pullready.predicates.private_path import closed_without_private_path


@check(
    "registry-public-access-disabled-without-private-path",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks#disable-public-network-access",
    follows_from=("private-dns-zone-not-linked-to-cluster-vnet", "registry-firewall-excludes-cluster-egress"),
)
def test_closed_registry_is_reached_privately(pull_paths: tuple[PullPath | Unread, ...]) -> None:
    judge(pull_paths, closed_without_private_path)
