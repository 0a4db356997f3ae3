"""Rate limits: exact under parallel callers, alive without Valkey, silent about who is counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from app.core.clock import monotonic
from app.core.errors import TooMany
from app.core.ratelimit import Limit, RateLimiter
from app.core.settings import Settings

TEN = Limit("test", 10, 300)


@pytest.fixture
def limiter(make_settings: Callable[..., Settings]) -> RateLimiter:
    return RateLimiter(make_settings())


@pytest.fixture
def lonely(make_settings: Callable[..., Settings]) -> RateLimiter:
    """A limiter whose Valkey is away."""
    return RateLimiter(make_settings(redis_url="redis://127.0.0.1:1/0"))


def test_the_limit_is_exact_when_many_ask_at_once(limiter: RateLimiter) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: limiter.hit(TEN, "ana@example.com"), range(60)))
    assert waits.count(None) == 10
    assert all(1 <= wait <= 300 for wait in waits if wait is not None)


def test_identities_and_names_are_counted_apart(limiter: RateLimiter) -> None:
    for _ in range(10):
        limiter.hit(TEN, "a")
    assert limiter.hit(TEN, "b") is None
    assert limiter.hit(Limit("other", 10, 300), "a") is None


def test_processes_share_the_count(limiter: RateLimiter, make_settings: Callable[..., Settings]) -> None:
    for _ in range(10):
        limiter.hit(TEN, "a")
    assert RateLimiter(make_settings()).hit(TEN, "a") is not None


def test_no_identity_reaches_valkey(limiter: RateLimiter, valkey_url: str) -> None:
    limiter.hit(TEN, "ana@example.com")
    with redis.Redis.from_url(valkey_url) as client:
        keys = client.keys("*")
    assert len(keys) == 1
    assert b"ana" not in keys[0]


def test_a_reservation_counts_nothing_when_one_of_its_limits_is_full(limiter: RateLimiter) -> None:
    full, open_ = Limit("full", 1, 300), Limit("open", 5, 300)
    limiter.hit(full, "")
    for _ in range(20):
        with pytest.raises(TooMany) as refusal:
            limiter.reserve([(open_, "x"), (full, "")])
    assert refusal.value.retry_after
    assert [limiter.hit(open_, "x") for _ in range(5)] == [None] * 5
    assert limiter.hit(open_, "x") is not None


@pytest.mark.parametrize("which", ["limiter", "lonely"])
def test_what_is_given_back_was_never_counted(which: str, request: pytest.FixtureRequest) -> None:
    limiter: RateLimiter = request.getfixturevalue(which)
    for _ in range(30):
        limiter.reserve([(TEN, "a")])
        limiter.give_back([(TEN, "a")])
    assert [limiter.hit(TEN, "a") for _ in range(10)] == [None] * 10
    assert limiter.hit(TEN, "a") is not None


def test_without_valkey_each_process_counts_by_itself_and_does_not_wait(lonely: RateLimiter) -> None:
    start = monotonic()
    waits = [lonely.hit(TEN, "a") for _ in range(12)]
    assert waits[:10] == [None] * 10
    assert None not in waits[10:]
    assert monotonic() - start < 1


@pytest.mark.parametrize(
    ("limits", "costs", "passed"),
    [
        ((None, None, None), [1000] * 3, [True] * 3),
        ((2, None, None), [1, 1, 1], [True, True, False]),
        ((None, 3, None), [2, 2, 1], [True, False, True]),
        ((None, None, 5), [5, 1], [True, False]),
        ((10, 100, 5), [6, 5], [False, True]),
        ((10, None, None), [11], [False]),
    ],
)
def test_a_clients_limits_count_each_event(
    limiter: RateLimiter, limits: tuple[int | None, int | None, int | None], costs: list[int], passed: list[bool]
) -> None:
    waits = [limiter.check_client("client", limits, cost) for cost in costs]
    assert [wait is None for wait in waits] == passed


def test_a_client_passes_while_valkey_is_away(lonely: RateLimiter) -> None:
    assert [lonely.check_client("client", (1, 1, 1)) for _ in range(5)] == [None] * 5
