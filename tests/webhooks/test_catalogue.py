"""The catalogue: every event that is told anywhere is in it, and its examples are what its schemas say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from app.core import event_types, events
from app.core.errors import localized
from app.webhooks.catalogue import reading
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
APP = Path(reading.__file__).parents[2]
OF_SOURCE_4 = {
    "message.received", "message.sent", "conversation.created", "conversation.updated", "conversation.closed",
    "contact.created", "contact.updated", "deal.created", "deal.updated", "deal.moved", "lead.qualified",
    "workflow.completed", "broadcast.completed",
}  # fmt: skip
OF_THE_ISSUE = {"tracking.delivered", "tracking.failed", "image.opened", "import.completed", "alert.raised"}


def test_what_is_told_and_heard_is_in_the_catalogue(app: Flask) -> None:
    named = {name for file in APP.rglob("*.py") for name in names_in(ast.parse(file.read_text("utf-8")))}
    assert len(named) > 10
    unknown = (named | events.subscribed()) - {events.EVERY}
    assert {name for name in unknown if not event_types.is_known(name)} == set()
    assert event_types.public().keys() >= OF_SOURCE_4 | OF_THE_ISSUE
    assert not any(event_types.is_public(name) for name in ("mail.requested", "account.discarded"))


def names_in(tree: ast.AST) -> set[str]:
    """The texts given as an event's name to emit, emit_all, is_heard, subscribe and what tells in their place; of an
    f-string, or a name from elsewhere, other tests see what really comes."""
    places = {"emit": 1, "emit_all": 1, "is_heard": 1, "subscribe": 0, "tell": 4, "_tell": 4}
    found = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        place = places.get(name, len(call.args))
        given = call.args[place : place + 1]
        found |= {one.value for one in given if isinstance(one, ast.Constant) and "." in str(one.value)}
    return found


def test_each_event_is_told_in_words_by_schema_and_by_example(app: Flask) -> None:
    with app.test_request_context(), force_locale("pt_BR"):
        for one in event_types.public().values():
            one.payload.model_validate(dict(one.example), extra="forbid")
            schema = reading.schema(one)
            assert schema["properties"]["event"] == {"const": one.name}
            data = schema["properties"]["data"]
            assert set(data["required"]) <= one.example.keys() <= data["properties"].keys(), one.name
            if one.group != "alert":
                assert all(words for _name, words in reading.fields(one)), one.name
            with force_locale("en"):
                english = localized(one.summary)
            assert english != localized(one.summary), one.name


def test_the_page_shows_all_or_what_fits(app: Flask, manager: Browser, operator: Browser) -> None:
    page, types = manager.get("/webhooks/events").text, event_types.public()
    assert {name for name in types if f'id="{name.replace(".", "-")}"' not in page} == set()
    assert page.count("Ainda não emitido") == sum(not one.is_emitted for one in types.values())
    assert "hash_equals" in page
    found = manager.get("/webhooks/events?q=NEGÓCIO+foi+ganho", headers={"HX-Request": "true"}).text
    assert ('id="deal-won"' in found, 'id="deal-lost"' in found, "<html" in found) == (True, False, False)
    assert "Nenhum evento encontrado" in manager.get("/webhooks/events?q=%3Cx%3E").text
    assert operator.get("/webhooks/events").status_code == 403


def test_programs_read_the_same(app: Flask, client: FlaskClient, admin_token: dict[str, str]) -> None:
    answer = client.get("/api/custom-webhooks/events", headers=admin_token)
    assert [one["name"] for one in answer.json["data"]] == list(event_types.public())
    won = next(one for one in answer.json["data"] if one["name"] == "deal.won")
    assert (won["group"], won["isEmitted"], won["example"]["event"]) == ("deal", True, "deal.won")
    assert won["schema"]["properties"]["data"]["properties"]["fromStageId"]["format"] == "uuid"
    assert client.get("/api/custom-webhooks/events").status_code == 401
