"""Make the pages that repeat what the code says: the checks' pages and index, the README's table, the permissions.

python tools/pages.py            write them
python tools/pages.py --check    fail where one on disk differs
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from pullready import catalogue, config
from pullready.collectors.permissions import AnyPermission, GraphPermission, KubernetesRule, Permission, permissions
from pullready.explain import Question, answer
from pullready.facts import Need, needs_of
from pullready.preflight import Surroundings, judge_all
from pullready.reports import text
from pullready.spec import Check
from pullready.trace import Wanted, trace
from tools.examples import CAPTURED_AT

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
FAMILIES: Final = {
    "identity": "May the one who pulls do so?",
    "secret": "Are the pull secrets of the cluster good?",
    "image": "Is the reference right, and is the image there?",
    "network": "Does the node reach the registry?",
    "platform": "Does the image run on the node that it lands on?",
}
BEGIN: Final = "<!-- checks: made by tools/pages.py -->"
END: Final = "<!-- end of checks -->"
BEGIN_RUN: Final = "<!-- run: made by tools/pages.py -->"
END_RUN: Final = "<!-- end of run -->"
#: The example whose run the README shows.
SHOWN: Final = "manifests_examples/broken/image-reference-registry-unknown/pullready.yaml"
BEGIN_EXPLAINED: Final = "<!-- explained: made by tools/pages.py -->"
END_EXPLAINED: Final = "<!-- end of explained -->"
BEGIN_TRACED: Final = "<!-- traced: made by tools/pages.py -->"
END_TRACED: Final = "<!-- end of traced -->"
#: The example in which the README traces a way, and from where to where.
TRACED: Final = "manifests_examples/broken/hub-firewall-blocks-private-endpoint/pullready.yaml"
TRACED_WAY: Final = ("stage", "stageimages")
#: The example whose symptom the README explains, and that symptom.
EXPLAINED: Final = "manifests_examples/broken/pod-os-nodeselector-mismatch/pullready.yaml"
SYMPTOM: Final = (
    'Failed to pull image "shopimages.azurecr.io/billing:7.0.3": no match for platform in manifest: not found'
)
HEADINGS: Final = ("Symptom", "Cause", "Fix")


def page(check: Check, needs: dict[str, frozenset[Need]]) -> str:
    """Return the page of *check*: its docstring, and what it needs to read."""
    title, _, rest = check.page.partition("\n")
    follows = ", ".join(f"[`{root}`]({root}.md)" for root in check.follows_from)
    rows = [
        ("id", f"`{check.id}`"),
        ("severity", str(check.severity)),
        ("family", f"{check.family}: {FAMILIES[check.family]}"),
        ("explained by", follows or "nothing else"),
        ("reads", ", ".join(sorted(needs[check.id]))),
        ("reference", f"<{check.reference}>"),
    ]
    example = ROOT / "manifests_examples" / "broken" / check.id
    lines = [
        f"# {title.rstrip('.')}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        markdown(rest.strip()),
        "",
    ]
    if example.is_dir():
        folder = f"manifests_examples/broken/{check.id}"
        lines += [f"An example of the fault: [`{folder}`](../../{folder}/README.md).", ""]
    lines += ["What must be allowed for it to read: [permissions](../permissions.md).", ""]
    return "\n".join(lines)


def markdown(docstring: str) -> str:
    """Return *docstring*, which marks code as reStructuredText does, as Markdown."""
    lines: list[str] = []
    in_code = False
    for line in docstring.replace("``", "`").splitlines():
        indented = line.startswith("    ")
        if in_code and line and not indented:
            while not lines[-1]:
                lines.pop()
            lines += ["```", ""]
            in_code = False
        if not in_code and indented:
            lines.append("```sh")
            in_code = True
        heading = next((one for one in HEADINGS if line.startswith(f"{one}: ")), None)
        if heading:
            first = line.removeprefix(f"{heading}: ")
            lines += [f"## {heading}", "", first[:1].upper() + first[1:].replace("::", ":")]
        else:
            lines.append(line[4:] if in_code else line.removesuffix("::") + (":" if line.endswith("::") else ""))
    if in_code:
        lines.append("```")
    return "\n".join(lines)


def table(checks: Iterable[Check], folder: str) -> str:
    """Return the table of *checks*; *folder* is where their pages are, seen from the page that shows it."""
    lines = ["| check | what holds when it is clear | severity |", "|---|---|---|"]
    lines += [f"| [`{check.id}`]({folder}{check.id}.md) | {check.title} | {check.severity} |" for check in checks]
    return "\n".join(lines)


def index(checks: list[Check]) -> str:
    """Return the index of all checks, by family."""
    lines = ["# The checks", "", "Each asserts the invariant that prevents one documented failure.", ""]
    ordered = sorted(checks, key=lambda check: (list(FAMILIES).index(check.family), check.id))
    for family, members in groupby(ordered, key=lambda check: check.family):
        lines += [f"## {family}: {FAMILIES[family]}", "", table(members, ""), ""]
    return "\n".join(lines)


def declared() -> Iterator[tuple[tuple[Need, ...], AnyPermission]]:
    """Yield every permission that a collector declares, with the needs that it is for."""
    for collector in permissions():
        for one in collector.permissions:
            yield collector.needs, one


def custom_role() -> dict[str, Any]:
    """Return an Azure role definition that allows what the collectors read and nothing else."""
    needed = {one for _, one in declared() if isinstance(one, Permission) and not one.opt_in}

    def actions(*, of_data: bool) -> list[str]:
        return sorted({one.action for one in needed if one.is_data is of_data}, key=str.casefold)

    return {
        "Name": "pullready reader",
        "IsCustom": True,
        "Description": "Reads what pullready judges: clusters, registries, role assignments, and networks.",
        "Actions": actions(of_data=False),
        "NotActions": [],
        "DataActions": actions(of_data=True),
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/00000000-0000-0000-0000-000000000000"],
    }


def cluster_role() -> str:
    """Return a Kubernetes ClusterRole for reading the live cluster, without what is opt-in."""
    rules = [one for _, one in declared() if isinstance(one, KubernetesRule) and one.opt_in is None]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "pullready-reader"},
        "rules": [
            {"apiGroups": [one.group], "resources": list(one.resources), "verbs": list(one.verbs)}
            for one in dict.fromkeys(rules)
        ],
    }
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(role, stream)
    return stream.getvalue()


def permissions_page(checks: list[Check], needs: dict[str, frozenset[Need]]) -> str:
    """Return the page of all that must be allowed, and which checks it is for."""
    arm: dict[str, tuple[Permission, set[Need]]] = {}
    graph: dict[str, tuple[dict[str, None], set[Need]]] = {}
    kubernetes: dict[KubernetesRule, None] = {}
    for needed_for, one in declared():
        match one:
            case Permission():
                arm.setdefault(one.action, (one, set()))[1].update(needed_for)
            case GraphPermission():
                reasons, wanted = graph.setdefault(one.name, ({}, set()))
                reasons[one.why] = None
                wanted.update(needed_for)
            case KubernetesRule():
                kubernetes[one] = None

    def users(wanted: set[Need]) -> str:
        ids_ = [f"[`{check.id}`](checks/{check.id}.md)" for check in checks if needs[check.id] & wanted]
        return "all" if len(ids_) == len(checks) else ", ".join(ids_)

    beyond = [action for action in custom_role()["Actions"] if not action.endswith("/read")]

    def opt_in(one: Permission) -> str:
        return f"; only with `{one.opt_in}`, and not in the custom role" if one.opt_in else ""

    lines = [
        "# Permissions",
        "",
        "pullready only reads. What is not allowed is *unknown* for the checks that need it, never clear.",
        "A check reads only what it needs, so a selection of checks needs less than the whole list.",
        "",
        "## Azure",
        "",
        "| action | where | for |",
        "|---|---|---|",
        *(
            f"| `{action}` | {one.scope}{opt_in(one)} | {users(wanted)} |"
            for action, (one, wanted) in sorted(arm.items(), key=lambda item: item[0].casefold())
        ),
        "",
        "As a custom role, [custom-role.json](custom-role.json), to be assigned at the subscriptions of the resources.",
        "At resource groups alone, it leaves unknown what the lists of a subscription are read for",
        "([ADR 8](adr/0008-a-list-counts-where-it-is-whole.md)):",
        "",
        "```sh",
        "az role definition create --role-definition docs/custom-role.json",
        "```",
        "",
        "The built-in role Reader contains all of it but",
        " and ".join(f"`{action}`" for action in beyond) + ",",
        "which only read, though Azure counts them among the actions that do more. Without them nobody knows what",
        "Azure Virtual Network Manager does to the nodes' network. With Reader alone, `nsg-blocks-registry-egress` and",
        "`tls-handshake-timeout-path` are never clear: they find what network security groups deny, and all else is",
        "unknown; and `vnet-peering-missing-or-disconnected` does not find that a peering was never made. On a",
        "registry that does not grant by repository, Reader also lets its holder pull images, as the custom role does:",
        "what a registry holds is read as a node reads it, and so its layers could be. Where a registry grants by",
        "repository, Reader holds no data action; Container Registry Repository Reader holds both. With",
        "`read-registries: false` in the configuration none of the three is needed.",
        "",
        "## Microsoft Graph",
        "",
        "| application permission | when | for |",
        "|---|---|---|",
        *(
            f"| `{name}` | {'; '.join(reasons)} | {users(wanted)} |"
            for name, (reasons, wanted) in sorted(graph.items())
        ),
        "",
        "## Kubernetes",
        "",
        "Only with `context` in the configuration or `--pullready-context`. As a ClusterRole,",
        "[cluster-role.yaml](cluster-role.yaml):",
        "",
        "| group | resources | verbs | |",
        "|---|---|---|---|",
        *(
            f"| `{one.group or 'core'}` | {', '.join(one.resources)} | {', '.join(one.verbs)} "
            f"| {f'only with `{one.opt_in}`, and not in the ClusterRole' if one.opt_in else ''} |"
            for one in kubernetes
        ),
        "",
    ]
    return "\n".join(lines)


def shown_run() -> str:
    """Return the command and the output of a run over an example, without what pytest says around it."""
    configuration = config.load(ROOT / SHOWN)
    run = judge_all(configuration, Surroundings(CAPTURED_AT, lambda: b"", lambda _: None))
    blocks = [text.block(result) for result in run.results if result.gating]
    notice, rest = text.summary(run).split("\n", 1)
    return "\n".join(("```console", f"$ pullready run --config {SHOWN}", notice, *blocks, rest, "```"))


def shown_explanation() -> str:
    """Return the command and the output of explaining a symptom with the snapshot of its example."""
    said, _ = answer(Question(SYMPTOM, config=str(ROOT / EXPLAINED)))
    return "\n".join(("```console", f"$ pullready explain --config {EXPLAINED} \\", f"    '{SYMPTOM}'", said, "```"))


def shown_way() -> str:
    """Return the command and the output of tracing a way in an example."""
    cluster, registry = TRACED_WAY
    said, _ = trace(Wanted(cluster, registry, config=str(ROOT / TRACED)), lambda _: None)
    return "\n".join(("```console", f"$ pullready path {cluster} {registry} --config {TRACED}", said, "```"))


def between(page: str, begin: str, made: str, end: str) -> str:
    """Return *page* with *made* between the markers *begin* and *end*."""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{made}\n{end}{after}"


def contents() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    checks = list(catalogue.load().values())
    needs = {check.id: needs_of(check.facts) for check in checks}
    for check in checks:
        yield DOCS / "checks" / f"{check.id}.md", page(check, needs)
    yield DOCS / "checks" / "README.md", index(checks)
    yield DOCS / "permissions.md", permissions_page(checks, needs)
    yield DOCS / "custom-role.json", json.dumps(custom_role(), indent=2) + "\n"
    yield DOCS / "cluster-role.yaml", cluster_role()
    readme = ROOT / "README.md"
    filled = between(readme.read_text(encoding="utf-8"), BEGIN_RUN, shown_run(), END_RUN)
    filled = between(filled, BEGIN_EXPLAINED, shown_explanation(), END_EXPLAINED)
    filled = between(filled, BEGIN_TRACED, shown_way(), END_TRACED)
    yield readme, between(filled, BEGIN, table(checks, "docs/checks/"), END)


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them with what is on disk; return the exit code."""
    made = dict(contents())
    strange = {path for path in (DOCS / "checks").glob("*.md") if path not in made}
    stale = [path for path, new in made.items() if not path.exists() or path.read_text(encoding="utf-8") != new]
    if "--check" in arguments:
        for path in (*stale, *strange):
            print(f"{path.relative_to(ROOT)} is stale: run make docs", file=sys.stderr)
        return 1 if stale or strange else 0
    for path in strange:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
