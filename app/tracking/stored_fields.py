"""What of an event's fields is kept for the adapters: nothing personal, nothing that has a column of its own."""

from __future__ import annotations

from typing import Any

from app.tracking.free_text import without_emails, without_people
from app.tracking.page_url import without_personal
from app.tracking.schema import OWN_COLUMNS, PERSONAL, Content, EventBody

ADDRESSES = ("event_source_url", "referrer")
FREE_TEXTS = ("content_name", "content_category", "content_type", "search_string", "coupon")
IDS = ("order_id", "content_id")
KEPT = frozenset(EventBody.model_fields) - PERSONAL - OWN_COLUMNS - {"contents", "consent", "content_ids"}


def stored_fields(event: EventBody, page: str | None, site_url: str | None) -> dict[str, Any]:
    """`page` is what the browser's Referer says, `site_url` the pixel's own: what `event_source_url` defaults to."""
    fields = {name: value for name, value in event.__dict__.items() if value is not None and name in KEPT}
    if event.contents is not None:
        fields["contents"] = [_content(content) for content in event.contents]
    if event.content_ids is not None:
        fields["content_ids"] = list(map(without_emails, event.content_ids))
    if event.consent is not None:
        fields["consent"] = event.consent.model_dump(exclude_none=True)
    fields.setdefault("action_source", "website")
    if shown := event.event_source_url or page or site_url:
        fields["event_source_url"] = shown
    _clean(fields)
    return fields


def _clean(fields: dict[str, Any]) -> None:
    """Clear e-mails and phones stay out of what is stored, wherever a client app puts them."""
    for name in ADDRESSES:
        if name in fields:
            fields[name] = without_personal(fields[name])
    for name in FREE_TEXTS:
        if name in fields:
            fields[name] = without_people(fields[name])
    for name in IDS:
        if name in fields:
            fields[name] = without_emails(fields[name])


def _content(content: Content) -> dict[str, Any]:
    fields = content.model_dump(exclude_none=True)
    for name in ("name", "category", "brand"):
        if name in fields:
            fields[name] = without_people(fields[name])
    if "id" in fields:
        fields["id"] = without_emails(fields["id"])
    return fields
