"""The faults of the embedded examples that are in the rules of an Azure Firewall."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts import ids
from tools.shop import hub
from tools.shop.environment import SUBSCRIPTION
from tools.shop.fault import Fault
from tools.shop.firewall import application_rule, policies


def firewall_faults() -> Iterator[Fault]:
    """Yield a fault of the rules for private endpoints, one of those for public addresses, and one of TLS."""
    login, data = (host for _, host in hub.ENDPOINTS.values())
    registries = hub.stage_registries()
    tools = registries[1]["properties"]
    tools |= {"dataEndpointEnabled": True, "dataEndpointHostNames": ["stagetools.westeurope.data.azurecr.io"]}
    with_data_endpoint = {ids.registries_in(SUBSCRIPTION): registries, hub.STAGE_TOOLS: registries[1]}
    add = (
        "az network firewall policy rule-collection-group collection rule add --resource-group hub \\\n"
        "  --policy-name hub-policy --rule-collection-group-name aks --collection-name {collection} --name registry \\\n"
        "  --rule-type ApplicationRule --source-addresses 10.60.0.0/20 --protocols Https=443 \\\n"
        "  --target-fqdns {hosts}"
    )
    yield Fault(
        "hub-firewall-blocks-private-endpoint",
        "The hub's firewall knows the registry's login server and not its data endpoint",
        "The routes of the nodes lead to the private endpoint through the hub's firewall. Its rule was written before the\n"
        "registry had a private endpoint, which serves layers from a host of its own.",
        'failed to pull and unpack image "stageimages.azurecr.io/web:1.5.0": failed to copy: download failed after\n'
        "attempts=6: dial tcp 10.50.2.4:443: i/o timeout",
        add.format(collection="registries", hosts=data),
        cluster=hub.STAGE,
        bodies=policies(
            application_rule("images", login),
            application_rule("tools", *tools["dataEndpointHostNames"], tools["loginServer"]),
        )
        | with_data_endpoint,
    )
    yield Fault(
        "nva-or-firewall-blocks-registry",
        "The firewall on the way out allows what AKS needs and not the registry",
        "The firewall's policy has the tag AzureKubernetesService, with which the cluster runs. That tag holds Microsoft's own\n"
        "registry and nobody else's.",
        'failed to pull and unpack image "stagetools.azurecr.io/db-migrate:2.2.0": failed to resolve reference: dial tcp:\n'
        "read: connection reset by peer",
        add.format(collection="registries", hosts="stagetools.azurecr.io stagetools.westeurope.data.azurecr.io"),
        cluster=hub.STAGE,
        bodies=policies(application_rule("images", login, data)) | with_data_endpoint,
    )
    yield Fault(
        "tls-handshake-timeout-path",
        "The firewall looks into the TLS of the registry",
        "TLS inspection was switched on for all rules of the policy. The firewall now answers in the registry's place, with a\n"
        "certificate of an authority that the nodes do not know.",
        'failed to pull and unpack image "stageimages.azurecr.io/web:1.5.0": failed to resolve reference: failed to do\n'
        'request: Head "https://stageimages.azurecr.io/v2/web/manifests/1.5.0": net/http: TLS handshake timeout',
        "az network firewall policy rule-collection-group collection rule update --resource-group hub \\\n"
        "  --policy-name hub-policy --rule-collection-group-name aks --collection-name registries --name images \\\n"
        "  --enable-tls-inspection false",
        cluster=hub.STAGE,
        bodies=policies(
            application_rule("images", login, data, terminateTLS=True),
            application_rule("tools", *tools["dataEndpointHostNames"], tools["loginServer"]),
        )
        | with_data_endpoint,
    )
