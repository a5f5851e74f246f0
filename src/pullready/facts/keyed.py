"""Comparing secrets by the hashes that are kept in their place."""

from __future__ import annotations


def are_equal(one: str | None, other: str | None) -> bool | None:
    """Say whether two keyed hashes are of the same secret; none where one is missing, or of another run's key."""
    if not one or not other or one.partition(":")[0] != other.partition(":")[0]:
        return None
    return one == other
