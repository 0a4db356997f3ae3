"""The page of a board: what its columns and cards say, under each filter, page by page, for each role."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import event

from app.core.i18n import money
from app.core.runtime import runtime
from app.funnels.board import reading
from app.funnels.board.showing import brl, initials
from tests.funnels.board.conftest import Board, cards_in
from tests.people import HTMX, Browser, new_user, sign_in


def test_columns_show_their_cards_in_order_under_every_filter(board: Board, app: Flask) -> None:
    """Each filter against the same question asked of plain values."""
    other = new_user(app, "operator", board.actor.account_id, name="Bia Rocha").id
    mine = board.actor.user_id
    board.stalls("new", 5)
    made = []
    for number in range(12):
        stage = ("new", "talking", "won")[number % 3]
        fact = {
            "name": f"{'José' if number % 2 else 'Maria'} {number:02}",
            "stage": stage,
            "value": Decimal(number * 1000) + Decimal("0.10"),
            "ownerId": (mine, other, None)[number % 4 % 3],
            "tags": ["Vip"] if number % 5 == 0 else [],
            "days": number,
        }
        company = {"company": "Padaria"} if number == 7 else {"phoneNumber": f"+551198765{number:04}"}
        id_ = board.card(**fact, person=company)
        made.insert(0, {**fact, "id": str(id_), **company})
    asked = {
        "": lambda one: True,
        "owner=me": lambda one: one["ownerId"] == mine,
        "owner=none": lambda one: one["ownerId"] is None,
        f"owner={other}": lambda one: one["ownerId"] == other,
        "owner=nonsense": lambda one: False,
        "tag=vip": lambda one: bool(one["tags"]),
        "value_from=3.000,10": lambda one: one["value"] >= Decimal("3000.10"),
        "value_to=3000.10&owner=": lambda one: one["value"] <= Decimal("3000.10"),
        "value_from=muito": lambda one: False,
        "stalled=1": lambda one: one["stage"] == "new" and one["days"] >= 5,
        "q=jose": lambda one: "José" in one["name"],
        "q=padaria": lambda one: one.get("company") == "Padaria",
        "q=98765%200003": lambda one: one.get("phoneNumber") == "+5511987650003",
        "q=maria&tag=vip&value_from=1": lambda one: (
            one["name"].startswith("Maria") and one["tags"] and one["value"] > 1
        ),
    }
    for query, keeps in asked.items():
        seen, wanted = board.page(f"?{query}"), [one for one in made if keeps(one)]
        for name, stage in board.stages.items():
            there = [one for one in wanted if one["stage"] == name]
            assert seen.columns[str(stage)] == [one["id"] for one in there], query
            assert seen.figures(stage)[0] == str(len(there)), query
            cents = int(sum(one["value"] for one in there) * 100)
            assert seen.figures(stage)[1] == brl(cents, "pt_BR").replace("\xa0", " "), query


SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite: the browser does it
def test_a_column_comes_in_pages_that_show_every_card_once(board: Board) -> None:
    """Also with a filter, of which each page keeps to."""
    made = [str(id_) for id_ in board.many(reading.PAGE + 7)]
    for query, wanted in (("", made), ("?value_to=0", made[::2])):
        text, found = board.browser.get(f"{board.path}{query}").text, []
        while True:
            found += list(cards_in(text))
            more = re.search(r'data-more hx-get="([^"]+)"', text)
            if more is None:
                break
            text = board.browser.get(more[1].replace("&amp;", "&"), headers=HTMX).text
        assert found == wanted
    whole = board.browser.get(f"{board.path}/stages/{board.stages['new']}/cards?after=a0")
    assert "<html" in whole.text  # a link that works without the script


@SQLITE
def test_statements_do_not_grow_with_cards(board: Board, app: Flask) -> None:
    said: list[str] = []
    event.listen(runtime(app).engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    counts = []
    for _round in range(3):
        said.clear()
        board.page()
        counts.append(len(said))
        for number in range(5):
            board.card(f"Pessoa {number}", "talking", tags=["Vip", f"tag {number}"], ownerId=board.actor.user_id)
    assert counts[1] == counts[2] <= 10


@SQLITE
def test_a_card_says_what_matters_and_escapes_what_people_typed(board: Board, app: Flask) -> None:
    board.stalls("new", 3)
    hostile = "<script>alert(1)</script>\"'&"
    tags = ["a<b>", "b", "c", "d", "e"]
    late = date.today() - timedelta(days=400)
    id_ = board.card(hostile, days=4, tags=tags, value="1234.5", ownerId=board.actor.user_id, expectedClose=late)
    fresh = board.card("Nova", "won", days=9)
    cards = board.page().cards
    card = cards[str(id_)]
    for words in ("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;", "R$\xa01.234,50", "parado há 4 dias", "+2",
                  'title="Responsável: Ana Lima">AL<', "atrasado desde", "a&lt;b&gt;"):  # fmt: skip
        assert words in card
    assert "<script" not in card
    assert ">9 dias<" in cards[str(fresh)]
    plain = board.card("Maria Aparecida", tags=["vip"], value="1234.5", ownerId=board.actor.user_id)
    assert len(board.page().cards[str(plain)].encode()) < 700


@SQLITE
def test_viewers_look_and_find_nobody_by_a_number(board: Board, app: Flask) -> None:
    viewer = sign_in(app, new_user(app, "viewer", board.actor.account_id))
    id_ = board.card("Ana", person={"phoneNumber": "+5511987654321"})
    nameless = board.card("", person={"phoneNumber": "+5511987651234"})
    text = viewer.get(board.path).text
    assert str(id_) in text
    assert "•••1234" in cards_in(text)[str(nameless)]
    for word in ("data-can-edit", "data-menu", "board-add", "987651234"):
        assert word not in text
    assert board.page("?q=98765", viewer).cards == {}
    assert set(board.page("?q=98765").cards) == {str(id_), str(nameless)}


@SQLITE
def test_a_column_made_narrow_stays_so_for_this_person_and_keeps_its_figures(board: Board, app: Flask) -> None:
    card, stage = board.card("Ana", value=10), board.stages["new"]
    colleague = sign_in(app, new_user(app, "operator", board.actor.account_id))
    answer = board.browser.submit(f"{board.path}/columns", {"collapse": stage}, htmx=True)
    assert answer.headers["HX-Retarget"] == f"#stage-{stage}"
    assert "is-collapsed" in answer.text
    seen = board.page()
    assert (seen.columns[str(stage)], seen.figures(stage)) == ([], ("1", "R$ 10,00"))
    assert str(card) in board.page("", colleague).cards
    answer = board.browser.submit(f"{board.path}/columns?owner=none", {"expand": stage})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{board.path}?owner=none")
    assert str(card) in board.page().cards
    assert board.browser.submit(f"{board.path}/columns", {"collapse": "x"}).status_code == 404


@SQLITE
def test_an_empty_funnel_teaches_and_an_empty_answer_says_so(board: Board, app: Flask) -> None:
    assert "Este funil ainda não tem cartões" in board.browser.get(board.path).text
    assert "Nenhum cartão corresponde" in board.browser.get(f"{board.path}?q=ninguem").text
    answer = board.browser.get(board.path, headers=HTMX).text
    assert answer.lstrip().startswith('<div id="board"')


@SQLITE
def test_what_is_not_there_or_not_meant_is_refused(board: Board, other_admin: Browser, anonymous: Browser) -> None:
    stage = board.stages["new"]
    board.card("Ana")
    for path in (board.path, f"{board.path}/stages/{stage}/cards", f"{board.path}/changes?since=0"):
        assert other_admin.get(path).status_code == 404
        assert anonymous.get(path).status_code == 303
    for path in (
        "/funnels/x",
        f"/funnels/{stage}",
        f"{board.path}/stages/x/cards",
        f"{board.path}/stages/{board.id}/cards",
    ):
        assert board.browser.get(f"/funnels/{path}").status_code == 404
    cards = f"{board.path}/stages/{stage}/cards?"
    for after in ("é", "a" * 300, "a\nb"):
        assert board.browser.get(cards + urlencode({"after": after})).status_code == 400
    odd = ("q=%25_%27%22", "q=" + "a" * 300, "tag=%00", "owner=%F0%9F%92%A9", "value_from=NaN", "value_to=-1")
    for query in (*odd, "value_to=" + "9" * 25, "stalled=maybe", "q=%E2%80%8B", "owner=me&owner=none"):
        for path in (f"{board.path}?{query}", f"{cards}{query}", f"{board.path}/changes?since=0&{query}"):
            assert board.browser.get(path).status_code in (200, 400), path


@SQLITE
def test_money_and_initials_are_as_everywhere_else(app: Flask) -> None:
    for cents in (0, 1, 99, 100, 123456, 100000000, 999999999999):
        with app.test_request_context("/"):
            assert brl(cents, "pt_BR") == money(Decimal(cents) / 100)
        with app.test_request_context("/", headers={"Cookie": "locale=en"}):
            assert brl(cents, "en") == money(Decimal(cents) / 100)
    assert [initials(name) for name in ("Maria da Silva", "ana", "", "(x) Y", "Ána")] == ["MS", "A", "?", "Y", "Á"]
