"""Who gets how much, as tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.core.ids import uuid7
from app.outbound.claim import DueTarget
from app.outbound.shares import (
    EXTRA_SENDERS,
    HAND_ROWS,
    MAX_SENDERS,
    MOST_SENDERS,
    TARGET_ROWS,
    may_start,
    senders_for,
    wanted,
)

SHARE = MAX_SENDERS // 4
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def target(breaker: str = "closed") -> DueTarget:
    return DueTarget(uuid7(), "conversion", "active", breaker, None, None, NOW, NOW)


@pytest.mark.parametrize(
    ("batch", "senders", "held", "count"),
    [
        (1, 16, 0, 32),  # two calls for each sender
        (1, 16, 20, 12),
        (1, 16, 30, None),  # most of its share is in hand: claims come in groups
        (1000, 16, 0, 1000),
        (1000, 16, 3000, 1000),
        (1000, 16, TARGET_ROWS, None),
    ],
)
def test_a_target_alone_gets_work_for_every_sender(batch, senders, held, count):
    only = target()

    found = wanted([only], lambda _: batch, {only.id: held}, senders)

    assert found == ([] if count is None else [(only, count)])


def test_who_has_least_in_hand_comes_first():
    busy, idle = target(), target()

    assert [each for each, _ in wanted([busy, idle], lambda _: 1000, {busy.id: 2000}, 16)] == [idle, busy]


def test_a_probe_is_made_only_with_nothing_in_hand():
    broken = target("open")

    assert wanted([broken], lambda _: 1, {broken.id: 1}, 16) == []
    assert wanted([broken], lambda _: 1, {}, 16) != []


def test_a_full_hand_still_takes_some_of_a_target_that_has_none():
    hungry, new = target(), target()

    assert wanted([hungry, new], lambda _: 1000, {hungry.id: HAND_ROWS}, 64) == [(new, 100)]


def test_a_thousand_due_targets_are_claimed_some_at_a_time():
    assert len(wanted([target() for _ in range(1000)], lambda _: 1, {}, 16)) == 50


@pytest.mark.parametrize(
    ("under_way", "busy", "is_alone", "may"),
    [
        (SHARE - 1, 30, False, True),
        (SHARE, 30, False, False),
        (SHARE, 30, True, True),
        (MAX_SENDERS, MAX_SENDERS, True, False),
        (1, MAX_SENDERS, False, False),
        (0, MAX_SENDERS, False, True),  # the first call of a target never waits for others to hang up
        (0, MAX_SENDERS + EXTRA_SENDERS, False, False),
    ],
)
def test_a_quarter_of_the_senders_while_others_wait(under_way, busy, is_alone, may):
    key = uuid7()

    assert may_start({key: under_way}, key, busy=busy, limit=MAX_SENDERS, is_alone=is_alone) is may


def test_two_hundred_calls_a_second_find_a_free_sender_however_slow_the_platform():
    rows = [(0.0, MAX_SENDERS), (0.05, MAX_SENDERS), (0.2, 2 * MAX_SENDERS), (0.3, MOST_SENDERS), (20, MOST_SENDERS)]

    assert [senders_for(latency_s) for latency_s, _ in rows] == [limit for _, limit in rows]
    assert senders_for(0.3) * 0.9 > 200 * 0.3
