"""The command ``pullready``: its checks in a pytest that nothing of the user's own can change, the way, a symptom."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Final

from pullready import __version__
from pullready.errors import InputError
from pullready.exits import Exit

#: What pytest takes from the environment and an isolated run must not.
ENVIRONMENT: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DEBUG")
#: What the run needs of pytest's plugins, named because none is loaded by itself.
PLUGINS: Final = ("pullready.plugin", "pytest_metadata.plugin", "pytest_html.plugin")
#: The options that the plugin has under the same names, with its prefix.
PASSED_ON: Final = (
    "config",
    "cluster",
    "registry",
    "manifests",
    "context",
    "snapshot",
    "save_snapshot",
    "report_dir",
    "fail_on",
)
EXIT_CODES: Final = """\
exit codes, the first that applies:
   2  interrupted
   4  wrong usage or configuration: nothing was judged
   3  internal error, or a check is broken
   1  something was found at or above --fail-on
  10  something at or above --fail-on is unknown, or was selected and not judged
   5  there is a target on which nothing was clear or found
   0  ready
"""
EXPLAIN_EXIT_CODES: Final = """\
exit codes:
   0  something was explained, with or without a snapshot
   2  interrupted
   3  internal error
   4  wrong usage, or a snapshot that cannot be used: nothing was explained
   5  nothing in the text is a known symptom
"""
PATH_EXIT_CODES: Final = """\
exit codes, the first that applies:
   2  interrupted
   4  wrong usage or configuration: nothing was looked at
   3  internal error
   1  something stops the way from a node pool to the registry
  10  a way cannot be seen to its end
   5  no node pool has a way to the registry
   0  every way is open
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser("pullready", description=__doc__, allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"pullready {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="judge whether the images can be pulled",
        description="Judge every check on every target, and leave the reports of that.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = run.add_argument_group("what is judged (any of these replaces targets and snapshot of the configuration)")
    what.add_argument("--cluster", action="append", metavar="ID", help="resource id of an AKS cluster")
    what.add_argument("--registry", action="append", metavar="NAME", help="a registry's name or resource id")
    what.add_argument("--manifests", action="append", metavar="PATH", help="file or folder, or - for stdin")
    what.add_argument("--context", metavar="KUBECONTEXT", help="read the live cluster through this context, too")
    what.add_argument("--snapshot", metavar="FILE", help="judge this snapshot and read nothing")
    run.add_argument("--config", metavar="FILE", help="what to prove (default: pullready.yaml)")
    run.add_argument("--save-snapshot", metavar="FILE", help="keep what was read")
    run.add_argument("--report-dir", metavar="DIR", help="folder of the reports (default: reports)")
    run.add_argument("--fail-on", choices=("blocker", "risk", "advice"), help="what stops the gate (default: blocker)")
    run.add_argument("-k", metavar="EXPRESSION", dest="keyword", help="only the checks that match, as pytest's -k")
    run.add_argument("-x", action="store_true", dest="exit_first", help="stop at the first check that fails")
    run.add_argument("-v", action="store_true", dest="verbose", help="a line for each check")
    run.add_argument("--junitxml", metavar="FILE", help="where junit.xml goes instead of the report folder")
    run.add_argument("--html", metavar="FILE", help="where report.html goes instead of the report folder")
    path = commands.add_parser(
        "path",
        help="show the way from the nodes to a registry, hop by hop",
        description="Show the way from each node pool of CLUSTER to each endpoint of REGISTRY, up to the hop that "
        "stops it or behind which nothing can be seen. The network checks judge the same; who may pull is none of it.",
        epilog=PATH_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    path.add_argument(
        "cluster", metavar="CLUSTER", help="its resource id, or its name in the configuration or snapshot"
    )
    path.add_argument("registry", metavar="REGISTRY", help="name, login server, or resource id")
    path.add_argument("--pool", metavar="NAME", help="only from this node pool")
    path.add_argument("--evidence", action="store_true", help="also show what was read for each hop")
    path.add_argument("--snapshot", metavar="FILE", help="look into this snapshot and read nothing")
    path.add_argument("--config", metavar="FILE", help="a configuration (default: pullready.yaml, where there is one)")
    explain = commands.add_parser(
        "explain",
        help="name what may be behind the message of a failed pull",
        description="Name the conditions that the message of a failed pull points to, the likeliest first, and with a "
        "snapshot say which of them holds there. MESSAGE is what kubelet or containerd says, the output of kubectl "
        "describe, az acr check-health or az aks check-acr, or one of their codes.",
        epilog=EXPLAIN_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    explain.add_argument("message", metavar="MESSAGE", help="the message, or - for stdin (up to 1 MiB)")
    explain.add_argument("--snapshot", metavar="FILE", help="say what of it holds in this snapshot; reads nothing else")
    explain.add_argument("--cluster", action="append", metavar="ID", help="only this cluster of the snapshot")
    explain.add_argument("--config", metavar="FILE", help="a configuration that names a snapshot")
    return top


def pytest_arguments(options: argparse.Namespace, checks: Path) -> list[str]:
    """Return the arguments of the isolated pytest for *options*."""
    plugins = [part for plugin in PLUGINS for part in ("-p", plugin)]
    arguments = [
        "--disable-plugin-autoload",
        *plugins,
        "-p",
        "no:cacheprovider",
        "-p",
        "no:unraisableexception",  # it collects garbage at the end, for warnings that stop no gate
        "-p",
        "no:threadexception",
        "-c",
        str(Path(__file__).with_name("pytest.ini")),
        f"--rootdir={checks.parent}",
        f"--confcutdir={checks}",
        "--import-mode=importlib",
        "--assert=plain",
        "--no-header",
        "-v" if options.verbose else "-q",
        "--tb=short",
    ]
    for name in PASSED_ON:
        value = getattr(options, name)
        values = value if isinstance(value, list) else [value] if value is not None else []
        arguments += [f"--pullready-{name.replace('_', '-')}={one}" for one in values]
    arguments += [f"-k={options.keyword}"] if options.keyword else []
    arguments += ["-x"] if options.exit_first else []
    arguments += [f"--junitxml={options.junitxml}"] if options.junitxml else []
    arguments += [f"--html={options.html}", "--self-contained-html"] if options.html else []
    return [*arguments, str(checks)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments* (default: the process's own) and return the exit code."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:
        return int(Exit.USAGE) if end.code else int(Exit.READY)
    try:
        return _COMMANDS[options.command](options)
    except InputError as problem:
        sys.stderr.write(f"ERROR: {str(problem).replace('--pullready-', '--')}\n")
        return int(Exit.USAGE)
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:  # who read the output has closed it, as `head` does; Python must not flush into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.INTERRUPTED)


def _run(options: argparse.Namespace) -> int:
    import pytest

    from pullready.catalogue import checks_folder

    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    return int(pytest.main(pytest_arguments(options, checks_folder())))


def _explain(options: argparse.Namespace) -> int:
    from pullready.explain import Question, answer

    question = Question(options.message, options.snapshot, options.config, tuple(options.cluster or ()))
    return _answered(lambda: answer(question))


def _path(options: argparse.Namespace) -> int:
    from pullready.trace import Wanted, trace

    wanted = Wanted(
        options.cluster, options.registry, options.pool, options.snapshot, options.config, evidence=options.evidence
    )
    return _answered(lambda: trace(wanted, lambda line: print(line, file=sys.stderr)))


def _answered(ask: Callable[[], tuple[str, Exit]]) -> int:
    """Print the answer and return its exit code; what breaks is said without what it quotes."""
    try:
        said, code = ask()
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  (what a check breaks with may quote what it read)
        at = extract_tb(error.__traceback__)[-1]
        place = f"{Path(at.filename).name}:{at.lineno}"
        sys.stderr.write(f"ERROR: {type(error).__name__} at {place}: this is a bug of pullready, report it\n")
        return int(Exit.INTERNAL)
    print(said, flush=True)
    return int(code)


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "run": _run,
    "path": _path,
    "explain": _explain,
}


if __name__ == "__main__":
    sys.exit(main())
