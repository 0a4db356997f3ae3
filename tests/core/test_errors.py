"""One translator: JSON under /api, an alert for htmx, a page otherwise; and no detail of what went wrong inside."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask_babel import lazy_gettext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core import errors, logs
from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from tests.core.small_app import small_app

SECRET = "token-of-a-stranger"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = small_app(tmp_path)
    app.config["MAX_CONTENT_LENGTH"] = 100
    return app


def raising(app: Flask, error: BaseException) -> FlaskClient:
    """A client of an app whose /api/x and /x raise `error`."""

    def view() -> str:
        raise error

    app.add_url_rule("/api/x", "api_x", view, methods=["POST", "GET"])
    app.add_url_rule("/x", "x", view)
    client = app.test_client()
    client.set_cookie("locale", "en")
    return client


API_ANSWERS = [
    (Malformed("Not so"), 400, {"error": "Not so"}),
    (Invalid({"name": ["Taken"]}), 400, {"error": "Taken", "fields": {"name": ["Taken"]}}),
    (Invalid({"name": "Taken"}, "Look again"), 400, {"error": "Look again", "fields": {"name": ["Taken"]}}),
    (Unauthorized(), 401, {"error": "Sign in first"}),
    (Forbidden(), 403, {"error": "You are not allowed to do this"}),
    (NotFound("Pixel not found"), 404, {"error": "Pixel not found"}),
    (Conflict("Changed", current={"version": 2}), 409, {"error": "Changed", "current": {"version": 2}}),
    (TooLarge(), 413, {"error": "The request is too large"}),
    (TooMany(7), 429, {"error": "Too many requests, try again later"}),
    (Unavailable(), 503, {"error": "The service is busy, try again shortly"}),
    (Malformed(lazy_gettext("Said in %(where)s", where="English")), 400, {"error": "Said in English"}),
]


@pytest.mark.parametrize(("error", "status", "body"), API_ANSWERS, ids=lambda value: type(value).__name__)
def test_domain_errors_are_json_under_api(app: Flask, error: Exception, status: int, body: dict[str, object]) -> None:
    answer = raising(app, error).get("/api/x")
    assert (answer.status_code, answer.json, answer.mimetype) == (status, body, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("error", "wait"), [(TooMany(7), "7"), (TooMany(0.2), "1"), (Unavailable(2.5), "3")])
def test_whoever_must_wait_is_told_how_long(app: Flask, error: Exception, wait: str) -> None:
    assert raising(app, error).get("/api/x").headers["Retry-After"] == wait


def test_a_missing_credential_is_challenged(app: Flask) -> None:
    assert raising(app, Unauthorized()).get("/api/x").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/api", "/api/nothing", "/api/v1/nothing", "/api/x/", "/api/v1/", "/api/%00", "/api/%ff"]
)
def test_an_unknown_path_under_api_is_a_json_404(app: Flask, path: str) -> None:
    answer = raising(app, NotFound()).get(path)
    assert (answer.status_code, answer.json) == (404, {"error": "Not found"})


def test_another_method_is_a_json_405_that_names_the_allowed_ones(app: Flask) -> None:
    answer = raising(app, NotFound()).delete("/api/x")
    assert (answer.status_code, answer.json) == (405, {"error": "This method is not allowed here"})
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 418, 429, 500, 503])
def test_what_werkzeug_raises_is_json_too(app: Flask, status: int) -> None:
    app.add_url_rule("/api/abort", "abort", lambda: abort(status))
    answer = app.test_client().get("/api/abort")
    assert answer.status_code == status
    assert list(answer.json or {}) == ["error"]


def test_invalid_is_422_on_a_page(app: Flask) -> None:
    answer = raising(app, Invalid({"name": ["Taken"]})).get("/x")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert answer.text.lstrip().startswith("<!doctype html>")


def test_htmx_gets_a_fragment_and_a_history_restore_the_page(app: Flask) -> None:
    client = raising(app, NotFound("No such <pixel>"))
    fragment, page = (
        client.get("/x", headers=HTMX),
        client.get("/x", headers=HTMX | {"HX-History-Restore-Request": "true"}),
    )
    assert (fragment.status_code, page.status_code) == (404, 404)
    assert "<html" not in fragment.text
    assert "<html" in page.text
    assert "No such &lt;pixel&gt;" in fragment.text
    assert "HX-Request" in fragment.headers["Vary"]


def test_an_unexpected_error_is_logged_once_and_never_told(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    client = raising(app, RuntimeError(SECRET))
    with caplog.at_level(logging.WARNING):
        answer = client.get("/api/x")
    assert (answer.status_code, answer.json) == (500, {"error": "Something went wrong on our side"})
    assert [answer.headers["X-Request-Id"] in record.message for record in caplog.records] == [True]
    assert caplog.records[0].exc_info is not None
    for headers in ({}, HTMX):
        page = client.get("/x", headers=headers)
        assert page.status_code == 500
        assert SECRET not in page.text
        assert page.headers["X-Request-Id"] in page.text


def locked(path: Path) -> OperationalError:
    """The real error of a second writer."""
    first, second = (create_engine(f"sqlite:///{path}", connect_args={"timeout": 0}) for _ in range(2))
    with first.connect() as one, second.connect() as two:
        one.exec_driver_sql("CREATE TABLE t (a)")
        one.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as caught:
            two.exec_driver_sql("BEGIN IMMEDIATE")
    return caught.value


def test_a_locked_database_is_503(app: Flask, tmp_path: Path) -> None:
    client = raising(app, locked(tmp_path / "x.db"))
    for path in ("/api/x", "/x"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_database_that_cannot_be_reached_is_away_and_a_wrong_question_is_not() -> None:
    with pytest.raises(OperationalError) as refused:
        create_engine("postgresql+psycopg://x@127.0.0.1:1/x", connect_args={"connect_timeout": 1}).connect()
    with pytest.raises(OperationalError) as wrong, create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT * FROM nothing"))
    assert errors.is_database_away(refused.value)
    assert errors.is_database_away(PoolTimeout("no connection left"))
    assert not errors.is_database_away(wrong.value)
    assert not errors.is_database_away(sqlite3.OperationalError("no such table"))
    assert not errors.is_database_away(ProgrammingError("SELECT", {}, Exception()))


def test_every_answer_has_its_own_request_id(app: Flask) -> None:
    client = raising(app, NotFound())
    app.add_url_rule("/fine", "fine", lambda: "fine")
    answers = [
        client.get(path, headers={"X-Request-Id": "mine"}) for path in ("/fine", "/fine", "/x", "/api/x", "/api/none")
    ]
    names = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(names)) == 5
    assert all(len(name) == 32 and int(name, 16) for name in names)


def test_the_front_door_and_flask_agree_on_the_request_id(app: Flask) -> None:
    app.add_url_rule("/fine", "fine", lambda: logs.request_id.get() or "")
    answer = app.test_client().get("/fine", environ_overrides={errors.REQUEST_ID_KEY: "of-the-front-door"})
    assert (answer.headers["X-Request-Id"], answer.text) == ("of-the-front-door", "of-the-front-door")


def test_an_error_page_that_fails_still_answers(app: Flask) -> None:
    client = raising(app, NotFound("<b>"))
    app.jinja_env.globals["asset_url"] = None  # whatever the layout needs may be what is broken
    answer = client.get("/x")
    assert answer.status_code == 404
    assert "&lt;b&gt;" in answer.text


def test_an_error_is_answered_without_flask() -> None:
    status, headers, body = errors.json_answer(errors.as_app_error(TooMany(3, "Slow down")))
    assert (status, headers["Retry-After"], body) == (429, "3", b'{"error":"Slow down"}')


def test_what_an_exchange_logs_carries_its_request_id(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.add_url_rule("/says", "says", lambda: logging.getLogger("app.test").warning("halfway") or "said")
    told: list[object] = []
    caplog.handler.addFilter(lambda record: told.append(logs.told(record).get("request_id")) or True)
    answer = app.test_client().get("/says")
    logging.getLogger("app.test").warning("afterwards")
    assert told == [answer.headers["X-Request-Id"], None]
