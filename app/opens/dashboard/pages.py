"""The pages of figures: `/opens` of a period, `/opens/live` of just now."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.core import clock
from app.core.access import requires
from app.core.db import db
from app.core.htmx import go, is_htmx, is_shown, mark_of, page, unchanged
from app.core.period import Asked
from app.core.period_page import asked_in_url, period_bar
from app.core.period_words import clock_text, span, time_text
from app.opens.dashboard import drawing, live_drawing, numbers
from app.opens.dashboard import live as live_numbers
from app.opens.dashboard.changed import sentences
from app.opens.dashboard.ids import id_page
from app.opens.dashboard.links import Links
from app.opens.dashboard.numbers import Dashboard
from app.opens.dashboard.recent import latest
from app.opens.dashboard.start import first_steps
from app.opens.dashboard.warnings import notices
from app.opens.dashboard.words import CLASSES
from app.opens.mailings.unopened import DEFAULT_DAYS, unopened_count
from app.opens.pages import bp
from app.opens.rules.words import client_word, device_word

MOST_WAITING = 1_000  # counted; beyond, "1,000 or more"


@bp.get("/opens")
@requires("opens.view")
def overview() -> ResponseReturnValue:
    """An odd URL shows the last 7 days and says so. Where a live fragment would stay as it is, its script only sets
    the time that the figures are of."""
    session, account_id, now = db.session(), current_user.account_id, clock.now()
    if not numbers.has_any(session.connection(), account_id):
        return _start(account_id)
    if is_htmx() and "waiting" in request.args:
        return go(url_for(".overview"))
    wanted, automatic = asked_in_url(now), request.args.get("automatic") == "1"
    found = numbers.dashboard(session, account_id, wanted.period, wanted.compare, now, automatic=automatic)
    recent, ids = latest(session, account_id, automatic=automatic), id_page(found.latest_ids, request.args)
    mark = mark_of(found, recent, ids, now.astimezone(found.period.zone).date())
    if is_shown(mark):
        return unchanged(**{"as-of": time_text(now)})
    return page(
        "opens/overview.html",
        fragment="opens/_overview.html",
        mark=mark,
        found=found,
        recent=recent,
        ids=ids,
        **_drawn(wanted, found, now),
        **_words(now, found.period.zone),
    )


def _start(account_id: Any) -> ResponseReturnValue:
    if is_htmx() and "waiting" in request.args:
        return unchanged()
    return page("opens/start.html", steps=first_steps(db.session(), account_id))


def _drawn(wanted: Asked, found: Dashboard, now: datetime) -> dict[str, Any]:
    links = Links(found.period, found.automatic)
    return {
        "bar": period_bar(wanted, automatic="1" if found.automatic else ""),
        "span": span(found.period),
        "span_before": span(found.comparison.period) if found.comparison else None,
        "cards": drawing.cards(found, links),
        "changed": sentences(found),
        "notices": notices(found.wrong),
        "timeline": drawing.timeline(found),
        "timeline_title": drawing.timeline_title(found),
        "week": drawing.week(found),
        "class_chart": drawing.classes(found, links),
        "clients": drawing.clients(found, links),
        "devices": drawing.devices(found, links),
        "images": drawing.images(found, links),
        "delays": drawing.delays(found.delays) if found.delays else None,
    }


def _words(now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "as_of": time_text(now),
        "clock_text": lambda at: clock_text(at, now, zone),
        "classes": CLASSES,
        "client_word": client_word,
        "device_word": device_word,
    }


@bp.get("/opens/live")
@requires("opens.view")
def live() -> ResponseReturnValue:
    """Today until now, asked for again every five seconds."""
    session, account_id, now = db.session(), current_user.account_id, clock.now()
    if not numbers.has_any(session.connection(), account_id):
        return _start(account_id)
    zone = ZoneInfo(g.timezone)
    found = live_numbers.live(session, account_id, zone, now)
    unopened = unopened_count(session.connection(), account_id, DEFAULT_DAYS, now, MOST_WAITING)
    mark = mark_of(found, unopened)
    if is_shown(mark):
        return unchanged(**{"as-of": time_text(now)})
    return page(
        "opens/live.html",
        fragment="opens/_live.html",
        mark=mark,
        found=found,
        unopened=unopened,
        most_waiting=MOST_WAITING,
        days=DEFAULT_DAYS,
        **_drawn_live(found),
        **_words(now, zone),
    )


def _drawn_live(found: live_numbers.Live) -> dict[str, Any]:
    links = Links(found.period)
    return {
        "cards": live_drawing.cards(found, links),
        "today": live_drawing.today(found),
        "minutes": live_drawing.minutes(found),
        "notices": notices(found.wrong),
    }
