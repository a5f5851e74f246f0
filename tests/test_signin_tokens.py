"""Tokens over time: each is fetched once, again before its end, and again when a service no longer takes it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from pullready.collectors.answers import Unreadable
from tests.azure.places import WITH_SECRET, Place, on_a_machine, with_token_file


def at_once(count: int, ask: Callable[[], str]) -> list[str]:
    """Return what so many threads get that *ask* together."""
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(ask) for _ in range(count)]]


@pytest.mark.parametrize("lasts", [-7200, 7200, 90], ids=["clock-is-ahead", "clock-is-behind", "ends-soon"])
def test_a_token_is_fetched_once_whatever_the_clock_says(lasts: int, place: Place) -> None:
    place.has_az(lasts=lasts)
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    assert len({*at_once(16, lambda: sign_in.token(arm)), *at_once(16, lambda: sign_in.token(arm))}) == 1
    assert len(place.calls()) == 1


def later(place: Place, seconds: float) -> None:
    """Let it be so many seconds later, to the tokens that are kept, than it is."""
    place.monkeypatch.setattr("pullready.collectors.signin.monotonic", lambda: time.monotonic() + seconds)


def test_a_token_near_its_end_is_fetched_again_once(place: Place) -> None:
    place.is_with(WITH_SECRET)
    place.standin.entra.lifetime = 200
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    assert len(place.standin.tokens) == 1
    later(place, 61)
    [second] = {*at_once(16, lambda: sign_in.token(arm))}
    assert second != first
    assert len(place.standin.tokens) == 2


def test_a_token_that_lasts_serves_on_while_there_is_no_new_one(place: Place) -> None:
    place.is_with(WITH_SECRET)
    place.standin.entra.lifetime = 200
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    place.standin.entra.refusal = "AADSTS50000: There's an issue with the sign-in service."
    later(place, 61)
    begin = len(place.standin.sign_ins)
    assert {*at_once(16, lambda: sign_in.token(arm))} == {first}
    assert len(place.standin.sign_ins) == begin + 1
    later(place, 301)
    with pytest.raises(Unreadable, match="AADSTS50000"):
        sign_in.token(arm)


RENEWED: Final[dict[str, Callable[[Place], dict[str, str]]]] = {
    "client-secret": lambda _: WITH_SECRET,
    "workload-identity": with_token_file,
    "managed-identity": on_a_machine,
    "azure-pipelines": lambda place: place.issuers.environ("Azure Pipelines"),
}


@pytest.mark.parametrize("kind", RENEWED)
def test_a_refused_token_is_renewed_once_for_all(kind: str, place: Place) -> None:
    place.is_with(RENEWED[kind](place))
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    place.standin.entra.revoke()
    [second] = {*at_once(16, lambda: sign_in.renew(arm, first))}
    assert second != first
    assert {*at_once(16, lambda: sign_in.renew(arm, second))} == {second}, "what was just renewed is not renewed"
    assert sign_in.token(arm) == second
    assert len(place.standin.tokens) == 2
    later(place, 61)
    assert sign_in.renew(arm, second) not in (first, second)


def test_a_refused_token_that_az_gives_again_is_asked_for_once(place: Place) -> None:
    place.has_az()
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    assert {*at_once(16, lambda: sign_in.renew(arm, first))} == {first}
    assert len(place.calls()) == 2


def test_what_a_service_asks_for_beside_is_passed_on(place: Place) -> None:
    challenge = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    place.is_with(WITH_SECRET)
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    assert sign_in.renew(arm, first, challenge) != first
    assert [json.loads(one) for one in place.standin.entra.challenges] == [json.loads(challenge)]


def test_az_cannot_answer_a_challenge_and_the_old_token_serves_on(place: Place) -> None:
    place.has_az()
    sign_in = place.sign_in()
    arm = place.standin.urls["arm"]
    first = sign_in.token(arm)
    with pytest.raises(Unreadable, match="Azure CLI: not signed in"):
        sign_in.renew(arm, first, '{"access_token":{}}')
    assert sign_in.token(arm) == first
