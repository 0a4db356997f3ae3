"""Who gets how much: pure arithmetic that keeps one slow or busy target from holding up the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from app.outbound.claim import DueTarget

FIRST_SENDERS = 16
MAX_SENDERS = 64  # while platforms answer within FAST_S: more calls a second than one process can make of them
FAST_S = 0.1
MOST_SENDERS = 192  # however slowly they answer
EXTRA_SENDERS = 128  # beyond the limit, for targets that have no call under way yet
LAST_SENDERS = MOST_SENDERS + EXTRA_SENDERS
CLAIM_ROWS = 1000  # of one transaction
CLAIM_TARGETS = 50
TARGET_ROWS = 4000  # in hand, of one target
HAND_ROWS = 16_000  # in hand, of all
SPARE_ROWS = 100  # for each target that has nothing in hand when the hand is full


def wanted(
    due: Sequence[DueTarget], batch_of: Callable[[UUID], int], held: Mapping[UUID, int], senders: int
) -> list[tuple[DueTarget, int]]:
    """How many rows to claim of which target: two calls' worth for each sender that it may use, those first that have
    least in hand. A target that still has most of its share is left alone, so that claims come in groups."""
    if not due:
        return []
    calls = max(1, 2 * senders // len(due))
    is_full = sum(held.values()) >= HAND_ROWS
    found = []
    for target in sorted(due, key=lambda each: held.get(each.id, 0) / batch_of(each.id)):
        batch, has = batch_of(target.id), held.get(target.id, 0)
        share = SPARE_ROWS if is_full else min(calls * batch, max(batch, TARGET_ROWS))
        count = min(share - has, CLAIM_ROWS)
        if target.is_probe and has:
            continue
        if count > 0 and count >= share // 4:
            found.append((target, count))
    return found[:CLAIM_TARGETS]


def senders_for(latency_s: float) -> int:
    """How many calls may be under way when they take that long on average: as many calls a second as of fast ones, so
    that a platform which answers in 300 ms gets as much as one which answers in 100."""
    return min(max(MAX_SENDERS, round(MAX_SENDERS * latency_s / FAST_S)), MOST_SENDERS)


def may_start(calls: Mapping[UUID, int], target_id: UUID, *, busy: int, limit: int, is_alone: bool) -> bool:
    """Whether a target may have one more call: all senders (`limit`) while nobody else has anything to send, else a
    quarter of them; and a first call even when everybody is busy."""
    under_way = calls.get(target_id, 0)
    if busy >= limit:
        return under_way == 0 and busy < limit + EXTRA_SENDERS
    return under_way < (limit if is_alone else limit // 4)
