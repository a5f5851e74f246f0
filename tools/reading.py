"""Make the page of what a run reads, in which order, and why in that order: tried out against the stand-in.

python -m tools.reading            write it
python -m tools.reading --check    fail where the one on disk differs
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pullready.collectors.permissions import Permission, permissions
from tests.azure import runs
from tests.azure.certificates import server_context
from tests.azure.fixtures import BESIDES, signed_in
from tests.azure.rounds import depths, needs
from tests.azure.standin import Standin
from tools import keep
from tools.pages import DOCS

PAGE: Final = DOCS / "reading.md"
HEAD: Final = """\
# What a run reads, and in which order

A run reads in rounds: all that is wanted is asked for at once, at most 32 requests at a time, and what the answers
lead to is asked for next. No document is read twice. The table says for each document of the healthy example's
cluster `prod`, with its three registries, how many answers have to come one after the other until it is there, its
own included. A run takes as many rounds as the largest of these numbers; tests count that, and that no request is
sent twice.

A hub adds rounds, for the firewall stands behind the routes, its policy behind the firewall, and the policy's parent,
rules and IP groups behind each other; there, some rounds are for what no answer forces but only what is judged first.
Manifests are read before, and the live cluster's lists in the first round. A collector that had all that it wanted is
not asked again until one of the documents that it looked for in vain is there: no other answer changes what it wants.

Connections are kept open to ten hosts for each tenant, and to more where the process may have more open files: 32
connections to each host may take a quarter of them (`ulimit -n`). A fleet with more registries is read faster with a
limit of, say, 65536.

`report.json` counts the requests to each service under `source.requests`: `arm`, `graph`, `kubernetes`, `registry` for
all that registries are asked, and `resource-graph` where that is [switched on](configuration.md). Lists of more than
one page take a request for each page. Beside the first list of a subscription pullready asks [what the caller may do
there](adr/0008-a-list-counts-where-it-is-whole.md).

Registries are asked beside the rest, from the third answer on, and each image once: what stands under its tag or
digest, then the manifests in it that the nodes may take, then the configuration of those of which no index names the
platform, and of an image that is not there what the registry says of it. Before that come a challenge and an exchange
for each registry, and a token for each repository. The table leaves them out.

| answers | what is read | known from |
|---|---|---|
"""


#: Resource types by their lower case, as permissions spell them.
_NAMES: Final = {
    one.action.rpartition("/")[0].casefold(): one.action.rpartition("/")[0]
    for declared in permissions()
    for one in declared.permissions
    if isinstance(one, Permission)
}
_ACTIONS: Final = ("listNetworkManagerEffectiveSecurityAdminRules",)


def kind_of(id_: str) -> str:
    """Return what a document is, as Azure's reference calls it."""
    if id_.startswith("graph:"):
        return "Graph: " + re.sub(r"/[0-9a-f-]{36}|\?.*", "", id_.removeprefix("graph:/v1.0/"))
    type_, *rest = id_.partition("?")[0].rpartition("/providers/")[2].split("/")
    named = _NAMES.get("/".join([type_, *rest[::2]]), "/".join([type_, *rest[::2]]))
    return f"list of `{named}`" if len(rest) % 2 and named.rpartition("/")[2] not in _ACTIONS else f"`{named}`"


def rows(needed: Mapping[str, set[str]]) -> list[tuple[int, str, str]]:
    """Return round, kind and the kinds that it is known from, for each kind of document in *needed*."""
    found: dict[tuple[int, str], set[str]] = {}
    depth = depths(needed)
    for id_, others in needed.items():
        last = {kind_of(other) for other in others if depth[other] == depth[id_] - 1}
        found.setdefault((depth[id_], kind_of(id_)), set()).update(last)
    return [(round_, kind, ", ".join(sorted(why))) for (round_, kind), why in sorted(found.items())]


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context, authority = server_context(folder)
        os.environ.update(signed_in(authority))
        for variable in BESIDES:
            os.environ.pop(variable, None)

        def read(standin: Standin) -> None:
            runs.judge(runs.configure(folder, standin, runs.targets("prod")))

        needed = needs(runs.served(), lambda standin: standin.serving(context), read)
    return HEAD + "".join(
        f"| {round_} | {kind} | {why or 'the configuration'} |\n" for round_, kind, why in rows(needed)
    )


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with what is on disk; return the exit code."""
    return keep(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
