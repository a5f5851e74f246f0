"""Reading who pulls and what they may: role assignments, groups, the service principal, the nodes' identities.

Source of the requests: https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope,
https://learn.microsoft.com/graph/api/serviceprincipal-list-transitivememberof and
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/list
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pullready.collectors import grants
from pullready.collectors.graph import APPLICATIONS, OBJECTS
from pullready.collectors.permissions import GraphPermission, Permission, Reading, collector
from pullready.errors import FactUnavailable
from pullready.facts import Unread, ids
from pullready.facts.authorization import definitions_needed, memberships_matter
from pullready.facts.holders import assignments_held, directory_of, lacks_pull, roles_held
from pullready.facts.nodes import machine_lists_needed
from pullready.facts.pullers import puller_of
from pullready.facts.registry import Registry
from pullready.facts.scope import Facts, Need, Scope

T = TypeVar("T")


@collector(
    Need.SERVICE_PRINCIPAL,
    permissions=(
        GraphPermission(APPLICATIONS, "clusters with a service principal: the principal and the dates of its secrets"),
    ),
)
def read_service_principal(scope: Scope) -> Reading:
    """Read the service principal of a cluster that has one, and its application."""
    client = Facts(scope)("cluster").service_principal_client_id
    if client is not None:
        tenant = scope.target.tenant
        yield [ids.service_principal(client, tenant), ids.application(client, tenant)]


@collector(
    Need.ROLE_ASSIGNMENTS,
    permissions=(
        Permission("Microsoft.Authorization/roleAssignments/read", "the registry"),
        Permission("Microsoft.Authorization/roleDefinitions/read", "the registry"),
        Permission("Microsoft.Authorization/denyAssignments/read", "the registry"),
    ),
)
def read_role_assignments(scope: Scope) -> Reading:
    """Read the assignments at and above each registry, and the roles that decide whether kubelet may pull."""
    registries = _registries(scope)
    lists = yield [
        list_(registry.id) for list_ in (ids.role_assignments_at, ids.deny_assignments_at) for registry in registries
    ]
    scope = scope.with_documents(lists)
    principal = _principal(scope)
    needed = _of_each(registries, lambda registry: definitions_needed(scope, registry.id, principal))
    yield list({role.casefold(): role for roles in needed for role in roles}.values())


@collector(
    Need.GROUP_MEMBERSHIPS,
    permissions=(
        GraphPermission(
            APPLICATIONS,
            "registries with a role or deny assignment for a group: the groups that the puller is in, "
            "and whether it is disabled",
        ),
    ),
    after=(Need.ROLE_ASSIGNMENTS,),
)
def read_group_memberships(scope: Scope) -> Reading:
    """Read the groups of the principal that pulls, where they may decide, and with them whether it is disabled."""
    principal = _principal(scope)

    def matter(registry: Registry) -> bool:
        return memberships_matter(scope, registry.id, principal, by_repository=registry.grants_by_repository)

    if any(_of_each(_registries(scope), matter)):
        yield [ids.groups_of(principal, scope.target.tenant), *_itself(scope, principal)]


@collector(
    Need.PRINCIPALS,
    permissions=(
        GraphPermission(OBJECTS, "registries that kubelet may not pull from: whether whoever may still exists"),
    ),
    after=(Need.ROLE_ASSIGNMENTS, Need.GROUP_MEMBERSHIPS),
)
def read_principals(scope: Scope) -> Reading:
    """Read which principals with a role that carries the pull exist, where the one that pulls has none."""
    principal = _principal(scope)
    lacking = [
        one
        for found in _of_each(_registries(scope), lambda one: [one] * lacks_pull(scope, one, principal))
        for one in found
    ]
    held = _of_each(lacking, lambda one: [assignment.role for assignment in assignments_held(scope, one.id)])
    wanted = list({role.casefold(): role for roles in held for role in roles}.values())
    definitions = yield wanted
    scope = scope.with_documents(definitions)
    known = _of_each(lacking, lambda one: roles_held(scope, one.id))
    yield [directory_of(scope, roles, principal) for roles in known if roles.grants]


@collector(
    Need.NODE_IDENTITIES,
    permissions=(
        Permission("Microsoft.Compute/virtualMachineScaleSets/read", "the node resource group"),
        Permission("Microsoft.Compute/virtualMachines/read", "the node resource group"),
        Permission(grants.PERMISSION, "the cluster's subscription, or the node resource group"),
    ),
)
def read_node_identities(scope: Scope) -> Reading:
    """Read the scale sets of the nodes; virtual machines only where a pool or node provisioning has some."""
    yield machine_lists_needed(Facts(scope)("cluster"))


def _itself(scope: Scope, principal: str) -> list[str]:
    """Return the id of the puller's own document, where it is a managed identity: a service principal's is read."""
    is_managed = Facts(scope)("cluster").service_principal_client_id is None
    return [ids.principal(principal, scope.target.tenant)] if is_managed else []


def _principal(scope: Scope) -> str:
    return puller_of(scope, Facts(scope)("cluster")).object_id


def _registries(scope: Scope) -> list[Registry]:
    return [one for one in Facts(scope)("registries") if not isinstance(one, Unread)]


def _of_each(registries: Iterable[Registry], asked: Callable[[Registry], T]) -> Iterator[T]:
    """Yield what is *asked* of each registry whose role assignments were read."""
    for registry in registries:
        try:
            yield asked(registry)
        except FactUnavailable:
            continue
