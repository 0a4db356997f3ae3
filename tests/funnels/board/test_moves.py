"""Moves by the board's script and by plain forms, their undoing, and every refusal."""

from __future__ import annotations

import pytest
from flask import Flask

from app.funnels.cards import service
from app.funnels.cards.history import Doer
from tests.funnels.board.conftest import JSON, Board, cards_in
from tests.people import Browser, new_user, sign_in

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_move_tells_where_the_card_is_and_is_taken_back(board: Board) -> None:
    bia, ana = board.card("Bia", value=5), board.card("Ana", value=10)
    top, new, talking = board.card("Caio", "talking"), board.stages["new"], board.stages["talking"]
    answer = board.post_move(ana, "talking", after=top, version=1)
    told = answer.json
    assert (answer.status_code, told["gone"], told["said"]) == (200, [], "Ana: Em conversa, 2 de 2")
    card = told["card"]
    assert (card["id"], card["version"], card["stage"], card["after"]) == (str(ana), 2, str(talking), str(top))
    seen = board.page()
    assert cards_in(card["html"]) == {str(ana): seen.cards[str(ana)]}
    assert told["heads"] == {str(new): seen.heads[str(new)], str(talking): seen.heads[str(talking)]}
    assert told["revision"] == seen.revision
    back = board.browser.submit(f"{board.path}/undo/{told['change']}", headers=JSON)
    assert (back.status_code, back.json["card"]["stage"], back.json["card"]["after"]) == (200, str(new), None)
    assert board.page().columns[str(new)] == [str(ana), str(bia)]
    again = board.browser.submit(f"{board.path}/undo/{told['change']}", headers=JSON)
    assert (again.status_code, again.json["card"]["version"]) == (409, 3)


@SQLITE
def test_refusals_say_why_and_where_the_card_is(board: Board) -> None:
    ana = board.card("Ana")
    lost = board.post_move(ana, "lost", version=1)
    assert (lost.status_code, list(lost.json["fields"]), lost.json["card"]["stage"]) == (
        400, ["reason"], str(board.stages["new"]))  # fmt: skip
    assert board.post_move(ana, "lost", reason="Preço").status_code == 200
    stale = board.post_move(ana, "won", version=1)
    assert (stale.status_code, stale.json["card"]["version"], stale.json["card"]["stage"]) == (
        409, 2, str(board.stages["lost"]))  # fmt: skip
    odd = board.browser.submit(f"{board.path}/cards/{ana}/move", {"stage": "x"}, headers=JSON)
    assert (odd.status_code, list(odd.json["fields"])) == (400, ["stage"])


@SQLITE
def test_a_second_open_card_of_a_contact_is_refused_with_the_card_as_it_is(board: Board) -> None:
    ana = board.card("Ana", person={"phoneNumber": "+5511987654321"})
    board.move(ana, "won")

    def second() -> None:
        card = service.get(board.actor.account_id, ana)
        service.create(Doer(board.actor), board.id, {"contactId": card.contact_id})

    board.inside(second)
    answer = board.post_move(ana, "new")
    assert (answer.status_code, answer.json["card"]["id"], answer.json["card"]["stage"]) == (
        409, str(ana), str(board.stages["won"]))  # fmt: skip


@SQLITE
def test_a_card_that_the_filters_show_no_more_is_gone(board: Board) -> None:
    board.stalls("new", 3)
    ana = board.card("Ana", days=5)
    told = board.post_move(ana, "talking", query="?stalled=1").json
    assert (told["card"], told["gone"], told["said"]) == (None, [str(ana)], "Ana: Em conversa")
    assert ">0</span>" in told["heads"][str(board.stages["talking"])]
    board.browser.submit(f"{board.path}/columns", {"collapse": board.stages["new"]})
    assert board.post_move(ana, "new").json["gone"] == [str(ana)]


@SQLITE
def test_who_may_not_is_told_as_json(board: Board, app: Flask, other_admin: Browser, anonymous: Browser) -> None:
    ana, viewer = board.card("Ana"), sign_in(app, new_user(app, "viewer", board.actor.account_id))
    for browser, status in ((viewer, 403), (other_admin, 404), (anonymous, 401)):
        answer = board.post_move(ana, "won", browser)
        assert (answer.status_code, list(answer.json)) == (status, ["error"])
        undone = browser.submit(f"{board.path}/undo/{ana}", headers=JSON)
        assert undone.status_code == status
    assert board.page().columns[str(board.stages["new"])] == [str(ana)]


@SQLITE
def test_hostile_values_are_refused_or_mean_nothing(board: Board) -> None:
    ana = board.card("Ana")
    for path, form, status in (
        (f"cards/{ana}/move", {"stage": board.stages["won"], "version": "x"}, 400),
        (f"cards/{ana}/move", {"stage": board.stages["won"], "version": "9" * 30}, 400),
        (f"cards/{ana}/move", {"stage": board.id}, 400),
        (f"cards/{ana}/move", {}, 400),
        (f"cards/{ana}/move", {"stage": board.stages["lost"], "reason": "a" * 500}, 400),
        (f"cards/{ana}/move", {"stage": board.stages["lost"], "reason": "a\x07"}, 400),
        (f"cards/{board.id}/move", {"stage": board.stages["won"]}, 404),
        ("cards/x/move", {"stage": board.stages["won"]}, 404),
        ("undo/x", {}, 404),
        (f"undo/{ana}", {}, 404),
        (f"cards/{ana}/move", {"stage": board.stages["won"], "after": "'--", "before": board.id}, 200),
    ):
        answer = board.browser.submit(f"{board.path}/{path}", form, headers=JSON)
        assert answer.status_code == status, (path, form)
        assert answer.is_json
    assert board.browser.post(f"{board.path}/cards/{ana}/move", headers=JSON).status_code == 400  # no token


@SQLITE
def test_without_the_script_a_move_leads_back_with_words(board: Board) -> None:
    ana, url = board.card("Ana"), f"{board.path}/cards/{{}}/move?owner=none"
    done = board.browser.submit(url.format(ana), {"stage": board.stages["talking"]})
    assert (done.status_code, done.headers["Location"]) == (303, f"{board.path}?owner=none")
    assert "Ana: Em conversa, 1 de 1" in board.browser.get(board.path).text
    refused = board.browser.submit(url.format(ana), {"stage": board.stages["lost"], "next": f"{board.path}?q=ana"})
    assert (refused.status_code, refused.headers["Location"]) == (303, f"{board.path}?q=ana")
    assert "Diga por que o negócio foi perdido." in board.browser.get(board.path).text
    evil = board.browser.submit(url.format(ana), {"stage": board.stages["won"], "next": "//evil.example"})
    assert evil.headers["Location"] == f"{board.path}?owner=none"
