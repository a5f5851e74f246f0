"""Print, as JSON, the columns of Resource Graph's table and every kind of query that is sent to it.

Each query stands with the ids that it is for, as its strings have to mean them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pullready.collectors import resource_graph
from tests.azure.kusto import COLUMNS

GROUP: Final = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups"
#: Names that would end a string, begin a comment or another operator, or stand for another character.
ODD: Final = (
    "shop",
    "shop (test)",
    "Läden_und-mehr.1",
    "o'clock",
    "') or true | project id",
    "back\\slash",
    "end\\",
    "\\') | take 1 | where id in~ ('",
    'say "so"',
    "a\u2028b",
    "日本",
)
#: Columns that are objects.
DYNAMIC: Final = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")


def questions() -> Iterator[tuple[str, ...]]:
    """Yield the ids of each question: of every type, of every odd name, and of as many as go into one."""
    spelt = [type_.partition("/") for type_ in resource_graph.TYPES]
    yield tuple(f"{GROUP}/shop/providers/{provider}/{type_}/one" for provider, _, type_ in spelt)
    odd = [f"{GROUP}/{name}/providers/Microsoft.Network/virtualNetworks/{name}" for name in ODD]
    yield from ((id_,) for id_ in odd)
    yield tuple(odd)
    many = [f"{GROUP}/shop/providers/Microsoft.Network/routeTables/{number}" for number in range(250)]
    yield from resource_graph.batches(many)


def main() -> None:
    """Print columns and queries."""
    columns = {name: "dynamic" if name in DYNAMIC else "string" for name in COLUMNS}
    asked = [{"query": resource_graph.query(ids), "ids": list(ids)} for ids in questions()]
    print(json.dumps({"columns": columns, "asked": asked}))  # noqa: T201  (what the program is for)


if __name__ == "__main__":
    main()
