"""The API of cards: put in, listed, changed, moved, taken back, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.funnels.cards.history import Doer
from app.funnels.models import Funnel
from tests.people import Person, bearer, new_user

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., UUID]
Stages = Callable[[Funnel], dict[str, UUID]]
ODD_VALUES: list[dict[str, Any]] = [
    {"value": -1},
    {"value": "1.234"},
    {"value": "1e400"},
    {"value": True},
    {"value": "NaN"},
    {"notes": "x" * 10_001},
    {"notes": "\u202e"},
    {"ownerId": str(uuid7())},
    {"ownerId": "x"},
    {"expectedClose": "2026-02-30"},
    {"expectedClose": "0001-01-01"},
    {"rank": "a0"},
    {"state": "won"},
]


class Caller:
    """Asks about one funnel in somebody's name."""

    def __init__(self, client: FlaskClient, funnel_id: object, headers: dict[str, str]) -> None:
        self.client, self.root, self.headers = client, f"/api/funnels/{funnel_id}/contacts", headers

    def __call__(self, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
        answer = self.client.open(self.root + path, method=method, headers=self.headers, **options)
        return answer.status_code, answer.get_json(silent=True)


@pytest.fixture
def funnel(make_funnel: Callable[..., Funnel]) -> Funnel:
    return make_funnel()


@pytest.fixture
def ask(app: Flask, client: FlaskClient, funnel: Funnel) -> Caller:
    return Caller(client, funnel.id, bearer(app, new_user(app, "operator")))


@pytest.fixture
def ana(actor: Actor) -> UUID:
    with write():
        return contacts.create(actor, {"name": "Ana"}, Source.FORM).id


def test_a_card_from_its_making_to_its_way_back(
    ask: Caller, funnel: Funnel, stages: Stages, ana: UUID, actor: Actor
) -> None:
    at = {name: str(id_) for name, id_ in stages(funnel).items()}
    status, card = ask("POST", json={"contactId": str(ana), "value": "10.50", "notes": "a\nb"})
    assert (status, card["stageId"], card["value"], card["daysInStage"]) == (201, at["new"], 10.5, 0)
    status, again = ask("POST", json={"contactId": str(ana)})
    assert (status, again["current"]["id"]) == (409, card["id"])

    status, card = ask("PUT", f"/{ana}", json={"value": 20, "ownerId": str(actor.user_id), "version": 1})
    assert (status, card["value"], card["ownerId"], card["notes"]) == (200, 20.0, str(actor.user_id), "a\nb")
    status, stale = ask("PUT", f"/{ana}/move", json={"stageId": at["won"], "version": 1})
    assert (status, stale["current"]["version"]) == (409, 2)
    assert ask("PUT", f"/{ana}/move", json={"stageId": at["lost"]})[0] == 400
    status, lost = ask("PUT", f"/{ana}/move", json={"stageId": at["lost"], "reason": "Price", "version": 2})
    assert (status, lost["state"], lost["reason"], bool(lost["closedAt"])) == (200, "lost", "Price", True)

    status, back = ask("POST", f"/{card['id']}/undo", json={"changeId": lost["changeId"]})
    assert (status, back["stageId"], back["reason"]) == (200, at["new"], None)
    assert ask("POST", f"/{ana}/undo", json={"changeId": lost["changeId"]})[0] == 409
    status, shown = ask("GET", f"/{ana}")
    changes = [(one["kind"], one["toState"], one["reason"], one["value"], one["ruleId"]) for one in shown["history"]]
    assert changes[:2] == [("moved", "open", None, 20.0, None), ("moved", "lost", "Price", 20.0, None)]
    assert (shown["history"][2]["fields"], shown["history"][1]["fromStageId"]) == (["value", "ownerId"], at["new"])

    assert ask("DELETE", f"/{ana}?version=1")[0] == 409
    assert ask("DELETE", f"/{ana}?version={back['version']}") == (204, None)
    assert (ask("GET", f"/{ana}")[0], ask("GET", f"/{card['id']}")[0]) == (404, 404)
    assert ask("POST", f"/{ana}/restore")[1]["id"] == card["id"]
    assert ask("POST", f"/{ana}/restore")[0] == 404


def test_the_list_is_filtered_and_goes_on_from_a_cursor_in_every_order(
    ask: Caller, funnel: Funnel, stages: Stages, make_card: Make
) -> None:
    at = stages(funnel)
    wanted = [("new", "3"), ("won", "1"), ("qualified", "2.5"), ("new", "10")]
    ids = [str(make_card(funnel, f"Éva {n}", stageId=at[name], value=value)) for n, (name, value) in enumerate(wanted)]
    orders = {"position": [3, 0, 2, 1], "-position": [1, 2, 0, 3], "-value": [3, 0, 2, 1], "createdAt": [0, 1, 2, 3],
              "-updatedAt": [3, 2, 1, 0]}  # fmt: skip
    for sort, order in orders.items():
        found, after = [], ""
        while after is not None:
            status, page = ask("GET", query_string={"sort": sort, "limit": 3, "after": after})
            assert (status, page["pagination"]["total"]) == (200, 4), page
            found += [ids.index(card["id"]) for card in page["data"]]
            after = page["pagination"]["next"]
        assert found == order, sort
    filters: list[tuple[dict[str, Any], list[int]]] = [
        ({"stageId": at["new"]}, [3, 0]),
        ({"state": "won"}, [1]),
        ({"ownerId": "none", "q": "eva 2"}, [2]),
        ({"q": "zoe"}, []),
        ({"contactId": uuid7()}, []),
    ]
    for query, order in filters:
        assert [ids.index(card["id"]) for card in ask("GET", query_string=query)[1]["data"]] == order, query
    for odd in ({"stageId": "x"}, {"state": "removed"}, {"sort": "rank"}, {"after": "e30"}, {"page": 0}, {"x": "1"}):
        assert ask("GET", query_string=odd)[0] == 400, odd


@SQLITE
def test_odd_wishes_are_refused_in_words(
    ask: Caller, funnel: Funnel, stages: Stages, ana: UUID, make_card: Make
) -> None:
    card = make_card(funnel, "Eva")
    for odd in ODD_VALUES:
        for method, path, body in (("POST", "", {"contactId": str(ana)} | odd), ("PUT", f"/{card}", odd)):
            status, told = ask(method, path, json=body)
            assert (status, bool(told["error"])) == (400, True), (method, odd)
    assert ask("POST", json={"contactId": str(uuid7())})[1]["fields"].keys() == {"contactId"}
    assert ask("POST", json={"contactId": str(ana), "stageId": str(uuid7())})[1]["fields"].keys() == {"stageId"}
    for move in ({"stageId": "x"}, {"stageId": str(uuid7())}, {}):
        assert ask("PUT", f"/{card}/move", json=move)[0] == 400, move
    for path in ("x", str(uuid7()), "%00", "0" * 400):
        assert ask("GET", f"/{path}")[0] == 404
        assert ask("PUT", f"/{path}/move", json={"stageId": str(stages(funnel)["new"])})[0] == 404
    assert ask("POST", f"/{card}/undo", json={"changeId": str(uuid7())})[0] == 404


@SQLITE
def test_viewers_look_and_strangers_find_nothing(
    app: Flask, client: FlaskClient, funnel: Funnel, stages: Stages, make_card: Make, other_account: Person, ana: UUID,
    make_funnel: Callable[..., Funnel],
) -> None:  # fmt: skip
    card = make_card(funnel, "Eva")
    at = str(stages(funnel)["won"])
    changes: list[tuple[str, str, Any]] = [
        ("POST", "", {"contactId": str(ana)}), ("PUT", f"/{card}", {"value": 1}),
        ("PUT", f"/{card}/move", {"stageId": at}), ("POST", f"/{card}/undo", {"changeId": str(uuid7())}),
        ("POST", f"/{card}/restore", None), ("DELETE", f"/{card}", None),
    ]  # fmt: skip
    viewer = Caller(client, funnel.id, bearer(app, new_user(app, "viewer")))
    stranger = Caller(client, funnel.id, bearer(app, other_account))
    by = Actor(other_account.account_id, other_account.id, other_account.email)
    theirs = make_funnel("Deles", by=by)
    elsewhere = Caller(client, theirs.id, stranger.headers)
    assert (viewer("GET")[0], viewer("GET", f"/{card}")[0]) == (200, 200)
    assert "@example.com" not in str(viewer("GET", f"/{card}")[1]).replace("***@example.com", "")
    assert (stranger("GET")[0], stranger("GET", f"/{card}")[0], elsewhere("GET", f"/{card}")[0]) == (404, 404, 404)
    for method, path, body in changes:
        assert viewer(method, path, json=body)[0] == 403, (method, path)
        assert stranger(method, path, json=body)[0] == 404, (method, path)
        if path:
            assert elsewhere(method, path, json=body)[0] == 404, (method, path)
    assert elsewhere("POST", json={"contactId": str(ana)})[0] == 400
    own = make_card(theirs, "Zoe", by=Doer(by))
    assert elsewhere("PUT", f"/{own}", json={"ownerId": str(viewer_id(app))})[0] == 400


def viewer_id(app: Flask) -> UUID:
    return new_user(app, "viewer").id


@SQLITE
def test_a_long_list_takes_no_more_queries(ask: Caller, funnel: Funnel, make_card: Make) -> None:
    make_card(funnel)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    ask("GET")
    few = len(asked)
    for _ in range(5):
        make_card(funnel)
    asked.clear()
    assert (len(ask("GET")[1]["data"]), len(asked)) == (6, few)
