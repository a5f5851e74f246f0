"""Make the page of what goes wrong on the way to Azure and what comes of it, from the table that a test proves.

python -m tools.reliability            write it
python -m tools.reliability --check    fail where the one on disk differs
"""

from __future__ import annotations

import sys
from typing import Final

from pullready.collectors import pages, paths
from pullready.snapshot import Status
from tests.azure.faults import FEW_PAGES, ROWS, Row
from tools import keep
from tools.pages import DOCS

PAGE: Final = DOCS / "reliability.md"
HOSTS: Final = {"arm": "management.azure.com", "graph": "graph.microsoft.com"}
HEAD: Final = """\
# What goes wrong on the way to Azure

Each row is a fault between a run and Azure, and what comes of it. A test makes the fault happen to a run over two
clusters, through the real clients and a real connection, and proves the row: the run ends in time, says the one line
and no other, reads everything else, and judges as if the document had been refused from the start. So only the checks
that need it are *unknown*, and the run ends with exit code 10, never 0. What is *overcome* changes no verdict. Where
a document is *not there*, the checks go by that. `…` stands for the document's id.

Times have limits. A request waits ten seconds for a connection, a minute for each part of the answer and three
minutes for all of it; a document is given up after five minutes, and a service that had no answer for 32 documents in
a row is asked no more. Requests go out no faster than Azure Resource Manager lets them through (250 reads of a
subscription at once, and 25 more each second), less where its answers say that fewer are left; a refusal holds back
everything that has the same limit. So a fleet is read at the pace of that limit, and no document of it is lost.
Ctrl-C ends a run at once with exit code 2; the reports say what was judged until then.

| fault | what pullready does | outcome | the line it says |
|---|---|---|---|
"""
OUTCOMES: Final = {Status.READ: "overcome", Status.NOT_FOUND: "not there"}


def filled(text: str, host: str, document: str) -> str:
    """Return *text*, which stands in a row, with the *host* and the *document* that it is about."""
    return text.format(host=host, id=document, scope=paths.scope_of(document) if "/" in document else document)


def page() -> str:
    """Return the page."""
    return HEAD + "".join(f"| {' | '.join(cells(row))} |\n" for row in ROWS)


def cells(row: Row) -> tuple[str, str, str, str]:
    """Return what stands in the columns of *row*."""
    service = "graph" if (row.document or "").startswith("graph:") else "arm"
    line = ""
    if row.says:
        says = filled(". ".join(filter(None, (row.says.rstrip("."), row.remedy))), HOSTS[service], "…")
        line = f"`cannot read …: {says}`".replace(f"than {FEW_PAGES} pages", f"than {pages.MOST_PAGES} pages")
    return row.fault, row.does, OUTCOMES.get(row.status, "unknown"), line


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with what is on disk; return the exit code."""
    return keep(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
