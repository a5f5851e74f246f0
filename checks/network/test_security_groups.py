r"""Security rules let the nodes reach every endpoint of the registry.

Symptom: ``request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`` where the
login server is denied; ``download failed after attempts=6: dial tcp …:443: i/o timeout`` where the layers are.

Cause: a rule denies TCP 443 from the nodes to the login server, or to where the layers are: data endpoints, or storage
accounts where the registry has none. It stands in the network security group of the nodes' subnet or of their network
interfaces, which must both allow; in a security admin rule of Azure Virtual Network Manager, which comes before them;
or in the group of the private endpoint's subnet, if that has network policies for it. A rule that denies the tag
``AzurePlatformIMDS`` keeps the nodes from their token, one for ``AzurePlatformDNS`` from Azure's DNS; no other rule is
for those two.

Fix: allow it, with a lower number than the rule that denies it::

    az network nsg rule create -g GROUP --nsg-name NSG --name allow-registry --priority NUMBER --direction Outbound \
        --access Allow --destination-address-prefixes AzureContainerRegistry --destination-port-ranges 443

A registry's public addresses are told by service tags: ``AzureContainerRegistry`` for the login server, ``Storage`` for
layers in storage accounts. A regional tag must be there for every region that the registry is in. Whether
``AzureContainerRegistry`` holds dedicated data endpoints is not documented, so with that tag alone the layers are
unknown; ``AzureCloud`` holds them. Unknown is also a rule for application security groups, for a part of the nodes'
addresses, or for some public addresses, where what follows it says otherwise. Without the permission to list security
admin rules nothing is clear.
"""

from pullready import Severity, check, judge
from pullready.facts import Unread, Way
from pullready.predicates.security_group import egress_denied_by_rules


@check(
    "nsg-blocks-registry-egress",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_security_rules_let_nodes_reach_the_registry(ways: tuple[Way | Unread, ...]) -> None:
    judge(ways, egress_denied_by_rules)
