"""What a hostile client found once, so that it finds it no more."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.ids import uuid7
from app.core.ratelimit import limiter
from tests.people import Browser

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


@sqlite
@pytest.mark.parametrize("url", ["http://[", "http://[x]:y/", "//", "javascript:1", "\t"])
def test_an_odd_current_url_of_htmx_is_no_error(client: FlaskClient, url: str) -> None:
    answer = client.get("/events", headers={"HX-Request": "true", "HX-Current-URL": url})
    assert answer.status_code == 401


@sqlite
@pytest.mark.parametrize("field", ["per_minute", "per_hour", "per_day"])
@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "1" * 11])
def test_an_endless_number_in_a_form_is_said_beside_its_field(admin: Browser, field: str, number: str) -> None:
    answer = admin.submit("/clients", {"name": "loja", "scopes": "events:write", "pixels": "all", field: number})
    assert answer.status_code == 422


def test_parallel_requests_do_not_pass_a_limit_together(app: Flask) -> None:
    refused: Counter[bool] = Counter()
    client_id = uuid7()
    go = threading.Barrier(150)

    def ask() -> None:
        go.wait()
        refused[limiter(app).check_client(client_id, (5, None, None)) is not None] += 1

    threads = [threading.Thread(target=ask) for _ in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused[False] == 5


@sqlite
@pytest.mark.parametrize("host", ["evil.com", "[", "a:b:c", "127.0.0.1:1@evil.com", "[::1]evil", ""])
def test_an_odd_host_is_refused_and_repeated_nowhere(client: FlaskClient, host: str) -> None:
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    doubled = client.get("/api//pixels", headers={"Host": host})
    assert (doubled.status_code, doubled.headers.get("Location")) == (404, None)


@sqlite
@pytest.mark.parametrize("name", ["Acme\x01", "Acme\u202eFAKE", "\x1b[31mAcme", "Acme\u2066x"])
def test_text_that_moves_the_cursor_or_turns_the_reading_is_refused(
    client: FlaskClient, admin_token: dict[str, str], name: str
) -> None:
    answer: Any = client.post("/api/clients", json={"name": name}, headers=admin_token)
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["name"])
