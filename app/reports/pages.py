"""The page of the overview: `/`, where a day begins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.attention import service as attention
from app.attention.words import in_words
from app.core import clock
from app.core.access import requires
from app.core.db import db
from app.core.htmx import go, is_htmx, is_shown, mark_of, page, unchanged
from app.core.i18n import ago
from app.core.period import Asked
from app.core.period_page import asked_in_url, period_bar
from app.core.period_words import clock_text, span, time_text
from app.core.runtime import runtime
from app.destinations import registry
from app.opens.dashboard.links import Links as OpenLinks
from app.opens.dashboard.numbers import has_any
from app.opens.dashboard.recent import latest as latest_opens
from app.opens.dashboard.words import CLASSES
from app.opens.rules.words import client_word, device_word
from app.pixels.state import STATE_WORDS
from app.reports import drawing, mail_drawing
from app.reports import overview as numbers
from app.reports.links import Links
from app.reports.overview import Overview
from app.reports.recent import latest
from app.reports.start import first_steps
from app.tracking.words import STATUS_WORDS

bp = Blueprint("reports", __name__)
FINDINGS = 3
OPENS = 5


@bp.get("/")
@requires("overview.view")
def overview() -> ResponseReturnValue:
    """An odd URL shows the last 7 days and says so. Where a live fragment would stay as it is, its script only sets
    the time that the figures are of."""
    connection, account_id, now = db.session.connection(), current_user.account_id, clock.now()
    wanted = asked_in_url(now)
    steps = first_steps(connection, account_id, runtime().settings.public_url)
    if is_htmx() and "waiting" in request.args:
        return go(url_for(".overview")) if steps is None else unchanged()
    if steps is not None:
        return page("reports/start.html", steps=steps, has_opens=has_any(connection, account_id))
    found = numbers.overview(connection, account_id, wanted.period, wanted.compare, now)
    shown: dict[str, Any] = {
        "found": found,
        "recent": latest(connection, account_id),
        "recent_opens": latest_opens(db.session(), account_id, automatic=False, limit=OPENS) if found.mail else [],
        "findings": [
            (one, in_words(one.kind, one.subject, one.facts))
            for one in db.session.scalars(attention.open_ones(account_id).limit(FINDINGS))
        ],
    }
    mark = _mark(shown, now)
    if is_shown(mark):
        return unchanged(**{"as-of": time_text(now)})
    return page(
        "reports/overview.html", fragment="reports/_overview.html", mark=mark, **shown, **_drawn(wanted, found, now)
    )


def _drawn(wanted: Asked, found: Overview, now: datetime) -> dict[str, Any]:
    links = Links(found.period)
    return {
        "links": links,
        "cards": drawing.cards(found, links),
        "timeline": drawing.timeline(found),
        "timeline_title": drawing.timeline_title(found),
        "week": drawing.week(found),
        "signs": drawing.signs(found.matches, links.events(platform=drawing.MATCHING)),
        "quality": found.matches.quality,
        "tip": drawing.tip(found.matches),
        "pixel_line": drawing.pixel_line,
        "seconds": drawing.seconds,
        "short_name": drawing.short_name,
        "event_name": drawing.event_name,
        "age": lambda at: ago(at, now=now, granularity="minute"),
        "clock_text": lambda at: clock_text(at, now, found.period.zone),
        "bar": period_bar(wanted),
        "span": span(found.period),
        "span_before": span(found.comparison.period) if found.comparison else None,
        "labels": registry.labels(),
        "states": STATE_WORDS,
        "statuses": STATUS_WORDS,
        "as_of": time_text(now),
        **(_mail(found) if found.mail else {}),
    }


def _mail(found: Overview) -> dict[str, Any]:
    assert found.mail is not None
    links = OpenLinks(found.period)
    return {
        "mail_cards": mail_drawing.cards(found.mail, links),
        "mail_clients": mail_drawing.clients(found.mail, links),
        "mail_devices": mail_drawing.devices(found.mail, links),
        "classes": CLASSES,
        "client_word": client_word,
        "device_word": device_word,
    }


def _mark(shown: dict[str, Any], now: datetime) -> str:
    """Ages in words are part of it."""
    found: Overview = shown["found"]
    queues = [ago(one.now.due_at, now=now, granularity="minute") for one in found.health if one.now.due_at]
    findings = [(one.id, one.changed_at) for one, _words in shown["findings"]]
    return mark_of(found, shown["recent"], shown["recent_opens"], findings, queues)
