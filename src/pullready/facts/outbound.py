"""The public addresses of what nodes leave through: addresses, prefixes, NAT gateways, the nodes themselves.

Sources: https://learn.microsoft.com/azure/aks/egress-outboundtype,
https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.access import Network
from pullready.facts.base import Fact, decode
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.nodes import MachineList
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _AddressProperties(Struct, frozen=True):
    ipAddress: str | UnsetType | None = UNSET
    ipPrefix: str | UnsetType | None = UNSET


class _Address(Struct, frozen=True):
    properties: _AddressProperties


class _Addresses(Struct, frozen=True):
    value: list[_Address]


class _GatewayProperties(Struct, frozen=True):
    publicIpAddresses: list[_Reference] | UnsetType | None = UNSET
    publicIpPrefixes: list[_Reference] | UnsetType | None = UNSET
    publicIpAddressesV6: list[_Reference] | UnsetType | None = UNSET
    publicIpPrefixesV6: list[_Reference] | UnsetType | None = UNSET


class _Gateway(Struct, frozen=True):
    properties: _GatewayProperties


class EgressAddress(msgspec.Struct, frozen=True):
    """An address, or a whole range, that nodes leave from; ``sure`` is false where others may be used instead."""

    network: Network
    evidence: Evidence
    sure: bool = True

    def __str__(self) -> str:
        one = self.network.num_addresses == 1
        return str(self.network.network_address) if one else str(self.network)


def stated(text: str, where: Evidence) -> EgressAddress:
    """Return the address or range that *text* names."""
    try:
        return EgressAddress(ip_network(text, strict=False), where)
    except ValueError:
        raise FactUnavailable(
            f"{text!r} is neither an address nor a range of addresses",
            "Correct it",
            document=where.document,
            pointer=where.pointer,
        ) from None


def public_address(scope: Scope, id_: str) -> EgressAddress:
    """Return the address of a public IP address, or the range of a public IP prefix."""
    document = scope.document(id_)
    properties = decode(document, _Address).properties
    is_prefix = ids.name_of(id_.rstrip("/").rpartition("/")[0]).lower() == "publicipprefixes"
    pointer, value = ("/ipPrefix", properties.ipPrefix) if is_prefix else ("/ipAddress", properties.ipAddress)
    return _address(Fact(document, "/properties"), pointer, value)


def public_addresses(scope: Scope, wanted: Iterable[str]) -> tuple[EgressAddress, ...]:
    """Return the addresses and ranges of the public IP addresses and prefixes *wanted*, by their ids."""
    wanted = list(wanted)
    for id_ in wanted:
        scope.document(id_)  # all are asked for before the first that is missing ends this
    return tuple(public_address(scope, id_) for id_ in wanted)


def nat_gateway_addresses(scope: Scope, gateway: str) -> tuple[EgressAddress, ...]:
    """Return the addresses and ranges that a NAT gateway may pick from; Azure omits the kinds that it has none of."""
    document = scope.document(gateway)
    properties = decode(document, _Gateway).properties
    fact = Fact(document, "/properties")
    wanted: list[str] = []
    for name in ("publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6"):
        for index, reference in enumerate(getattr(properties, name) or ()):
            wanted.append(fact.require(reference.id, f"/{name}/{index}/id"))
    if not wanted:
        raise FactUnavailable(
            f"the NAT gateway {ids.name_of(gateway)} has no public address",
            f"az network nat gateway update --ids {gateway} --public-ip-addresses ADDRESS",
            document=document.id,
            pointer="/properties",
        )
    return public_addresses(scope, wanted)


def instance_addresses(scope: Scope, cluster: Cluster, pool: NodePool) -> tuple[EgressAddress, ...]:
    """Return the addresses that the nodes of *pool* have of their own: its prefix, else those of the present nodes."""
    if pool.wire.nodePublicIPPrefixID:
        return public_addresses(scope, [pool.wire.nodePublicIPPrefixID])
    if pool.kind != "virtualmachinescalesets":
        raise FactUnavailable(
            f"the public addresses of nodes in a pool of type {pool.kind} are not read",
            "Give the pool a public IP prefix (--node-public-ip-prefix-id), or have it leave through a NAT gateway",
            document=pool.document.id,
            pointer=f"{pool.base}/type",
        )
    listed = MachineList(scope.document(ids.scale_sets_in(cluster.node_resource_group)))
    scale_sets = [one for one in listed.machines if one.pool is not None and one.pool.lower() == pool.name.lower()]
    documents = [scope.document(ids.public_addresses_of(one.wire.id)) for one in scale_sets]
    addresses = tuple(
        _address(Fact(document, f"/value/{index}/properties"), "/ipAddress", one.properties.ipAddress)
        for document in documents
        for index, one in enumerate(decode(document, _Addresses).value)
    )
    if not addresses:
        raise FactUnavailable(
            f"no node of {pool.name} has its public address yet",
            "Give the pool a public IP prefix (--node-public-ip-prefix-id), so that its addresses are known beforehand",
            document=documents[0].id if documents else listed.document.id,
            pointer="/value",
        )
    return addresses


def _address(fact: Fact, pointer: str, value: str | UnsetType | None) -> EgressAddress:
    return stated(fact.require(value, pointer), fact.evidence(pointer, "nodes leave from here"))
