"""What is kept of security admin rules: what they say of traffic, and nothing that people wrote beside it."""

from __future__ import annotations

from typing import Any, Final

from pullready.collectors.paths import ADMIN_RULES, type_of

_RULE: Final = ("id", "kind")
_PROPERTIES: Final = (
    "access",
    "direction",
    "priority",
    "protocol",
    "sources",
    "destinations",
    "sourcePortRanges",
    "destinationPortRanges",
)


def reduced(id_: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of the document *id_*: all of it, but of security admin rules."""
    rules = body.get("value")
    if type_of(id_) != ADMIN_RULES or not isinstance(rules, list):
        return body
    return {"value": [_kept(rule) if isinstance(rule, dict) else rule for rule in rules]}


def _kept(rule: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: rule[key] for key in _RULE if key in rule}
    properties = rule.get("properties")
    if isinstance(properties, dict):
        kept["properties"] = {key: properties[key] for key in _PROPERTIES if key in properties}
    return kept
