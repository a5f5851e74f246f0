"""The pace of requests: tokens, pauses, what answers say of both, and a fleet that is read at the pace of the limit."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from benchmarks import throttling
from pullready.collectors import pacing
from pullready.collectors.pacing import Bucket, Limit, Pace
from tests.azure.fixtures import Serve

GRAPH = "https://m/providers/Microsoft.ResourceGraph/resources"
SUBSCRIPTION = "https://management.azure.com/subscriptions/a"
GROUP = f"{SUBSCRIPTION}/resourceGroups/b/providers"


class Clock:
    """A clock that stands until somebody sets it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(bucket: Bucket) -> int:
    """Return how many come out at once."""
    count = 0
    while not bucket.take():
        count += 1
    return count


def test_a_bucket_gives_what_it_holds_and_then_what_comes_in(clock: Clock) -> None:
    bucket = Bucket(Limit(10, 2), clock)
    assert taken(bucket) == 10
    assert bucket.take() == pytest.approx(0.5, abs=0.01)
    clock.now = 3
    assert taken(bucket) == 6
    clock.now = 1000
    assert taken(bucket) == 10


def test_a_refusal_holds_all_back_and_then_lets_them_out_one_by_one(clock: Clock) -> None:
    bucket = Bucket(Limit(10, 2), clock)
    assert bucket.pause(clock.now, 5) == 5
    assert bucket.take() == pytest.approx(5.5, abs=0.01)
    clock.now = 5
    assert bucket.pause(4, 2) == 2, "of what went out before, a longer time counts"
    clock.now = 7.5
    assert taken(bucket) == 1
    clock.now = 8
    assert taken(bucket) == 1


def test_without_a_time_pauses_double_until_one_goes_through(clock: Clock) -> None:
    bucket = Bucket(Limit(10, 2), clock)
    pauses = []
    for _ in range(8):
        pauses.append(bucket.pause(clock.now, None))
        clock.now += pauses[-1]
    for number, pause in enumerate(pauses):
        least = min(pacing.LONGEST_PAUSE, pacing.FIRST_PAUSE * 2**number)
        assert least <= pause + 1e-6
        assert pause <= min(pacing.LONGEST_PAUSE, 1.5 * least) + 1e-6
    bucket.answered(clock.now, None, 0)
    assert bucket.pause(clock.now, None) <= 1.5 * pacing.FIRST_PAUSE


def test_a_pace_that_is_too_fast_is_halved_and_recovers(clock: Clock) -> None:
    bucket = Bucket(Limit(10, 8), clock)
    for _ in range(2):
        bucket.pause(clock.now, 1)
        clock.now += 1
        bucket.answered(clock.now, None, 0)
    bucket.pause(clock.now, 1)
    clock.now += 2
    assert taken(bucket) == 2, "the third refusal is the second that followed a success"
    for _ in range(200):
        bucket.answered(clock.now, None, 0)
    clock.now += 1
    assert taken(bucket) == 8


@pytest.mark.parametrize(("left", "later", "more"), [(3, 0, 4), (0, 0, 1), (500, 0, 50), (45, 3, 10)])
def test_what_a_service_says_is_left_counts(left: int, later: int, more: int, clock: Clock) -> None:
    bucket = Bucket(Limit(50, 2), clock)
    if later or left > 50:
        taken(bucket)
    bucket.answered(clock.now, left, later)
    assert taken(bucket) == more


def test_what_was_said_before_a_refusal_is_forgotten(clock: Clock) -> None:
    bucket = Bucket(Limit(50, 2), clock)
    clock.now = 1
    bucket.pause(0, 1)
    bucket.answered(0, 500, 0)
    clock.now = 2
    assert taken(bucket) == 0


@pytest.mark.parametrize(
    ("method", "url", "other", "shared"),
    [
        ("GET", f"{GROUP}/Microsoft.Network/x/y", ("GET", f"{GROUP}/microsoft.network/x/z"), (True, True)),
        ("GET", f"{GROUP}/Microsoft.Network/x/y", ("GET", f"{GROUP}/Microsoft.Compute/x/z"), (True, False)),
        ("GET", f"{GROUP}/Microsoft.Network/x/y", ("POST", f"{GROUP}/Microsoft.Network/x/y"), (False, False)),
        ("GET", f"{GROUP}/A.B/x/y/providers/C.D/z", ("GET", f"{GROUP}/C.D/e/f"), (True, True)),
        ("GET", f"{SUBSCRIPTION}/x", ("GET", f"{SUBSCRIPTION}b/x"), (False, False)),
        (
            "POST",
            "https://m/providers/Microsoft.ResourceGraph/resources",
            ("POST", f"{SUBSCRIPTION}/x"),
            (False, False),
        ),
        ("GET", "https://graph/v1.0/applications", ("POST", "https://graph/v1.0/directoryObjects/x"), (True, True)),
    ],
)
def test_what_shares_a_limit(method: str, url: str, other: tuple[str, str], shared: tuple[bool, bool]) -> None:
    pace = Pace()
    pairs = zip(pace.buckets(method, url), pace.buckets(*other), strict=True)
    assert tuple(one is another for one, another in pairs) == shared


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "7s"}, None),
        ({"Retry-After": formatdate(107, usegmt=True), "Date": formatdate(100, usegmt=True)}, 7),
        ({"Retry-After": formatdate(100, usegmt=True), "Date": formatdate(107, usegmt=True)}, 0),
    ],
)
def test_how_long_a_service_asks_to_wait(headers: dict[str, str], pause: float | None) -> None:
    assert pacing.pause_told(headers) == pause


def test_how_many_a_service_says_are_left() -> None:
    names = ("subscription-reads", "Subscription-Global-Reads", "tenant-reads", "subscription-writes", "resource")
    headers: dict[str, Any] = {f"x-ms-ratelimit-remaining-{name}": str(9 - n) for n, name in enumerate(names)}
    assert pacing.remaining(headers) == 6
    assert pacing.remaining({"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/GetVMScaleSet3Min;197"}) is None


def test_a_fleet_is_read_at_the_pace_of_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    monkeypatch.setattr(pacing, "READS", pacing.READS)
    found = throttling.measure(650, 8, 0.02, tmp_path)
    assert found.lost == 0
    assert found.refused <= throttling.MOST_REFUSED * found.requests
    assert found.wall <= 5 * found.least, "however busy the machine is; how much longer it takes is the benchmark's"
