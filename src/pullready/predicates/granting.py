"""How to let the principal that pulls do so, as fits the registry's mode and tenant."""

from __future__ import annotations

from typing import Final

from pullready.facts.pull_rights import PullRight

ACR_PULL: Final = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
REPOSITORY_READER: Final = "b93aa761-3e63-49ed-ac28-beffa264f7ac"


def is_elsewhere(right: PullRight) -> bool:
    """Say whether the registry is known to be in another tenant, where the cluster's identity cannot have a role."""
    home, other = right.cluster.tenant, right.registry.tenant
    return bool(home and other and home != other)


def assign(right: PullRight) -> str:
    """Return the command that assigns the role which the registry's mode wants; in another tenant none can be.

    Source: https://learn.microsoft.com/azure/aks/authenticate-aks-cross-tenant
    """
    registry = right.registry
    if is_elsewhere(right):
        return (
            f"bring along a pull secret, for the registry is in the tenant {registry.tenant}, where it has no "
            f"roles: az acr token create --name TOKEN --registry {registry.name} --scope-map _repositories_pull"
        )
    role = REPOSITORY_READER if registry.grants_by_repository else ACR_PULL
    return (
        f"az role assignment create --assignee-object-id {right.held.puller.object_id} "
        f"--assignee-principal-type ServicePrincipal --role {role} --scope {registry.id}"
    )


def let_pull(right: PullRight) -> str:
    """Return what lets the principal pull: attaching the registry, where Azure supports that, or :func:`assign`."""
    cluster, registry, command = right.cluster, right.registry, assign(right)
    if registry.grants_by_repository or is_elsewhere(right):
        return command
    return (
        f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} --attach-acr {registry.id}, "
        f"or: {command}"
    )
