"""Calls: what may travel together, in which order, and what is given back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from app.core.exchange import Outcome
from app.core.ids import uuid7
from app.outbound.hand import Hand
from app.outbound.kinds import Leased, Party
from app.outbound.parcel import Load, Parcel, pack
from app.outbound.results import Result
from app.outbound.sight import Claim, Sight

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class ByColour:
    max_batch = 3

    def batch_key(self, item, target):
        return item["colour"]


def row(target: UUID) -> Leased:
    return Leased(target, uuid7(), "conversion", target, uuid7(), NOW, 1, None, None, "token")


def load(target: UUID, *items: object) -> Load:
    party = Party(ByColour(), None)  # type: ignore[arg-type]
    return Load("conversion", party, NOW, 1.0, 9.0, [(row(target), item) for item in items])


def refuse(row: Leased, error: Exception) -> None:
    raise AssertionError(error)


def parcels_of(target: UUID, count: int) -> list[Parcel]:
    return [parcel for _ in range(count) for parcel in pack(load(target, {"colour": "red"}), refuse)]


def test_items_travel_with_their_own_kind_and_in_bounds():
    red, blue = {"colour": "red"}, {"colour": "blue"}

    parcels = pack(load(uuid7(), red, blue, red, red, red), refuse)

    assert [[item["colour"] for item in parcel.items] for parcel in parcels] == [["red"] * 3, ["red"], ["blue"]]


def test_a_row_that_cannot_be_sorted_is_left_out_alone():
    left_out = []

    parcels = pack(load(uuid7(), {"colour": "red"}, {}), lambda row, error: left_out.append(type(error)))

    assert ([len(parcel.rows) for parcel in parcels], left_out) == ([1], [KeyError])


def test_halves_carry_everything_once():
    parcel = pack(load(uuid7(), *[{"colour": "red"}] * 3), refuse)[0]

    first, second = parcel.halves(start_by=5.0)

    assert [*first.rows, *second.rows] == parcel.rows
    assert (len(first.items), len(second.items), first.start_by) == (1, 2, 5.0)


def test_targets_take_turns():
    hand, one, two = Hand(), uuid7(), uuid7()
    hand.add([*parcels_of(one, 3), *parcels_of(two, 1)])

    order = []
    while parcel := hand.take(lambda _: True):
        order.append(parcel.target_id)

    assert order == [one, two, one, one]


def test_the_hand_counts_what_waits_and_what_is_under_way():
    hand, one = Hand(), uuid7()
    parcels = parcels_of(one, 3)
    hand.take_in(Claim([row for parcel in parcels for row in parcel.rows], Sight(NOW), 0.0))
    hand.claims.clear()
    hand.add(parcels)
    parcel = hand.take(lambda _: True)
    assert parcel is not None
    assert (hand.rows[one], hand.calls[one], hand.waiting) == (3, 1, {one})

    assert len(hand.give_up(one)) == 2
    hand.landed(parcel)
    assert (hand.rows[one], hand.is_empty) == (1, True)  # until its result is written
    hand.drop(parcel.rows)

    assert (dict(hand.rows), dict(hand.calls)) == ({}, {})


def results_of(parcels: list[Parcel]) -> list[Result]:
    return [Result(row, Outcome.sent(), NOW, 1) for parcel in parcels for row in parcel.rows]


def test_small_calls_are_written_before_a_large_one_is_through():
    hand, large, small = Hand(), uuid7(), uuid7()
    hand.keep(results_of(parcels_of(large, 100)))
    hand.keep(results_of(parcels_of(small, 20)))

    first = [result.row.target_id for result in hand.next_results(40)]
    second = [result.row.target_id for result in hand.next_results(40)]

    assert (first.count(small), first.count(large), second.count(large)) == (20, 20, 40)
