"""Kwai (AdsNebula) Event API: one call an event, attributed by the click id (source 1 §6.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from app.core.exchange import Call, Json, Outcome, Reply
from app.destinations import values
from app.destinations.answers import asked_wait_s, plainly, words
from app.destinations.base import Destination, Event, Person, PixelKey
from app.destinations.names import NEUTRAL, override
from app.destinations.values import present

THIRD_PARTY = "shopline"
MESSAGES = ("error_msg", "msg", "message", "error")  # no document names the field: callers have seen these
# Pauses the whole pixel, so only wording that can mean nothing else; a mere "token" in a sentence is not enough.
BAD_TOKEN = re.compile(
    r"\b(invalid|expired|wrong|illegal) access[_ ]?token\b|\baccess[_ ]?token (is )?(invalid|expired|wrong|illegal)\b"
    r"|\btoken (is |has )?expired\b|\b(permission denied|no permission|unauthorized|not authorized)\b",
    re.IGNORECASE,
)


class Kwai(Destination):
    key = "kwai"
    label = "Kwai"
    max_batch = 1
    # No limit is documented. The call has no event time, so Kwai dates an event when it arrives: after a week (its
    # longest click window, and Meta's limit) a late one would distort the account more than it helps.
    max_age = timedelta(days=7)
    event_names = MappingProxyType({name: name for name in NEUTRAL})
    test_takes = ("clickId", "trackFlag", "testFlag")  # facts/destinations.md §2: callers disagree on testFlag
    test_needs = ("clickId",)

    def wire_name(self, name: str, pixel_settings: Mapping[str, Any]) -> str | None:
        if name not in self.event_names:
            return None
        chosen = override(pixel_settings, name)
        return chosen if chosen in self.event_names else name  # Kwai takes no custom names

    def accepted_names(self, pixel_settings: Mapping[str, Any]) -> list[str]:
        return list(NEUTRAL)

    def identify(self, person: Person) -> Json:
        """Nothing: Kwai knows the person by the click."""
        return {}

    def unusable(self, identity: Mapping[str, Any], click_id: str | None) -> str | None:
        return None if click_id and click_id.strip() else "Missing click_id"

    def build(self, items: Sequence[Event], target: PixelKey) -> Call:
        if not re.fullmatch(self.pixel_id_pattern, target.external_id):
            raise ValueError("The id of a Kwai pixel must be letters, digits, - or _")
        (event,) = items
        return Call(
            "POST",
            self.settings.kwai_events_url,
            self.payload(event, target),
            headers={"Content-Type": "application/json", "Accept": "application/json;charset=utf-8"},
        )

    def payload(self, event: Event, target: PixelKey) -> Json:
        """Key for key as source 1 prints it. `test` shows the event in Kwai's test tab; most callers keep `testFlag`
        off there, so it has only its setting."""
        own = target.settings
        return {
            "access_token": target.access_token,
            "clickid": event.click_id,
            "event_name": self.wire_name(event.name, own) or event.name,
            "is_attributed": 1,
            "mmpcode": "PL",
            "pixelId": target.external_id,
            "pixelSdkVersion": "9.9.9",
            "properties": _encode(properties(event.fields)),
            "testFlag": own.get("testFlag") is True,
            "third_party": values.text(own.get("thirdParty"), 64) or THIRD_PARTY,
            "trackFlag": own.get("trackFlag") is True or event.fields.get("test") is True,
        }

    def read(self, reply: Reply, items: Sequence[Event]) -> Outcome:
        """HTTP 200 is not success: `{"result": 1}` is."""
        if reply.error or reply.status is None or reply.status >= 500:
            return Outcome.retry(plainly(reply), asked_wait_s(reply))
        answer = reply.json()
        said = next((found for name in MESSAGES if (found := words(answer.get(name)))), "")
        if reply.status == 429:
            return Outcome.throttled(said or plainly(reply), asked_wait_s(reply))
        if reply.status in (401, 403) or BAD_TOKEN.search(said):
            return Outcome.auth(said or plainly(reply))
        return _verdict(reply, answer, said)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _verdict(reply: Reply, answer: Json, said: str) -> Outcome:
    if "result" not in answer:
        # a JSON refusal without `result` is final only when the status says so too; a page of HTML never is
        refused = bool(answer) and reply.status in (400, 404, 422)
        return Outcome.rejected(said or plainly(reply)) if refused else Outcome.retry(said or _odd(reply))
    result = answer["result"]
    if reply.ok and type(result) is int and result == 1:
        return Outcome.sent()
    shown = words(str(result)) if isinstance(result, str | int | float) else "unknown"
    return Outcome.rejected(said or f"Kwai answered result {shown or 'unknown'}")


def _odd(reply: Reply) -> str:
    return "Unexpected answer" if reply.ok else plainly(reply)


def properties(fields: Mapping[str, Any]) -> Json:
    """What was bought, in the order of source 1. Nothing personal has a name here."""
    ids = values.texts(fields.get("content_ids"))
    listed = fields.get("contents")
    contents = [content(item) for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    return present(
        content_id=values.text(fields.get("content_id")) or (ids[0] if len(ids) == 1 else None),
        content_type=values.text(fields.get("content_type")),
        content_name=values.text(fields.get("content_name")),
        content_category=values.text(fields.get("content_category")),
        contents=[item for item in contents if item],
        value=values.number(fields.get("value")),
        currency=values.currency(fields.get("currency")),
        quantity=values.whole(fields.get("num_items")),
        query=values.text(fields.get("search_string")),
    )


def content(item: Mapping[str, Any]) -> Json:
    return present(
        content_id=values.text(item.get("id")),
        content_name=values.text(item.get("name")),
        content_category=values.text(item.get("category")),
        quantity=values.whole(item.get("quantity")),
        price=values.number(item.get("price")),
    )
