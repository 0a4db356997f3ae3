"""Every page and every list of the API under odd queries and odd ids: a clear answer, never an error of ours."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.core import cursor
from app.core.access import PUBLIC, permission_of
from app.core.ids import uuid7
from app.deliveries import service
from app.tracking import log
from tests.people import Browser
from tests.tracking_fixtures import ASYNC, META_PURCHASE, Sender, make_pixel, make_sender, sender

__all__ = ["make_pixel", "make_sender", "sender"]

ENDLESS = "9" * 400
QUERIES: list[dict[str, Any]] = [
    {"from": "9999-12-31", "to": "0001-01-01", "period": "\u202e"},
    {"from": "2026-11-22T10:00+23:59", "to": "2026-W47-6"},
    {"since": "8999-12-31", "until": "1970-01-01", "state": "dead"},
    {"since": "1970-01-01", "status": "done", "undo": "9999-12-31T23:59:59.999999+00:00"},
    {"limit": ENDLESS, "page": "-1", "sort": "id;--"},
    {"limit": ["1", "2"], "page": "٣", "state": ["open", "dead"]},
    {"q": "x" * 6000, "id": ["x"] * 600},
    {"q": "%\\_'\"<script>alert(1)</script>", "target": "<script>alert(1)</script>"},
    {"pixel": ENDLESS, "client": "0" * 32, "error": "by_hand"},
    {"id": [str(uuid7()) for _ in range(501)], "state": "dead"},
    {"after": "e30", "seen": "\x7f", "compare": "[]"},
    {"after": cursor.encode(service.ORDER, ["0" * 32])},
    {"after": cursor.encode(log.ORDER, ["9999-12-31T23:59:59-23:59", "f" * 32])},
    {"after": cursor.encode(log.ORDER, ["0001-01-01T00:00:00+00:00", "0" * 32]), "status": "failed"},
    {"q": "\0"},
]
ODD_IDS = ("x", "%00", "%ED%A0%80", "0" * 400, "track_" + "f" * 32, str(uuid7()))
SPARED = ("/static/", "/setup", "/ui", "/demo", "/api/docs", "/api/openapi")


def addresses(app: Flask) -> list[str]:
    """What people with a permission may GET; ids filled in with odd ones."""
    found: set[str] = set()
    for rule in app.url_map.iter_rules():
        is_asked = permission_of(app.view_functions[rule.endpoint]) not in (PUBLIC, None)
        if "GET" not in (rule.methods or ()) or not is_asked or rule.rule.startswith(("/api/v1", *SPARED)):
            continue
        before, has_id, after = rule.rule.partition("<")
        found |= {before + id_ + after.partition(">")[2] for id_ in ODD_IDS} if has_id else {rule.rule}
    return sorted(found)


FRAGMENT = {"HX-Request": "true", "X-Shown": "x" * 2000, "X-Seen": "\x7f"}


def test_every_address_answers_odd_queries_clearly(
    app: Flask, admin: Browser, admin_token: dict[str, str], sender: Sender
) -> None:
    assert sender.post(META_PURCHASE, **ASYNC).status_code == 202  # or the overview would only name the first steps
    for address in addresses(app):
        is_list = not any(id_ in address for id_ in ODD_IDS)
        for number, query in enumerate(QUERIES if is_list else QUERIES[:1]):
            page_headers = FRAGMENT if number % 2 else {}
            headers = admin_token if address.startswith("/api/") else page_headers
            answer = admin.get(address, query_string=query, headers=headers)
            assert answer.status_code < 500, (address, query)
            assert "<script>alert" not in answer.text or answer.is_json, (address, query)
            assert answer.status_code < 400 or answer.text, (address, query)
