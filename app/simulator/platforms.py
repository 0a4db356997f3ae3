"""How Kwai, Meta and a receiver of webhooks read a call and answer it: pure functions from a request to an answer."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

KWAI = "kwai"
META = "facebook"  # the value in API, database and logs
HOOK = "webhook"  # somebody's receiver: /hooks/<name>
PLATFORMS = (KWAI, META, HOOK)
HOOK_PATH = re.compile(r"/hooks/([A-Za-z0-9_-]{1,64})/?")
KWAI_PATH = "/log/common/api"
META_PATH = re.compile(r"/v\d{1,3}\.\d{1,2}/([^/]+)/events/?")
META_MAX_EVENTS = 1000
META_MAX_AGE = timedelta(days=7)
STORE_MAX_AGE = timedelta(days=62)  # action_source physical_store
KWAI_REFUSED = 10001  # no error table is published: anything but 1 is a refusal
POISON = "poison"  # in an event id (Meta) or click id (Kwai): the platform finds the event malformed

_traces = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str  # without the query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: Any  # parsed JSON, or None when it is none


@dataclass(frozen=True, slots=True)
class Answer:
    """`events` are the identities of the events that the platform took with this call."""

    status: int
    payload: Any
    events: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def addressee(request: Request) -> tuple[str, str] | None:
    """(platform, pixel or receiver) that a call is for; None for a path that none of them has."""
    if request.path == KWAI_PATH:
        return KWAI, str(request.body.get("pixelId", "")) if isinstance(request.body, dict) else ""
    if hook := HOOK_PATH.fullmatch(request.path):
        return HOOK, hook[1]
    found = META_PATH.fullmatch(request.path)
    return (META, found[1]) if found else None


def answer(platform: str, request: Request, now: datetime) -> Answer:
    if request.method != "POST":
        return Answer(405, {"error": "POST only"}, headers={"Allow": "POST"})
    if platform == HOOK:
        return Answer(200, {"received": True}, [request.headers.get("webhook-id", "")])
    return kwai(request) if platform == KWAI else meta(request, now)


def kwai(request: Request) -> Answer:
    body = request.body
    if not isinstance(body, dict):
        return kwai_refusal("body is not a JSON object")
    missing = [name for name in ("access_token", "clickid", "event_name", "pixelId") if not body.get(name)]
    if missing:
        return kwai_refusal(f"missing {missing[0]}")
    if not str(body["event_name"]).startswith("EVENT_"):
        return kwai_refusal("unknown event_name")
    if not isinstance(body.get("properties", ""), str):
        return kwai_refusal("properties must be a JSON string")
    if POISON in str(body["clickid"]):
        return kwai_refusal("invalid clickid")
    return Answer(200, {"result": 1}, [kwai_identity(body)])


def kwai_identity(body: Mapping[str, Any]) -> str:
    """Kwai has no event id on the wire: click id, name and properties tell one event from another."""
    parts = [str(body.get(name, "")) for name in ("clickid", "event_name", "properties")]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def kwai_refusal(reason: str) -> Answer:
    return Answer(200, {"result": KWAI_REFUSED, "error_msg": reason})


def meta(request: Request, now: datetime) -> Answer:
    body = request.body
    if not isinstance(body, dict):
        return meta_error(400, 100, None, "Invalid parameter: the body is not a JSON object")
    if not (body.get("access_token") or request.query.get("access_token") or request.headers.get("authorization")):
        return meta_error(401, 190, None, "An access token is required to request this resource.")
    events = body.get("data")
    if not isinstance(events, list) or not events:
        return meta_error(400, 100, None, "(#100) param data must be non-empty.")
    if len(events) > META_MAX_EVENTS:
        return meta_error(400, 100, None, f"(#100) param data has too many events: {len(events)} of at most 1000.")
    for number, event in enumerate(events):
        fault = meta_fault(event, now.timestamp())
        if fault:
            return meta_error(400, 100, fault[0], f"Invalid parameter: event {number}: {fault[1]}")
    trace = f"SIM{next(_traces):012d}"
    identities = [str(event.get("event_id") or f"unnamed-{trace}-{number}") for number, event in enumerate(events)]
    return Answer(200, {"events_received": len(events), "messages": [], "fbtrace_id": trace}, identities)


def meta_fault(event: Any, now: float) -> tuple[int | None, str] | None:
    """(subcode, words) of the first thing wrong with an event; one such event makes Meta refuse the whole call."""
    if not isinstance(event, dict) or not event.get("event_name"):
        return None, "event_name is required"
    at = event.get("event_time")
    if not isinstance(at, int) or isinstance(at, bool):
        return None, "event_time must be Unix seconds"
    oldest = STORE_MAX_AGE if event.get("action_source") == "physical_store" else META_MAX_AGE
    if at < now - oldest.total_seconds():
        return 2804003, f"event_time is older than {oldest.days} days"
    if event["event_name"] == "Purchase" and not has_value(event.get("custom_data")):
        return 2804009, "Missing Value: a Purchase needs value and currency"
    if POISON in str(event.get("event_id", "")):
        return 2804001, "invalid fbc"
    return None


def has_value(custom: Any) -> bool:
    return isinstance(custom, dict) and custom.get("value") is not None and bool(custom.get("currency"))


def meta_error(status: int, code: int, subcode: int | None, message: str, **headers: str) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}
    error |= {"is_transient": code in (1, 2, 4, 17), "fbtrace_id": f"SIM{next(_traces):012d}"}
    return Answer(status, {"error": {name: value for name, value in error.items() if value is not None}}, (), headers)
