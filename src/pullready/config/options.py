"""The options of a run, and how they and the file become one configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from pullready.config import values
from pullready.config.file import FAIL_ON, load
from pullready.config.model import Configuration, Settings, Target
from pullready.config.names import named, waivers_for
from pullready.config.places import file_name
from pullready.config.targets import STDIN
from pullready.errors import InputError, together

T = TypeVar("T")

FILE_NAME: Final = "pullready.yaml"
EXAMPLE: Final = "manifests_examples/healthy/pullready.yaml"
MINIMAL: Final = """\
cluster: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name>
manifests: [deploy/]
"""


@dataclass(frozen=True, slots=True)
class Options:
    """The options as they were given. Paths are relative to the current folder; ``manifests`` may hold ``-`` for stdin.

    ``None`` means *not given*. A string that is empty was given, by a variable that is not set, and is refused.
    """

    config: str | None = None
    clusters: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    context: str | None = None
    snapshot: str | None = None
    fail_on: str | None = None

    @property
    def say_what(self) -> bool:
        """Whether any option says *what* is judged; then the file's targets and snapshot do not count."""
        return bool(self.clusters or self.registries or self.manifests) or not (self.context is self.snapshot is None)


def resolve(options: Options, *, cwd: Path, rootdir: Path) -> Configuration:
    """Return the configuration of a run; raise :class:`InputError` with all that is wrong with its file or the options.

    The file is the one that *options* name, else ``pullready.yaml`` in *cwd* or in *rootdir*. The options that say what
    is judged replace the file's targets and snapshot together. Without targets, they are those of the snapshot.
    """
    path = _file(options, cwd, rootdir)
    made = load(path) if path else Configuration((), folder=str(cwd))
    problems: list[InputError] = []
    if options.fail_on is not None:
        fail_on = _parsed("fail-on", options.fail_on, values.one_of(*FAIL_ON), problems)
        made = replace(made, settings=replace(made.settings, fail_on=fail_on or made.settings.fail_on))
    if options.say_what:
        made = _replaced(made, options, cwd, problems)
    if problems:
        raise together(problems)
    if not made.targets and made.snapshot is None:
        raise _nothing_to_judge(file_name(path) if path else None, cwd, rootdir)
    return made


def _file(options: Options, cwd: Path, rootdir: Path) -> Path | None:
    """Return the file to read: one that is named has to be there, the default need not."""
    if options.config is not None:
        problems: list[InputError] = []
        named_file = _parsed("config", options.config, values.path(cwd), problems)
        if named_file is None:
            raise together(problems)
        return Path(named_file)
    return next((path for path in (cwd / FILE_NAME, rootdir / FILE_NAME) if path.exists()), None)


def _replaced(made: Configuration, options: Options, cwd: Path, problems: list[InputError]) -> Configuration:
    """Return *made* with the targets and the snapshot of *options* in place of its own."""
    targets = _targets(options, made.settings, cwd, problems)
    snapshot = None if options.snapshot is None else _parsed("snapshot", options.snapshot, values.path(cwd), problems)
    targets = () if problems else named(targets)
    return replace(made, targets=targets, snapshot=snapshot, waivers=waivers_for(made.waivers, targets, made.targets))


def _targets(options: Options, settings: Settings, cwd: Path, problems: list[InputError]) -> tuple[Target, ...]:
    """Return a target for each cluster, with the same manifests and registries; without one, for the manifests."""

    def parsed(option: str, texts: Sequence[str], parse: Callable[[str], T]) -> tuple[T, ...]:
        made = (_parsed(option, text, parse, problems) for text in texts)
        return tuple(one for one in made if one is not None)

    contexts = () if options.context is None else (options.context,)
    shared = Target(
        name="",
        manifests=parsed("manifests", options.manifests, values.manifest(cwd)),
        registries=parsed("registry", options.registries, values.registry(settings.cloud)),
        context=next(iter(parsed("context", contexts, values.words)), None),
    )
    clusters = parsed("cluster", options.clusters, values.cluster_id)
    problems.extend(_contradictions(options))
    if clusters:
        return tuple(replace(shared, cluster=cluster) for cluster in clusters)
    return (shared,) if shared.manifests else ()


def _contradictions(options: Options) -> list[InputError]:
    """Return what is wrong with the options together."""
    found: list[InputError] = []

    def refuse(what: str, remedy: str) -> None:
        found.append(InputError(what, remedy))

    folded = [cluster.rstrip("/").casefold() for cluster in options.clusters]
    if len(set(folded)) < len(folded):
        refuse("--pullready-cluster names one cluster twice", "Name it once")
    if options.manifests.count(STDIN) > 1:
        refuse("--pullready-manifests - is given twice", "Standard input can be read only once")
    if len(folded) > 1 and options.context is not None:
        refuse("--pullready-context belongs to one cluster, and several are named", "Write targets into pullready.yaml")
    others = bool(options.registries or options.manifests or options.context is not None)
    if not folded and options.snapshot is not None and others:
        refuse(
            "it is not said which cluster of the snapshot the other options belong to",
            "Name it with --pullready-cluster",
        )
    elif not folded and options.context is not None:
        refuse("--pullready-context needs to know its cluster", "Name it with --pullready-cluster")
    elif not folded and options.registries and not options.manifests:
        refuse("--pullready-registry alone names nothing to judge", "Name the cluster with --pullready-cluster")
    if folded and options.snapshot is None and not others:
        refuse(
            "nothing names the registries that the cluster is to pull from",
            "Add --pullready-registry, --pullready-manifests with files that name images, or --pullready-context",
        )
    return found


def _parsed(option: str, text: str, parse: Callable[[str], T], problems: list[InputError]) -> T | None:
    try:
        return parse(text)
    except values.Refused as refused:
        problems.append(InputError(f"--pullready-{option}: {refused.what}", refused.remedy))
        return None


def _nothing_to_judge(file: str | None, cwd: Path, rootdir: Path) -> InputError:
    """Return the error that shows how to begin."""
    if file:
        what = f"{file} names no target and no snapshot"
        remedy = "Add to it"
    else:
        folders = " or ".join(dict.fromkeys((str(cwd), str(rootdir))))
        what = f"there is no {FILE_NAME} in {folders}, and no option says what is to be judged"
        near = next(
            (folder / "pullready.yml" for folder in (cwd, rootdir) if (folder / "pullready.yml").exists()), None
        )
        remedy = f"Rename {near} to {FILE_NAME}, or write one" if near else f"Write a {FILE_NAME}"
    minimal = "".join(f"\n    {line}" for line in MINIMAL.splitlines())
    return InputError(what, f"{remedy}:\n{minimal}\n\nTo try the embedded example: --pullready-config {EXAMPLE}")
