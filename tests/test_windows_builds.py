"""Builds of Windows: which images containerd takes for a node, which of them run there, and what tells a node's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from pullready.errors import FactUnavailable
from pullready.facts.scheduling import Truth
from pullready.facts.windows_builds import WindowsBuild, build, node_builds
from tests.test_predicates_platform import pool

W2016: Final = "10.0.14393"
W2019: Final = "10.0.17763"
W2022: Final = "10.0.20348"
ANNUAL: Final = "10.0.25398"
W2025: Final = "10.0.26100"


def known(version: str) -> WindowsBuild:
    found = build(version)
    assert found
    return found


@pytest.mark.parametrize(
    ("host", "version", "taken"),
    [
        (W2019, "10.0.17763.6293", True),
        (W2019, "10.0.17763", True),
        (W2019, "10.0.17763.1", True),
        (W2019, "", True),
        (W2019, W2016, False),
        (W2019, "10.0.17764.1", False),
        (W2019, "10.0.20348.2700", False),
        (W2022, "10.0.20348.2700", True),
        (W2022, "", True),
        (W2022, "10.0.17763.6293", False),
        (W2022, "10.0.20349.1", False),
        (W2022, "10.0.26100.4061", False),
        (ANNUAL, "10.0.25398.1611", True),
        (ANNUAL, "10.0.20348.2700", True),
        (ANNUAL, "10.0.17763.6293", False),
        (ANNUAL, "10.0.26100.4061", False),
        (W2025, "10.0.26100.4061", True),
        (W2025, "10.0.25398.1611", True),
        (W2025, "10.0.20348.2700", True),
        (W2025, "10.0.20347.1", False),
        (W2025, "10.0.17763.6293", False),
        (W2025, "10.1.20348.2700", False),
        (W2025, "6.0.20348.2700", False),
        (W2025, "10.0", False),
        (W2025, "ltsc2022", False),
        (W2025, "10.0.20348-beta", False),
    ],
)
def test_containerd_takes_the_builds_that_the_node_may_run(host: str, version: str, *, taken: bool) -> None:
    assert known(host).takes(version) is taken


@pytest.mark.parametrize(
    ("host", "made", "runs"),
    [
        (W2019, W2019, True),
        (W2019, W2022, False),
        (W2022, W2022, True),
        (W2022, W2019, False),
        (W2022, W2025, False),
        (ANNUAL, ANNUAL, True),
        (ANNUAL, W2022, True),
        (ANNUAL, W2019, False),
        (ANNUAL, W2025, False),
        (W2025, W2025, True),
        (W2025, W2022, True),
        (W2025, W2019, False),
        (W2025, ANNUAL, None),
    ],
)
def test_a_node_runs_its_own_build_and_later_ones_that_of_2022(host: str, made: str, *, runs: Truth) -> None:
    assert known(host).runs(known(made)) is runs


@pytest.mark.parametrize(
    ("version", "name", "tag", "sku"),
    [
        (W2019, "10.0.17763 (Windows Server 2019)", "ltsc2019", None),
        (W2022, "10.0.20348 (Windows Server 2022)", "ltsc2022", "Windows2022"),
        (ANNUAL, "10.0.25398", "10.0.25398", None),
        ("10.0.26100.4061", "10.0.26100 (Windows Server 2025)", "ltsc2025", "Windows2025"),
    ],
)
def test_what_a_build_is_called(version: str, name: str, tag: str, sku: str | None) -> None:
    made = known(version)
    assert (made.name, made.tag, made.sku) == (name, tag, sku)


IMAGE: Final = "the nodes of win1 have Windows"


@pytest.mark.parametrize(
    ("sku", "image", "builds"),
    [
        ("Windows2019", None, [W2019]),
        ("Windows2022", None, [W2022]),
        ("windows2025", None, [W2025]),
        ("Windows2022", "AKSWindows-2022-containerd-20348.2031.231011", [W2022]),
        ("Windows2022", "AKSWindows-2022-containerd-gen2-20348.4529.251212", [W2022]),
        ("Windows2019", "AKSWindows-2019-17763.2061.210714", [W2019]),
        ("WindowsAnnual", "AKSWindows-23H2-gen2-25398.1611.250518", [ANNUAL]),
        (None, "AKSWindows-2025-26100.7462.251212", [W2025]),
        ("Windows2022", "akswindows-2025-gen2-26100.6905.251027", [W2022, W2025]),
        ("Windows2022", "Windows", [W2022]),
    ],
)
def test_the_node_image_and_the_sku_tell_the_build(
    tmp_path: Path, sku: str | None, image: str | None, builds: list[str]
) -> None:
    found = node_builds(pool(tmp_path, 2, osSKU=sku, nodeImageVersion=image))
    assert [str(one) for one in found.possible] == builds
    assert [one.says for one in found.evidence] == [f"{IMAGE} {one}" for one in builds]


@pytest.mark.parametrize(
    "changes",
    [
        {"osSKU": None},
        {"osSKU": "WindowsAnnual"},
        {"osSKU": "Windows2022Gen2"},
        {"osSKU": None, "nodeImageVersion": "AKSWindows-2022-containerd"},
        {"osSKU": None, "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202512.18.0"},
    ],
)
def test_nothing_is_told_by_what_is_not_understood(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(FactUnavailable, match="the Windows build of the nodes of win1 is not known"):
        node_builds(pool(tmp_path, 2, **changes))
