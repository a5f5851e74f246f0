"""What Azure says of a registry's admin user: when its passwords were made anew, and which it has.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account and
https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact, decode, moment
from pullready.facts.keyed import are_equal
from pullready.facts.registry import Registry
from pullready.facts.scope import Scope
from pullready.snapshot import Document
from pullready.verdict import Evidence

#: The operation that gives the admin user another password.
REGENERATION: Final = "microsoft.containerregistry/registries/regeneratecredential/action"
#: How far back the log is asked for: Azure keeps it for 90 days and refuses a time before that.
LOG_REACH: Final = timedelta(days=89)
_DONE: Final = "succeeded"


class _Value(Struct, frozen=True):
    value: str | None = None


class _Event(Struct, frozen=True):
    eventTimestamp: str | UnsetType | None = UNSET
    operationName: _Value | UnsetType | None = UNSET
    status: _Value | UnsetType | None = UNSET


class _Events(Struct, frozen=True):
    value: list[_Event]


class _Login(Struct, frozen=True):
    keyedPassword: str | None = None


class _Logins(Struct, frozen=True):
    logins: list[_Login]


class ActivityLog(Fact, frozen=True):
    """The activity log of a registry, which goes back 90 days."""

    wire: _Events

    @property
    def listed(self) -> Evidence:
        """The log itself."""
        return self.evidence("/value", "the registry's activity log, which Azure keeps for 90 days")

    @property
    def last_regeneration(self) -> tuple[datetime, Evidence] | None:
        """When a password of the admin user was last made anew; none where the log has no such event."""
        found = []
        for index, event in enumerate(self.wire.value):
            pointer = f"/value/{index}"
            operation = self.require(event.operationName, f"{pointer}/operationName").value or ""
            if operation.lower() != REGENERATION or not self._is_done(event, pointer):
                continue
            pointer += "/eventTimestamp"
            found.append((moment(self, self.require(event.eventTimestamp, pointer), pointer), pointer))
        if not found:
            return None
        last, pointer = max(found)
        return last, self.evidence(pointer, "when a password of the admin user was made anew")

    def _is_done(self, event: _Event, pointer: str) -> bool:
        return (self.require(event.status, f"{pointer}/status").value or "").lower() == _DONE


class AdminPasswords(Fact, frozen=True):
    """The passwords of a registry's admin user, by their keyed hashes; either of the two is valid."""

    wire: _Logins

    def include(self, keyed: str | None) -> bool | None:
        """Say whether one of them is the password of the hash *keyed*; none where that cannot be compared."""
        compared = [are_equal(one.keyedPassword, keyed) for one in self.wire.logins]
        if True in compared:
            return True
        return None if None in compared or not compared else False


def activity_log(scope: Scope, registry: Registry) -> ActivityLog:
    """Return the activity log of *registry*; raise :class:`FactUnavailable` where it was not read."""
    document = scope.document(ids.events_of(registry.id))
    return ActivityLog(document, "", decode(document, _Events))


def admin_passwords(scope: Scope, registry: Registry) -> AdminPasswords:
    """Return the passwords of the admin user of *registry*; raise :class:`FactUnavailable` where they were not read."""
    document: Document = scope.document(ids.admin_passwords_of(registry.id))
    return AdminPasswords(document, "", decode(document, _Logins))
