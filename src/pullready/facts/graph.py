"""The application and the service principal behind a client id, as Microsoft Graph answers them.

Sources: https://learn.microsoft.com/graph/api/resources/serviceprincipal,
https://learn.microsoft.com/graph/api/resources/application and
https://learn.microsoft.com/graph/api/resources/passwordcredential
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode, moment
from pullready.facts.cluster import Cluster
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Document, Provider
from pullready.verdict import Evidence


class _Password(Struct, frozen=True):
    keyId: str | UnsetType | None = UNSET
    startDateTime: str | UnsetType | None = UNSET
    endDateTime: str | UnsetType | None = UNSET
    keyedHint: str | UnsetType | None = UNSET


class _Entity(Struct, frozen=True):
    id: str
    accountEnabled: bool | UnsetType | None = UNSET
    passwordCredentials: list[_Password] | UnsetType | None = UNSET


class _Entities(Struct, frozen=True):
    value: list[_Entity]


class Secret(Fact, frozen=True):
    """A password credential; ``base`` points at it in the document of the object that has it."""

    wire: _Password

    @property
    def end(self) -> datetime:
        """The moment from which on it is no longer valid."""
        return self._moment(self.wire.endDateTime, "/endDateTime")

    def is_valid(self, now: datetime) -> bool:
        """Say whether it is valid at *now*; its start only matters where it has not ended."""
        return now < self.end and self._moment(self.wire.startDateTime, "/startDateTime") <= now

    def _moment(self, text: str | UnsetType | None, pointer: str) -> datetime:
        """Return *text*, ISO 8601 with up to seven digits of a second; Graph documents it as always in UTC."""
        return moment(self, self.require(text, pointer), pointer)


class Entity(Fact, frozen=True):
    """An application or a service principal."""

    wire: _Entity

    @property
    def id(self) -> str:
        """The object id, which role assignments name; not the client id."""
        return self.wire.id

    @property
    def is_enabled(self) -> bool:
        """Whether a service principal may sign in."""
        return self.require(self.wire.accountEnabled, "/accountEnabled")

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The passwords, in Graph's order. Certificates are not among them: AKS signs in with a secret."""
        pointer = "/passwordCredentials"
        passwords = self.require(self.wire.passwordCredentials, pointer)
        return tuple(
            Secret(self.document, f"{self.base}{pointer}/{index}", password) for index, password in enumerate(passwords)
        )


def only(document: Document) -> Entity | None:
    """Return the one object that *document* lists; none where Graph answered that there is none."""
    found = decode(document, _Entities).value
    return Entity(document, "/value/0", found[0]) if found else None


def registered(applications: Document, client_id: str) -> Entity:
    """Return the application in Graph's answer; raise :class:`FactUnavailable` where the tenant has none."""
    application = only(applications)
    if application is None:
        raise FactUnavailable(
            "the application is not registered in this tenant, so not all of its secrets can be seen",
            f"Judge it in the tenant that it is registered in: az ad app credential list --id {client_id}",
            document=applications.id,
            pointer="/value",
        )
    return application


class Validity(msgspec.Struct, frozen=True):
    """What is known of some secrets at a moment: those valid then, and why others could not be judged."""

    valid: tuple[Secret, ...]
    obstacles: tuple[FactUnavailable, ...]

    @classmethod
    def of(cls, entity: Entity, now: datetime) -> Validity:
        """Judge the secrets of *entity* at *now*."""
        try:
            return cls.among(entity.secrets, now)
        except FactUnavailable as why:
            return cls((), (why,))

    @classmethod
    def among(cls, secrets: Iterable[Secret], now: datetime) -> Validity:
        """Judge *secrets* at *now*."""
        valid: list[Secret] = []
        obstacles: list[FactUnavailable] = []
        for secret in secrets:
            try:
                if secret.is_valid(now):
                    valid.append(secret)
            except FactUnavailable as why:
                obstacles.append(why)
        return cls(tuple(valid), tuple(obstacles))

    def __add__(self, more: Validity) -> Validity:
        return Validity(self.valid + more.valid, self.obstacles + more.obstacles)


class ClusterServicePrincipal(msgspec.Struct, frozen=True, dict=True):
    """The service principal that a cluster was made with; a cluster with a managed identity has none.

    ``now`` is when the documents were read; a secret should last longer than ``warning`` from then on.
    """

    cluster: Cluster
    client_id: str | None
    principals: Document
    applications: Document
    now: datetime
    warning: timedelta

    @property
    def subject(self) -> str:
        """The cluster's name."""
        return self.cluster.name

    @cached_property
    def principal(self) -> Entity | None:
        """The service principal; none where the tenant has no such one (any more)."""
        return only(self.principals)

    @cached_property
    def application(self) -> Entity | None:
        """The application; none where it is registered in another tenant, or was deleted."""
        return only(self.applications)

    @property
    def client_evidence(self) -> Evidence:
        """The client id in the cluster's document."""
        return self.cluster.evidence("/properties/servicePrincipalProfile/clientId", "whom the cluster signs in as")


@fact(Need.SERVICE_PRINCIPAL)
def cluster_service_principals(scope: Scope, cluster: Cluster) -> tuple[ClusterServicePrincipal, ...]:
    """Return the service principal of the target's cluster: one subject, also where a managed identity is used."""
    client = cluster.service_principal_client_id
    return (
        ClusterServicePrincipal(
            cluster,
            client,
            scope.document(ids.service_principal(client or "", scope.target.tenant), Provider.GRAPH),
            scope.document(ids.application(client or "", scope.target.tenant), Provider.GRAPH),
            scope.snapshot.captured_at,
            timedelta(days=scope.settings.expiry_warning_days),
        ),
    )
