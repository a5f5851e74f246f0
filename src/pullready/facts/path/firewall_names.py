"""Whether an Azure Firewall gets the same addresses for a registry's host as the nodes.

Source: https://learn.microsoft.com/azure/firewall/dns-details
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.firewalls import Firewall
from pullready.facts.path.firewall_addresses import Connection
from pullready.facts.path.firewall_settings import Settings
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.path.matching import Doubt, Match
from pullready.facts.resolution import Private
from pullready.verdict import Evidence

if TYPE_CHECKING:
    from pullready.facts.pull_paths import PullPath


def resolves(path: PullPath, firewall: Firewall, connection: Connection, settings: Settings) -> Match:
    """Return whether *firewall* gets the addresses for the host of *connection* that the nodes get.

    Only with its DNS proxy does it look up hosts of network rules at all.
    """
    if not settings.is_proxy:
        return Doubt("network rules that name hosts need the firewall's DNS proxy, which is not enabled")
    if isinstance(connection.destination, PrivateAddress):
        try:
            _ = own_answer(path, firewall, connection.destination, settings)
        except FactUnavailable as why:
            return Doubt(why.reason)
        return True
    servers = path.resolution.network.dns_servers
    if servers and all(firewall.listens_at(server, [_network_of(firewall)]) for server in servers):
        return True
    return Doubt("the nodes do not ask the firewall for names, so that the two may get different addresses")


def own_answer(
    path: PullPath, firewall: Firewall, destination: PrivateAddress, settings: Settings
) -> tuple[Evidence, ...]:
    """Return what shows that *firewall* itself gets the address of *destination* for its host.

    An application rule connects to what the firewall resolves, not to where the nodes meant to go. Raise
    :class:`FactUnavailable` where that is not the private address, or not known.
    """
    name = ids.name_of(firewall.wire.id)
    if not settings.asks_azure:
        raise _unknown(f"{name} asks DNS servers of its own for {destination.host}", settings.resolution)
    if firewall.subnet is None:
        raise _unknown(f"whose private zones answer {name}, in a virtual hub, is not known", settings.resolution)
    answer = path.resolution.answer_in(_network_of(firewall), destination.host)
    if not isinstance(answer, Private) or destination.address not in {one.address for one in answer.addresses}:
        raise _unknown(f"{name} does not get {destination} for {destination.host} from Azure's DNS", answer.evidence[0])
    return answer.evidence


def _network_of(firewall: Firewall) -> str:
    return ids.parent_of(firewall.subnet) if firewall.subnet else ""


def _unknown(why: str, shown: Evidence) -> FactUnavailable:
    return FactUnavailable(
        f"{why}, and an application rule connects to what the firewall resolves",
        "Link the private zone to the firewall's network and let it ask Azure's DNS, or use a network rule that "
        "translates the source",
        document=shown.document,
        pointer=shown.pointer,
    )
