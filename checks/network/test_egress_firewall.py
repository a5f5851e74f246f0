r"""The firewall on the nodes' way out lets every endpoint of the registry pass.

Symptom: ``i/o timeout``, ``EOF``, ``connection reset by peer`` or ``TLS handshake timeout``. Where only the layers are
blocked, the image is found and ``download failed after attempts=6`` follows.

Cause: a default route leads the nodes through an Azure Firewall, and the first of its rules that is for the registry
denies it, or none allows it. The login server is not enough: layers come from the data endpoints, or from storage
accounts, ``*.blob.core.windows.net``. A rule for ``*.data.azurecr.io`` does not hold the login server, one for a single
storage account does not hold the others, and the tag ``AzureKubernetesService`` holds what AKS itself needs and no
registry of yours.

Fix: allow all that ``az acr show-endpoints --name SHOP`` lists::

    az network firewall policy rule-collection-group collection rule add -g GROUP --policy-name POLICY \
        --rule-collection-group-name RULES --collection-name COLLECTION --name registry --rule-type ApplicationRule \
        --source-addresses NODES --protocols Https=443 --target-fqdns SHOP.azurecr.io '*.blob.core.windows.net'

Microsoft advises to allow ``azurecr.io`` itself as well, for the validation of certificates; this check does not ask
for it. What an appliance of another maker lets pass is not in Azure: that is unknown, and a waiver accepts it. With
the service endpoint ``Microsoft.ContainerRegistry`` on the node subnet the login server is reached past the firewall,
with ``Microsoft.Storage`` the storage accounts are.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.azure_firewall import public_endpoint_blocked


@check(
    "nva-or-firewall-blocks-registry",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules",
    follows_from=("private-dns-zone-not-linked-to-cluster-vnet",),
)
def test_egress_firewall_lets_registry_pass(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, public_endpoint_blocked)
