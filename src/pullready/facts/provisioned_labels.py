"""The labels that a NodePool may give its nodes, as far as pods ask for them.

A NodePool makes a node for pods whose selection it can meet: of the values that it allows, it takes one that they ask
for. A label that neither it nor Azure has is on none of its nodes.

Source: https://karpenter.sh/docs/concepts/scheduling/
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from math import prod
from typing import Final

import msgspec

from pullready.facts.live_nodes import POOL_LABELS
from pullready.facts.pool_labels import LINUX, OS_LABELS, of_architecture
from pullready.facts.provisioning import ProvisioningPool
from pullready.facts.scheduling import Labels, Possible
from pullready.facts.windows_builds import BUILD_LABEL

#: Domains of labels that Kubernetes, Azure or Karpenter set by themselves, whatever a NodePool requires.
_OWN_DOMAINS: Final = ("kubernetes.io", "k8s.io", "karpenter.sh", "karpenter.azure.com", "kubernetes.azure.com")
_OWN_NAMES: Final = frozenset({"agentpool", "storageprofile", "storagetier", "accelerator"})
#: Stands for all values that nobody names.
_ANY_OTHER: Final = "any-other-value"
#: More combinations are not looked through.
_MOST: Final = 4096


class ProvisionedLabels(msgspec.Struct, frozen=True):
    """The values that labels may have: ``sure`` ones that nodes get if asked for, and ``open_`` ones that they may."""

    sure: Labels
    open_: Labels

    def combinations(self, *, with_open: bool) -> Iterator[Labels] | None:
        """Yield labels with one value each, in all combinations; none where those are too many."""
        labels = {**self.open_, **self.sure} if with_open else self.sure
        if prod(map(len, labels.values())) > _MOST:
            return None
        return (
            {key: frozenset({value}) for key, value in zip(labels, values, strict=True)}
            for values in product(*labels.values())
        )


def provisioned_labels(
    pool: ProvisioningPool, wanted: Mapping[str, Collection[str]], os: str, architecture: str
) -> ProvisionedLabels:
    """Return what nodes of *pool* with *os* and *architecture* may have of the labels that are *wanted*, by value."""
    sure: dict[str, Possible] = {**dict.fromkeys(OS_LABELS, frozenset({os})), **of_architecture(architecture)}
    if os == LINUX:
        sure[BUILD_LABEL] = frozenset({None})
    open_: dict[str, Possible] = {}
    for key, values in wanted.items():
        if key in sure:
            continue
        required = pool.requires(key)
        left = frozenset(one for one in _candidates(pool, key, values) if pool.allows(key, one) is not False)
        if not required and not _is_own(key):
            sure[key] = frozenset({None})
        elif key in POOL_LABELS:
            sure[key] = frozenset({None, _ANY_OTHER})
        elif any(one.operator in {"In", "DoesNotExist"} for one in required) or (required and not _is_own(key)):
            sure[key] = left
        elif required:
            open_[key] = left
    return ProvisionedLabels(sure, open_)


def _candidates(pool: ProvisioningPool, key: str, values: Collection[str]) -> set[str | None]:
    """Return values that stand for all that differ to the pods, which ask for *values*, and to *pool*."""
    named = {*values, *(value for one in pool.requires(key) for value in one.values)}
    beside = {str(int(one) + step) for one in named if one.isdecimal() for step in (-1, 1)}
    return {*named, *beside, _ANY_OTHER, None}


def _is_own(key: str) -> bool:
    domain, slash, _ = key.rpartition("/")
    return key in _OWN_NAMES or (
        bool(slash) and any(domain == one or domain.endswith(f".{one}") for one in _OWN_DOMAINS)
    )
