"""The operations of Azure's SDK for Python: which of them asks for a path, and the model that it reads the answer with.

The clients have no list of their operations, so it is taken from their source: a function for each request that holds
method, path and api-version, and methods that call it and say in their signature what they return.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_REQUEST: Final = re.compile(
    r'^def (?P<name>build_\w+_request)\((?:(?!^def ).)*?"api-version", "(?P<version>[^"]+)"'
    r'(?:(?!^def ).)*?_url = (?:\(\s*)?"(?P<path>[^"]+)"(?:(?!^def ).)*?HttpRequest\(method="(?P<method>\w+)"',
    re.MULTILINE | re.DOTALL,
)
_METHOD: Final = re.compile(r"^    def \w+\(", re.MULTILINE)
_RETURNS: Final = re.compile(r'-> (?P<list>ItemPaged\[)?"?_models\.(?P<model>\w+)"?\]?:$', re.MULTILINE)
_CALLED: Final = re.compile(r"(build_\w+_request)\(")
_PARAMETER: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Operation:
    """A request of the SDK: its answer is a *model*, or pages of them where it ``is_list``."""

    method: str
    path: str
    version: str
    model: type[Any]
    is_list: bool

    @property
    def literals(self) -> int:
        """How much of the path is fixed."""
        return len(_PARAMETER.sub("", self.path))

    def asks_for(self, method: str, path: str) -> bool:
        """Say whether this is the request of *method* for *path*."""
        pattern = "[^/]+".join(re.escape(part) for part in _PARAMETER.split(self.path))
        return method == self.method and re.fullmatch(pattern, path, re.IGNORECASE) is not None


def operation(module: str, method: str, path: str) -> Operation | None:
    """Return the operation of the client in *module* that asks for *path*; of several, the one that says most of it."""
    found = [one for one in operations(module) if one.asks_for(method, path)]
    return max(found, key=lambda one: one.literals, default=None)


@cache
def operations(module: str) -> tuple[Operation, ...]:
    """Return the operations of the client in *module* that answer with models; none where it has no such source."""
    spec = find_spec(module)
    source = Path(str(spec and spec.origin)).parent / "operations" / "_operations.py"
    if not source.exists():
        return ()
    text = source.read_text(encoding="utf-8")
    models = importlib.import_module(f"{module}.models")
    requests = {one["name"]: one for one in _REQUEST.finditer(text)}
    found = []
    for method in _METHOD.split(text)[1:]:
        returned, called = _RETURNS.search(method), _CALLED.search(method)
        if returned and called and called[1] in requests:
            request = requests[called[1]]
            model = getattr(models, returned["model"])
            described = request["method"], request["path"], request["version"]
            found.append(Operation(*described, model, is_list=bool(returned["list"])))
    return tuple(found)
