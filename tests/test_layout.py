"""What the import contracts of pyproject.toml cannot say: what checks may import, and where an import may stand."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIVE = {"aiohttp", "azure", "kubernetes", "msal", "msrest", "requests", "urllib3"}
NETWORK = {"asyncio.streams", "http.client", "smtplib", "socket", "socketserver", "ssl", "urllib.request"}


def modules(folder: str, pattern: str) -> list[Path]:
    return sorted((ROOT / folder).rglob(pattern))


def imports(node: ast.AST, *, deep: bool) -> Iterator[str]:
    """Yield what *node* imports, dotted: `from a import b` is both `a` and `a.b`. Not *deep* stays out of functions."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                yield from (alias.name for alias in child.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
                yield from (f"{module}.{alias.name}" for alias in child.names)
            case ast.ImportFrom():
                yield "."
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not deep:
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if not deep:
                pass
            case _:
                yield from imports(child, deep=deep)


def imported_by(path: Path, *, deep: bool = True) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), deep=deep))


def within(name: str, packages: set[str]) -> bool:
    """Say whether the dotted *name* is one of *packages* or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", modules("checks", "test_*.py"), ids=lambda path: path.stem)
def test_check_imports_facts_predicates_and_the_words_of_pullready_only(path: Path) -> None:
    import pullready

    words = {"pullready", *(f"pullready.{word}" for word in pullready.__all__)}
    allowed = {"pullready.facts", "pullready.predicates"}
    assert {name for name in imported_by(path) if name not in words and not within(name, allowed)} == set()


@pytest.mark.parametrize("path", modules("checks", "conftest.py"), ids=str)
def test_conftest_of_the_checks_imports_pytest_and_pullready_only(path: Path) -> None:
    allowed = {"__future__", "collections.abc", "pullready", "pytest", "typing"}
    assert {name for name in imported_by(path) if not within(name, allowed)} == set()


@pytest.mark.parametrize("path", modules("src/pullready/collectors", "*.py"), ids=lambda path: path.stem)
def test_collector_loads_live_packages_inside_functions_only(path: Path) -> None:
    assert {name for name in imported_by(path, deep=False) if within(name, LIVE)} == set()


@pytest.mark.parametrize(
    "path",
    [path for path in modules("src/pullready", "*.py") if "collectors" not in path.parts],
    ids=lambda path: path.relative_to(ROOT / "src/pullready").as_posix(),
)
def test_nothing_but_collectors_opens_connections(path: Path) -> None:
    assert {name for name in imported_by(path) if within(name, LIVE | NETWORK)} == set()


def test_every_folder_of_the_rules_has_modules() -> None:
    assert modules("checks", "test_*.py")
    assert modules("checks", "conftest.py")
    assert modules("src/pullready/collectors", "*.py")


def test_imports_are_seen_wherever_they_stand() -> None:
    tree = ast.parse(
        "import a.b\n"
        "if TYPE_CHECKING:\n    import c\n"
        "try:\n    from d import e\nexcept ImportError:\n    from . import f\n"
        "class G:\n    import h\n"
        "def i():\n    import j\n"
        "async def k():\n    if k:\n        from l.m import n\n"
    )
    assert set(imports(tree, deep=False)) == {"a.b", "d", "d.e", ".", "h"}
    assert set(imports(tree, deep=True)) == {"a.b", "c", "d", "d.e", ".", "h", "j", "l.m", "l.m.n"}


def test_editable_install_leaves_no_copy_of_the_checks() -> None:
    installed = distribution("pullready")
    origin = installed.read_text("direct_url.json")
    if origin is None or not json.loads(origin).get("dir_info", {}).get("editable"):
        pytest.skip("pullready is not installed in editable mode here")
    assert [str(path) for path in installed.files or () if str(path).startswith("pullready/")] == []
