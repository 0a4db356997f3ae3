"""The order of checks of CONTRACTS §4: of several faults the first one in that order answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.tracking_fixtures import EVENTS, KWAI_PIXEL, KWAI_REGISTRATION, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BATCH = f"{EVENTS}/batch"
TEXT = {"Content-Type": "text/plain"}
NOBODY = {"Authorization": None}
WRONG = {"Authorization": "Bearer nobody"}
TOO_LONG = b"x" * (65 * 1024)
NO_NAME = {"pixel_id": "1", "platform": "nowhere"}
NO_PLATFORM = {"pixel_id": "unknown", "event_name": "EVENT_NOTHING"}
NO_PIXEL = {**KWAI_REGISTRATION, "pixel_id": "unknown", "event_name": "EVENT_NOTHING", "value": -1}
NO_EVENT = {**KWAI_REGISTRATION, "event_name": "EVENT_NOTHING", "value": -1}


def test_the_first_fault_in_order_answers(sender: Sender) -> None:
    faults = [
        (405, b"{", {"method": "PUT", "headers": {**NOBODY, **TEXT}}),
        (401, TOO_LONG, {"headers": {**NOBODY, **TEXT}}),
        (401, TOO_LONG, {"headers": {**WRONG, **TEXT}}),
        (415, TOO_LONG, {"headers": TEXT}),
        (415, TOO_LONG, {"headers": {"Content-Encoding": "gzip"}}),
        (413, TOO_LONG, {}),
        (400, b"{", {}),
    ]
    answers = [sender.send(data, **options).status_code for _, data, options in faults]
    assert answers == [status for status, _, _ in faults]


def test_scope_comes_before_content_type(make_sender: Callable[..., Sender]) -> None:
    reader = make_sender("leitor", scopes=["stats:read"])
    for path in (EVENTS, BATCH):
        answer = reader.send(TOO_LONG, path, headers=TEXT)
        assert (answer.status_code, answer.get_json()["error"]) == (403, "This token lacks the scope events:write")


def test_a_body_is_judged_in_order(sender: Sender) -> None:
    bodies: list[tuple[Any, str]] = [
        ({"platform": "nowhere"}, "Missing pixel_id"),
        (NO_NAME, "Missing event_name"),
        ({**NO_PLATFORM, "platform": "nowhere"}, "Unknown platform. Accepted: kwai, facebook"),
        (NO_PLATFORM, "Missing click_id or fbclid"),
        ({**NO_PLATFORM, "platform": "kwai"}, "Missing click_id"),
        (NO_PIXEL, "Unknown pixel_id"),
        (NO_EVENT, "Unknown event_name. Accepted: EVENT_CONTENT_VIEW,"),
        ({**KWAI_REGISTRATION, "value": -1}, "value"),
    ]
    for body, beginning in bodies:
        answer = sender.post(body)
        assert answer.status_code == 400
        assert answer.get_json()["error"].startswith(beginning)


def test_pixel_permission_comes_before_activity_and_name(
    sender: Sender, make_pixel: Callable[..., Any], make_sender: Callable[..., Sender]
) -> None:
    allowed = make_pixel("kwai", "111")
    make_pixel("kwai", "222", active=False)
    limited = make_sender("so-um", pixel_ids=[str(allowed)])
    answer = limited.post({**NO_EVENT, "pixel_id": "222"})
    assert (answer.status_code, answer.get_json()) == (403, {"error": "This client may not use this pixel"})
    answer = sender.post({**NO_EVENT, "pixel_id": "222"})
    assert (answer.status_code, answer.get_json()) == (400, {"error": "This pixel is inactive"})
    assert sender.post({**NO_EVENT, "pixel_id": KWAI_PIXEL}).get_json()["error"].startswith("Unknown event_name")


@pytest.mark.parametrize("path", [EVENTS, BATCH, "/api/tracking_events.php", "/api/v1/tracking/events"])
def test_only_post_and_options_are_answered(sender: Sender, path: str) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = sender.send(path=path, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
        assert answer.get_json() == {"error": "This method is not allowed here"}


@pytest.mark.parametrize(
    "path",
    ["/api/tracking/events", "/api/v1/tracking/events", "/api/tracking_events.php", "/api/v1/tracking_events.php"],
)
def test_every_path_takes_events(sender: Sender, path: str) -> None:
    answer = sender.send(json.dumps(META_PURCHASE).encode(), path, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.get_json()["message"]) == (202, "Event accepted")


def test_every_answer_has_a_request_id_of_its_own(sender: Sender) -> None:
    sent = {"X-Request-Id": "mine"}
    answers = [
        sender.send(method="PUT"),
        sender.send(headers={**NOBODY, **sent}),
        sender.send(b"{", headers=sent),
        sender.send(method="OPTIONS"),
        sender.post(KWAI_REGISTRATION, Prefer="respond-async"),
        sender.get(f"{EVENTS}/track_0"),
    ]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == len(answers)
    assert all(len(id_) == 32 for id_ in ids)
