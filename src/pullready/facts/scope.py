"""Which facts there are, how each is made, and what must be read for it.

A maker is a function decorated with :func:`fact`. Its first parameter, ``scope``, is where documents come from; every
other parameter names a fact that it builds on, or with the default ``None`` one that it can do without.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from pullready.config import Settings, Target
from pullready.errors import FactUnavailable, NothingToJudge
from pullready.snapshot import Document, Provider, Snapshot, Status

F = TypeVar("F", bound=Callable[..., Any])


class Need(StrEnum):
    """A group of documents that is read together; every collector fills one."""

    MANIFESTS = "manifests"
    WORKLOADS = "workloads"
    NODES = "nodes"
    NODE_POOLS = "node-pools"
    CLUSTER = "cluster"
    REGISTRIES = "registries"
    REGISTRY_NAMES = "registry-names"
    ROLE_ASSIGNMENTS = "role-assignments"
    GROUP_MEMBERSHIPS = "group-memberships"
    PRINCIPALS = "principals"
    SERVICE_PRINCIPAL = "service-principal"
    PULL_SECRETS = "pull-secrets"
    NODE_IDENTITIES = "node-identities"
    VIRTUAL_NETWORKS = "virtual-networks"
    OUTBOUND_ADDRESSES = "outbound-addresses"
    PRIVATE_ENDPOINTS = "private-endpoints"
    PRIVATE_DNS = "private-dns"
    ROUTES = "routes"
    SECURITY_GROUPS = "security-groups"
    FIREWALL_POLICIES = "firewall-policies"
    ARTIFACTS = "artifacts"
    CACHE_RULES = "cache-rules"
    VM_SIZES = "vm-sizes"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the facts of one target are made from. ``manifests`` are the ids of its manifest documents."""

    snapshot: Snapshot
    target: Target
    settings: Settings
    manifests: tuple[str, ...] = ()
    #: What :data:`PLAIN` facts were made for this target from the same manifests and the same documents of its live
    #: cluster, by name; none where nobody shares.
    shared: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    def document(self, id: str, provider: Provider = Provider.ARM) -> Document:  # noqa: A002
        """Return the document with *id*; one that was never read has the status ``not-asked``."""
        return self.snapshot.document(id, provider)

    def is_forbidden(self, id: str) -> bool:  # noqa: A002
        """Say whether the document with *id* was asked for, and Azure refused it."""
        return bool(id) and self.document(id).status is Status.FORBIDDEN

    def with_documents(self, documents: Iterable[Document]) -> Scope:
        """Return a scope that has *documents* too; collectors look into what they have just read."""
        return replace(self, snapshot=self.snapshot.with_documents(documents))


#: Facts that are made from manifests and the live cluster alone, and that look at nothing else once they are made.
PLAIN: Final = frozenset(
    {
        "credentials",
        "images",
        "live_nodes",
        "provisioning",
        "pull_secrets",
        "runtime_classes",
        "service_accounts",
        "wanted_registries",
        "workloads",
    }
)
#: Who answers for Azure itself.
AZURE: Final = frozenset({Provider.ARM, Provider.GRAPH})


class Noting(Snapshot):
    """A snapshot that notes, in ``missed``, which documents of *providers* it was asked for and does not have.

    ``misses`` counts how often it was asked for one of them.
    """

    def __init__(self, snapshot: Snapshot, providers: frozenset[Provider] = AZURE) -> None:
        super().__init__(snapshot, captured_at=snapshot.captured_at, targets=snapshot.targets)
        self._providers = providers
        self._missed: dict[str, str] = {}
        self._absent: set[str] = set()
        self._is_open = False
        self.misses = 0

    @property
    def missed(self) -> tuple[str, ...]:
        """The ids, each once, in the order in which they were asked for."""
        return tuple(self._missed.values())

    @property
    def absent(self) -> frozenset[str] | None:
        """What it was asked for and does not have, of whichever provider, in lower case.

        As long as none of these are read, what was made of it stays so, whatever is read beside them; none where it was
        asked for more than single documents, so that any may change that.
        """
        return None if self._is_open else frozenset(self._absent)

    def document(self, id: str, provider: Provider = Provider.ARM) -> Document:  # noqa: A002  (as in the base class)
        """Return the document with *id*, and note it where it is not there."""
        found = super().document(id, provider)
        if found.status is Status.NOT_ASKED:
            self._absent.add(id.casefold())
            if provider in self._providers:
                self._missed.setdefault(id.casefold(), id)
                self.misses += 1
        return found

    def __contains__(self, id_: object) -> bool:
        """Say whether the document *id_* was asked for."""
        if super().__contains__(id_):
            return True
        self._absent.add(str(id_).casefold())
        return False

    def __iter__(self) -> Iterator[Document]:
        """Iterate over the documents by id; there may be more of them later."""
        self._is_open = True
        return super().__iter__()

    def asked(self, provider: Provider) -> bool:
        """Say whether *provider* was asked for anything, whatever came of it."""
        found = super().asked(provider)
        self._is_open |= not found
        return found

    def until_missed(self, asks: Iterable[Callable[[], object]]) -> None:
        """Call each of *asks*, as long as they miss nothing: what the later ask for goes by what the earlier found."""
        for ask in asks:
            before = self.misses
            try:
                ask()
            except FactUnavailable as why:
                if why.document and why.document not in self:  # missed before, and remembered by a fact
                    return
            if self.misses > before:
                return


@dataclass(frozen=True, slots=True)
class Maker:
    """How a fact is made: by which function, from which documents and which other facts, some of them optional."""

    name: str
    make: Callable[..., Any]
    needs: frozenset[Need]
    builds_on: tuple[str, ...]
    optional: frozenset[str] = frozenset()


MAKERS: Final[dict[str, Maker]] = {}


def fact(*needs: Need) -> Callable[[F], F]:
    """Register the decorated maker under its function's name; *needs* are the documents that it looks at itself."""

    def register(make: F) -> F:
        first, *rest = inspect.signature(make).parameters.values()
        if first.name != "scope" or make.__name__ in MAKERS:
            msg = f"the maker {make.__name__} must take scope first and have a name of its own"
            raise TypeError(msg)
        builds_on = tuple(one.name for one in rest)
        optional = frozenset(one.name for one in rest if one.default is None)
        MAKERS[make.__name__] = Maker(make.__name__, make, frozenset(needs), builds_on, optional)
        return make

    return register


def needs_of(facts: Iterable[str]) -> frozenset[Need]:
    """Return all that must be read for *facts* and for the facts that those build on."""
    needs: set[Need] = set()
    for name in facts:
        maker = MAKERS[name]
        needs |= maker.needs | needs_of(maker.builds_on)
    return frozenset(needs)


class Facts:
    """The facts of one target, each made once, on first use."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._made: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        """Return the fact *name*; raise, each time anew, what making it raised."""
        kept = self._made if name not in PLAIN or self.scope.shared is None else self.scope.shared
        if name not in kept:
            maker = MAKERS[name]
            try:
                kept[name] = maker.make(self.scope, *(self._given(other, maker) for other in maker.builds_on))
            except (FactUnavailable, NothingToJudge) as error:
                kept[name] = error
        made = kept[name]
        if isinstance(made, FactUnavailable | NothingToJudge):
            raise made
        return made

    def _given(self, name: str, maker: Maker) -> Any:
        """Return the fact *name* for *maker*; none where it cannot be made and the maker can do without it."""
        try:
            return self(name)
        except (FactUnavailable, NothingToJudge):
            if name not in maker.optional:
                raise
            return None
