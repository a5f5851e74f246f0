"""What a principal may do at a registry: the roles that it has there, and the deny assignments against it.

The same for everybody who pulls: kubelet's identity, the cluster's service principal, and whoever a pull secret is of.
"""

from __future__ import annotations

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.authorization import Roles, memberships, pull_roles
from pullready.facts.base import Fact
from pullready.facts.denials import Denials, denials, groups_decide
from pullready.facts.pullers import Puller, disabled
from pullready.facts.registry import Registry
from pullready.facts.roles import READ_CONTENT, READ_METADATA
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class Held(msgspec.Struct, frozen=True):
    """The roles that a principal has at a registry; ``listed`` is the list of assignments that says so.

    ``denials`` are the deny assignments that take the pull away from it. ``metadata`` are the roles that let it look at
    tags, at a registry that grants that apart, by repository. ``disabled`` says that it may not sign in at all, where
    that was read.
    """

    puller: Puller
    roles: Roles
    listed: Evidence
    metadata: Roles = msgspec.field(default_factory=Roles)
    denials: Denials = msgspec.field(default_factory=Denials)
    disabled: Evidence | None = None


def held_by(scope: Scope, registry: Registry, puller: Puller) -> Held:
    """Return what *puller* has at *registry*.

    Raise :class:`FactUnavailable` where the role assignments were not read, or the registry's mode is not known.
    """
    principal, asked = puller.object_id, READ_CONTENT if registry.grants_by_repository else None
    document = scope.document(ids.role_assignments_at(registry.id))
    return Held(
        puller,
        pull_roles(scope, registry.id, principal, asked),
        Fact(document, "").evidence("/value", "every role assignment at the registry and above it"),
        pull_roles(scope, registry.id, principal, READ_METADATA) if asked else Roles(),
        _denials(scope, registry, principal, asked),
        disabled(scope, puller),
    )


def _denials(scope: Scope, registry: Registry, principal: str, data_action: str | None) -> Denials:
    try:
        groups = memberships(scope, principal) if groups_decide(scope, registry.id, principal, data_action) else {}
    except FactUnavailable:  # what cannot be told without them says so itself
        groups = None
    return denials(scope, registry.id, principal, data_action, groups)
