"""The pages of events: /events, a plain list and one event with its attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.core import clock
from app.core.access import requires
from app.core.db import to_json
from app.core.errors import Malformed
from app.core.htmx import go, page
from app.core.i18n import money, number
from app.core.ids import to_uuid
from app.core.menu import MenuItem, add_to_menu, menu
from app.core.pagination import clamped
from app.destinations import registry
from app.destinations.names import META_STANDARD, NEUTRAL
from app.outbound.models import Attempt, Delivery
from app.pixels import service as pixels
from app.tracking import log
from app.tracking.log import Detail
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus

bp = Blueprint("events", __name__, url_prefix="/events")

STATUS_WORDS: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    EventStatus.PENDING: (_l("Waiting"), "info", "clock"),
    EventStatus.DELIVERED: (_l("Delivered"), "success", "check"),
    EventStatus.FAILED: (_l("Failed"), "danger", "x"),
    EventStatus.CANCELLED: (_l("Cancelled"), "secondary", "circle-x"),
    EventStatus.PAUSED: (_l("Paused"), "warning", "player-pause"),
}
OUTCOME_WORDS: dict[str, tuple[Any, str, str]] = {
    "sent": (_l("Accepted by the platform"), "success", "check"),
    "retry": (_l("Failed, will be tried again"), "warning", "refresh"),
    "throttled": (_l("The platform asked to slow down"), "warning", "clock"),
    "gone": (_l("The receiver is gone"), "danger", "x"),
    "auth": (_l("The platform refused the credentials"), "danger", "lock"),
    "rejected": (_l("Refused by the platform"), "danger", "x"),
}
UNKNOWN_OUTCOME = (_l("Unknown outcome"), "secondary", "help-circle")
FIELD_WORDS = {
    "em": _l("E-mail"),
    "ph": _l("Phone"),
    "external_id": _l("Customer number"),
    "fn": _l("First name"),
    "ln": _l("Last name"),
    "ct": _l("City"),
    "st": _l("State (region)"),
    "zp": _l("Postal code"),
    "country": _l("Country"),
    "ge": _l("Gender"),
    "db": _l("Date of birth"),
    "fbc": _l("Click (fbc)"),
    "fbp": _l("Browser (fbp)"),
    "ctwa_clid": _l("WhatsApp click (ctwa_clid)"),
    "client_ip_address": _l("Network address"),
    "client_user_agent": _l("Browser's user agent"),
}


@requires("events.view")
def home() -> ResponseReturnValue:
    """`/`: where a day begins."""
    return go(url_for("events.index"))


@bp.get("")
@requires("events.view")
def index() -> ResponseReturnValue:
    """Odd filters in the URL count as none; a cursor that is not ours leads to the first page."""
    asked = clamped(request.args)
    filters: dict[str, Any] = {
        "platform": registry.canonical(request.args.get("platform", "")),
        "name": plain(request.args.get("event")),
        "status": next((one for one in EventStatus if one == request.args.get("status")), None),
        "pixel": to_uuid(request.args.get("pixel")),
    }
    after = request.args.get("after") or None
    try:
        found = log.search(current_user.account_id, **filters, after=after, limit=asked.limit)
    except Malformed:
        found = log.search(current_user.account_id, **filters, limit=asked.limit)
    return page(
        "tracking/index.html",
        fragment="tracking/_rows.html",
        found=found,
        filtered=any(filters.values()),
        labels=registry.labels(),
        event_choices=[(name, name) for name in event_names()],
        status_choices=[(str(status), word) for status, (word, _tone, _icon) in STATUS_WORDS.items()],
        words=STATUS_WORDS,
        request_id=log.request_id,
        amount=amount,
    )


@bp.get("/<id>")
@requires("events.view")
def show(id: str) -> ResponseReturnValue:
    found = log.get(current_user.account_id, log.to_event_id(id))
    return page(
        "tracking/show.html",
        found=found,
        event=found.event,
        request_id=log.request_id(found.event.id),
        labels=registry.labels(),
        word=STATUS_WORDS[found.status],
        identity=[FIELD_WORDS.get(name, name) for name in found.event.identity],
        fields=shown_fields(found.event),
        history=timeline(found),
        amount=amount,
        next_at=next_at(found),
    )


def plain(text: str | None) -> str | None:
    """A filter's text, or None for what no stored text can equal."""
    return text if text and len(text) <= 64 and text.isprintable() else None


def event_names() -> list[str]:
    """Every name an event of this account may have, for the filter."""
    return list(dict.fromkeys((*NEUTRAL, *META_STANDARD, *pixels.custom_events(current_user.account_id))))


def timeline(found: Detail) -> list[dict[str, Any]]:
    accepted = {"at": found.event.created_at, "title": _l("Accepted from the client app"), "icon": "download"}
    return [*(_step(attempt) for attempt in found.attempts), accepted]


def _step(attempt: Attempt) -> dict[str, Any]:
    title, tone, icon = OUTCOME_WORDS.get(attempt.outcome, UNKNOWN_OUTCOME)
    return {
        "at": attempt.started_at,
        "title": _l("Attempt %(n)d: %(outcome)s", n=attempt.n, outcome=title),
        "tone": tone,
        "icon": icon,
        "attempt": attempt,
    }


def amount(event: TrackedEvent) -> str:
    return money(event.value, event.currency) if event.currency else number(event.value)


def shown_fields(event: TrackedEvent) -> list[tuple[str, str]]:
    """The stored wire fields as the app sent them; lists and objects as JSON."""
    fields = {name: value for name, value in event.fields.items() if value is not None}
    return [(name, value if isinstance(value, str) else to_json(value)) for name, value in fields.items()]


def next_at(found: Detail) -> datetime | None:
    """When the next attempt is due; None when nothing more is to come by itself."""
    delivery: Delivery | None = found.delivery
    if delivery is None or found.status != EventStatus.PENDING:
        return None
    throttled = found.target.not_before if found.target else None
    return max(filter(None, (delivery.next_at, throttled, clock.now())))


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.add_url_rule("/", view_func=home, methods=["GET"])
    add_to_menu(app, MenuItem("tracking", _l("Events"), "events.index", "activity", "events.view", 10, "e"))
    menu(app).search = MenuItem("tracking", _l("Find an event"), "events.index", "search", "events.view")
