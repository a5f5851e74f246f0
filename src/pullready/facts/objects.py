"""The Kubernetes objects of a target: those of its manifests, and those of its live cluster that none replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import ids
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.pods import is_custom
from pullready.facts.scope import Scope
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Location

T = TypeVar("T")

#: How deep lists may stand in lists.
_DEEPEST_LIST = 10


class KubernetesObject(Fact, frozen=True, dict=True):
    """One object, whole or an item of a list; ``base`` is its pointer."""

    @cached_property
    def body(self) -> dict[str, Any]:
        """The object as it is in the document."""
        body: dict[str, Any] = self.document.at(self.base)
        return body

    @property
    def kind(self) -> str:
        """The kind."""
        return str(self.body["kind"])

    @property
    def namespace(self) -> str:
        """The namespace; without any, tools use the one of their context, which is ``default`` unless it is changed."""
        return self._named("namespace") or "default"

    @property
    def name(self) -> str:
        """The name; what the API server generates one from, where there is none yet."""
        return self._named("name") or (self._named("generateName") or "") + "…"

    @property
    def subject(self) -> str:
        """Kind, namespace and name, as in ``Deployment shop/web``."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def location(self) -> Location | None:
        """Where the object starts in its file."""
        return located(self.document, self.base)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells objects apart: a custom resource may have the kind of one of Kubernetes' own."""
        group = str(self.body.get("apiVersion", "")).rpartition("/")[0] if is_custom(self.body) else ""
        return group, self.kind, self.namespace, self.name

    def _named(self, key: str) -> str | None:
        metadata = self.body.get("metadata")
        value = metadata.get(key) if isinstance(metadata, dict) else None
        return str(value) if value else None


def located(document: Document, pointer: str) -> Location | None:
    """Return the line of *pointer* in the document's file."""
    line = document.line(pointer)
    return Location(document.file, line) if document.file and line else None


def objects(scope: Scope) -> Iterator[KubernetesObject | Unread]:
    """Yield every object of the target, and what could not be read; a manifest replaces the live object of its name.

    Raises :class:`NothingToJudge` where the target names neither manifests nor a context.
    """
    if not scope.manifests and scope.target.context is None:
        if scope.target.manifests:
            raise FactUnavailable("the manifests were not read", "Run again and let the manifests be read")
        if scope.target.registries:
            return  # the registries are named, so what does not need workloads is still judged
        raise NothingToJudge("the target names neither manifests nor a context to read the live cluster by")
    replaced: set[tuple[str, str, str, str]] = set()
    for id_ in scope.manifests:
        for one in objects_in(scope.document(id_, Provider.MANIFEST)):
            if isinstance(one, KubernetesObject):
                replaced.add(one.key)
            yield one
    if scope.target.context is not None:
        for document in live_documents(scope):
            yield from (one for one in objects_in(document) if isinstance(one, Unread) or one.key not in replaced)


def of_kind(scope: Scope, kind: str, make: Callable[[KubernetesObject], T]) -> Iterator[T | Unread]:
    """Yield what *make* makes of the objects of one of Kubernetes' own kinds, and what could not be read."""
    for one in objects(scope):
        if isinstance(one, Unread):
            yield one
        elif one.kind == kind and not is_custom(one.body):
            try:
                yield make(one)
            except FactUnavailable as why:
                yield Unread(one.subject, why, one.location)


def wire(one: KubernetesObject, shape: type[T]) -> T:
    """Decode the object; raise :class:`FactUnavailable` where it is malformed."""
    return decode(one.document, shape, one.base)


def live_documents(scope: Scope) -> Iterator[Document]:
    """Yield the lists that were read from the target's live cluster; one that says so where none was.

    Its nodes, what makes those, and events are not among them: they are what workloads run on and what befell those,
    and make no pods.
    """
    prefix = f"kubernetes:{scope.target.context}/".casefold()
    context = str(scope.target.context)
    lists = (ids.live_nodes, ids.live_events, ids.live_node_pools, ids.live_node_classes)
    beside = {list_(context).casefold() for list_ in lists}
    listed = ((document.id.casefold(), document) for document in scope.snapshot)
    found = [document for id_, document in listed if id_.startswith(prefix) and id_ not in beside]
    yield from found or [Document(id=f"{prefix}workloads", provider=Provider.KUBERNETES, status=Status.NOT_ASKED)]


def objects_in(document: Document) -> Iterator[KubernetesObject | Unread]:
    """Yield the objects of one document, those of lists one by one."""
    try:
        document.require()
    except FactUnavailable as why:
        yield Unread(_title(document), _reason(document, why), located(document, ""))
        return
    yield from _objects(document, "", _DEEPEST_LIST)


def _objects(document: Document, base: str, depth: int) -> Iterator[KubernetesObject | Unread]:
    body = document.at(base)
    if is_list(body) and depth:
        for index in range(len(body["items"])):
            yield from _objects(document, f"{base}/items/{index}", depth - 1)
    elif isinstance(body, dict) and isinstance(body.get("kind"), str):
        yield KubernetesObject(document, base)
    else:
        remedy = "Correct the document, or exclude its file in pullready.yaml"
        why = FactUnavailable(f"{_title(document)} is no Kubernetes object", remedy, document=document.id, pointer=base)
        yield Unread(_title(document) + base, why, located(document, base))


def is_list(body: object) -> bool:
    """Say whether *body* is a list of objects: ``List``, or that of a kind, which the API server answers."""
    return (
        isinstance(body, dict) and isinstance(body.get("items"), list) and str(body.get("kind", "List"))[-4:] == "List"
    )


def _title(document: Document) -> str:
    """Return the name of a document for people: its file, and which document of it where that is not the first."""
    if document.file is None:
        return document.id
    index = document.id.rpartition("#")[2]
    return document.file if index in {"0", document.id} else f"{document.file}#{index}"


def _reason(document: Document, why: FactUnavailable) -> FactUnavailable:
    """Return why the document of a file is unread in the words of the one who tried."""
    if document.provider is not Provider.MANIFEST or document.detail is None:
        return why
    line = document.line("")
    where = _title(document) if line is None else f"{document.file}:{line}"
    return FactUnavailable(f"{where}: {document.detail}", why.remedy, document=document.id)
