"""Sources of manifests, told from manifests: what must be rendered before it can be judged, and by which command.

What is to be deployed is only known after rendering, so a source is never judged, and never passed over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from pullready.collectors.reduction import IDENTITY_KEYS
from pullready.facts.pods import is_custom
from pullready.facts.reference import has_placeholder

CHART: Final = "Chart.yaml"
KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
#: What of a chart's folder is the chart's; whatever else is there may be manifests.
CHART_FOLDERS: Final = frozenset({"templates", "charts"})
_CHART_FILES: Final = re.compile(r"Chart\.yaml|.*values.*\.(yaml|yml|json)")

_TEMPLATE: Final = re.compile(r"\{\{|\{%|<%")
_COMMENT: Final = re.compile(r"^[ \t]*#.*", re.MULTILINE)
_HELM: Final = re.compile(r"\{\{-?[^}]*(\.Values|\.Release|\.Chart|\.Capabilities|\binclude\b)")
#: Where a Kustomization names files that are no manifests of their own.
_PARTS: Final = (
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "components",
    "configurations",
    "transformers",
    "replacements",
    "generators",
)
#: What else a Kustomization does to its resources, beyond names, namespaces and labels.
_CHANGES: Final = (*_PARTS, "images", "vars", "replicas", "helmCharts")
_PIPE: Final = " | pullready run --manifests -"


class Source(msgspec.Struct, frozen=True):
    """Why something is no manifest yet, and what makes one of it."""

    what: str
    remedy: str


def chart(folder: Path) -> Source:
    """Return what to say of a Helm chart."""
    return Source("this is a Helm chart, and what it renders is not known", _render(f"helm template {_quoted(folder)}"))


def kustomization(folder: Path) -> Source:
    """Return what to say of a Kustomization."""
    what = "this is a Kustomization, and what it builds is not known"
    return Source(what, _render(f"kubectl kustomize {_quoted(folder)}"))


def is_of_chart(name: str) -> bool:
    """Say whether a file beside a chart's ``Chart.yaml`` belongs to the chart."""
    return _CHART_FILES.fullmatch(name) is not None


def source_text(text: str, path: Path) -> Source | None:
    """Say what *text*, which is not YAML, is a template of, if it is one."""
    if not _TEMPLATE.search(_COMMENT.sub("", text)):
        return None
    folder = chart_of(path)
    if folder is not None or _HELM.search(text):
        named = f"helm template {_quoted(folder) if folder else 'CHART'}"
        return Source("this is a template of a Helm chart that is not rendered", _render(named))
    what = "this is a template that is not rendered"
    return Source(what, "Render it with the tool it is written for, and judge the result: RENDER" + _PIPE)


def source_object(value: Any, path: Path) -> Source | None:
    """Say what *value* is the source of, if it is no manifest."""
    if path.name == CHART:
        return chart(path.parent)
    if path.name in KUSTOMIZATIONS:
        return kustomization(path.parent)
    kind, version = (value.get("kind"), value.get("apiVersion")) if isinstance(value, dict) else (None, None)
    if isinstance(kind, str) and isinstance(version, str):
        return _rendered_elsewhere(kind, version.partition("/")[0], value, path)
    return _no_object(value, path)


def _no_object(value: Any, path: Path) -> Source:
    what = "this is no Kubernetes object, which has apiVersion and kind"
    if isinstance(value, dict) and "releases" in value and "helmfile" in path.name:
        return Source(f"{what}, but a helmfile", _render(f"helmfile --file {_quoted(path)} template"))
    if isinstance(value, dict) and "values" in path.name:
        return Source(
            f"{what}, and looks like a Helm chart's values", _render(f"helm template CHART --values {_quoted(path)}")
        )
    return Source(what, _exclude(path))


def source_of_fields(body: Mapping[str, Any] | None) -> Source | None:
    """Say that something in the reduced *body* is still to be filled in, if so.

    That does not matter in an object of which nothing is judged, and a user name may look like it.
    """
    judged = set(body or ()) - IDENTITY_KEYS - {"registries"}
    if (
        not body
        or not judged
        or not any(has_placeholder(text) for key in (*judged, "metadata") for text in _texts(body.get(key)))
    ):
        return None
    what = "this is a template: a name, image or label in it has a placeholder that is not filled in"
    return Source(what, "Fill it in as your deployment does, for example: envsubst < FILE" + _PIPE)


def chart_of(path: Path) -> Path | None:
    """Return the folder of the chart whose template *path* is."""
    for folder in path.absolute().parents:
        if folder.name in CHART_FOLDERS and (folder.parent / CHART).is_file():
            return _near(folder.parent)
    return None


def claimed(body: Any, folder: Path) -> Iterator[Path]:
    """Yield the files and folders that the Kustomization *body* in *folder* changes, or changes others with.

    Resources are what they are where it does not change them.
    """
    if not isinstance(body, dict):
        return
    changes = any(body.get(name) for name in _CHANGES)
    for name in (*_PARTS, *(("resources", "bases") if changes else ())):
        entries = body.get(name)
        for entry in entries if isinstance(entries, list) else ():
            path = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(path, str) and path and "\n" not in path and "://" not in path:
                yield Path(PurePosixPath(folder.absolute().as_posix(), path))


def _rendered_elsewhere(kind: str, group: str, value: Mapping[str, Any], path: Path) -> Source | None:
    """Return what to say of an object that a controller renders others from."""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    named = shlex.quote(name) if isinstance(name, str) and not has_placeholder(name) else "NAME"
    file = _quoted(path)
    match kind, group:
        case (("Kustomization" | "Component"), "kustomize.config.k8s.io"):
            return kustomization(path.parent)
        case "Kustomization", "kustomize.toolkit.fluxcd.io":
            command = f"flux build kustomization {named} --path FOLDER --kustomization-file {file} --dry-run"
        case "Application", "argoproj.io":
            command = f"argocd app manifests {named}"
        case "ApplicationSet", "argoproj.io":
            command = f"argocd appset generate {file}"
        case (
            ("HelmRelease" | "HelmChart" | "HelmChartConfig" | "HelmChartProxy" | "HelmChartInflationGenerator"),
            _,
        ) if is_custom(value) or kind == "HelmChartInflationGenerator":
            command = f"helm template {named} CHART --values VALUES"
        case _:
            return None
    what = f"this {kind} is rendered by a controller, and what comes of it is not known"
    return Source(what, _render(command))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _render(command: str) -> str:
    return f"Render it and judge the result: {command}{_PIPE}"


def _exclude(path: Path) -> str:
    return (
        f"If it is not to be deployed, say so under exclude: in pullready.yaml, as in {_quoted(Path('**', path.name))}"
    )


def _near(folder: Path) -> Path:
    """Return *folder* as one types it from the current folder."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _quoted(path: Path) -> str:
    return shlex.quote(_near(path.absolute()).as_posix())
