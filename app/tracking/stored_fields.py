"""What of an event's fields is kept for the adapters: nothing personal, nothing that has a column of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.tracking.free_text import without_emails, without_people
from app.tracking.page_url import without_personal
from app.tracking.schema import OWN_COLUMNS, PERSONAL, Content, EventBody

ADDRESSES = ("event_source_url", "referrer")
FREE_TEXTS = ("content_name", "content_category", "content_type", "search_string", "coupon")
IDS = ("order_id", "content_id")
KEPT = frozenset(EventBody.model_fields) - PERSONAL - OWN_COLUMNS


def stored_fields(values: Mapping[str, Any], page: str | None, site_url: str | None) -> dict[str, Any]:
    """Of the fields of an event that are there. `page` is what the browser's Referer says, `site_url` the pixel's own:
    what `event_source_url` defaults to. Clear e-mails and phones stay out of what is stored, wherever a client app puts
    them."""
    fields = {}
    for name, value in values.items():
        if name in KEPT:
            clean = CLEAN.get(name)
            fields[name] = value if clean is None else clean(value)
    if "action_source" not in fields:
        fields["action_source"] = "website"
    if "event_source_url" not in fields and (shown := page or site_url):
        fields["event_source_url"] = without_personal(shown)
    return fields


def _content(content: Content) -> dict[str, Any]:
    fields = content.model_dump(exclude_none=True)
    for name in ("name", "category", "brand"):
        if name in fields:
            fields[name] = without_people(fields[name])
    if "id" in fields:
        fields["id"] = without_emails(fields["id"])
    return fields


CLEAN: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(ADDRESSES, without_personal),
    **dict.fromkeys(FREE_TEXTS, without_people),
    **dict.fromkeys(IDS, without_emails),
    "contents": lambda contents: [_content(content) for content in contents],
    "content_ids": lambda ids: list(map(without_emails, ids)),
    "consent": lambda consent: consent.model_dump(exclude_none=True),
}
