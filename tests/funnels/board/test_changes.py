"""What others changed: a copy of the board, kept by the answers alone, shows what a fresh page shows."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.core import clock
from app.core.db import db
from app.core.ids import uuid7
from app.funnels.board import changes
from app.funnels.cards import service
from app.funnels.cards.history import Doer
from app.funnels.models import CardChange, Funnel, Stage
from tests.funnels.board.conftest import JSON, Board, Seen, cards_in
from tests.people import new_user

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
QUERIES = ("", "?owner=me", "?value_from=50", "?q=ana")


def caught_up(board: Board, seen: Seen, query: str) -> Seen:
    """As the script does: takes away, then puts each card below the one that it is to follow."""
    answer = board.browser.get(f"{seen.changes}&since={seen.revision}", headers=JSON)
    told = answer.json if answer.status_code == 200 else {"cards": [], "gone": [], "heads": {}}
    if "reload" in told:
        assert not seen.cards  # where the words about an empty board have to go
        return board.page(query)
    moved = {card["id"] for card in told["cards"]} | set(told["gone"])
    for column in seen.columns.values():
        column[:] = [id_ for id_ in column if id_ not in moved]
    for id_ in moved:
        seen.cards.pop(id_, None)
    for card in told["cards"]:
        column = seen.columns[card["stage"]]
        column.insert(column.index(card["after"]) + 1 if card["after"] else 0, card["id"])
        seen.cards |= cards_in(card["html"])
    seen.heads |= told["heads"]
    seen.revision = told.get("revision", seen.revision)
    return seen


@SQLITE
def test_a_stale_copy_becomes_what_a_fresh_page_shows(board: Board, app: Flask) -> None:
    """Random moves, edits, removals and new cards, caught up with in steps of every size, with and without filters."""
    chance, doer = random.Random(8), Doer(board.actor)
    other = new_user(app, "operator", board.actor.account_id).id
    cards = [board.card(chance.choice(("Ana", "Bia")), value=chance.randrange(100)) for _ in range(8)]
    removed: list[UUID] = []

    def edited(id_: UUID) -> None:
        changed = {"value": chance.randrange(100), "ownerId": chance.choice((board.actor.user_id, other, None))}
        board.inside(lambda: service.update(doer, id_, changed))

    def taken_off(id_: UUID) -> None:
        board.inside(lambda: service.remove(doer, id_))
        cards.remove(id_)
        removed.append(id_)

    def brought_back(_id: UUID) -> None:
        if removed:
            cards.append(back := removed.pop())
            board.inside(lambda: service.restore(doer, back))

    def moved(id_: UUID) -> None:
        board.move(id_, chance.choice(list(board.stages)), chance.choice(cards), "Preço")

    verbs = [moved] * 6 + [edited] * 2 + [taken_off, brought_back, lambda _id: cards.append(board.card("Ana"))]
    copies = {query: board.page(query) for query in QUERIES}
    for step in range(30):
        if cards:
            chance.choice(verbs)(chance.choice(cards))
        if chance.random() < 0.2 or step == 29:
            for query, seen in copies.items():
                now, fresh = caught_up(board, seen, query), board.page(query)
                assert now == replace(fresh, changes=now.changes), query
                copies[query] = now


@SQLITE
def test_nothing_new_is_no_answer_and_another_shape_is_fetched_anew(board: Board) -> None:
    empty = board.page()
    ana = board.card("Ana")
    reload = {"reload": True}
    assert board.browser.get(f"{empty.changes}&since={empty.revision}").json == reload  # the empty state goes
    seen = board.page()
    assert board.browser.get(f"{seen.changes}&since={seen.revision}").status_code == 204
    assert board.browser.get(f"{seen.changes}&since={seen.revision + 1}").json == reload
    board.move(ana, "talking")
    assert board.browser.get(f"{seen.changes}&since={seen.revision}").json["cards"][0]["id"] == str(ana)
    board.inside(lambda: db.session.execute(update(Stage).where(Stage.id == board.stages["new"]).values(name="Outra")))
    assert board.browser.get(f"{seen.changes}&since={seen.revision}").json == reload


@SQLITE
def test_more_cards_than_fit_one_answer_are_fetched_anew(board: Board) -> None:
    ana, seen = board.card("Ana"), board.page()

    def much() -> None:
        number = changes.MOST_CHANGES + 1
        same = {"account_id": board.actor.account_id, "funnel_id": board.id, "card_id": ana, "kind": "edited",
                "to_stage_id": board.stages["new"], "to_state": "open", "value": 0, "open_delta": 0, "fields": [],
                "actor": "x", "at": clock.now()}  # fmt: skip
        later = range(seen.revision + 1, seen.revision + 1 + number)
        db.session.execute(insert(CardChange), [{"id": uuid7(), "revision": one, **same} for one in later])
        db.session.execute(update(Funnel).where(Funnel.id == board.id).values(revision=seen.revision + number))

    board.inside(much)
    assert board.browser.get(f"{seen.changes}&since={seen.revision}").json == {"reload": True}
    assert board.browser.get(f"{seen.changes}&since={seen.revision + 5}").json["cards"][0]["id"] == str(ana)


@SQLITE
def test_odd_revisions_and_lost_funnels_are_refused_as_json(board: Board, app: Flask) -> None:
    seen = board.page()
    for since in ("", "x", "-1", "1.5", "9" * 40, "²"):
        answer = board.browser.get(f"{seen.changes}&since={since}", headers=JSON)
        assert (answer.status_code, list(answer.json)) == (400, ["error"])
    assert board.browser.get(f"{seen.changes}&since={'9' * 18}", headers=JSON).json == {"reload": True}
    assert board.browser.get("/funnels/x/changes?since=1", headers=JSON).status_code == 404
