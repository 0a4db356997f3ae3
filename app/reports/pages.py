"""The page of the overview: `/`, where a day begins."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time
from flask_login import current_user

from app.attention import service as attention
from app.attention.words import in_words
from app.core import clock
from app.core.access import requires
from app.core.db import db
from app.core.htmx import go, is_htmx, page, url_with
from app.core.i18n import ago
from app.core.runtime import runtime
from app.destinations import registry
from app.reports import drawing
from app.reports import overview as numbers
from app.reports.links import Links
from app.reports.overview import Overview
from app.reports.periods import HOUR, Asked, Compare, asked
from app.reports.recent import latest
from app.reports.start import first_steps
from app.reports.words import COMPARES, PRESETS, PROBLEMS, STATES, STATUSES, clock_text, span

bp = Blueprint("reports", __name__)
FINDINGS = 3


@bp.get("/")
@requires("overview.view")
def overview() -> ResponseReturnValue:
    """An odd URL shows the last 7 days and says so. `v` is what a live fragment shows: 204 when it is still so."""
    connection, account_id, now = db.session.connection(), current_user.account_id, clock.now()
    wanted = _asked(now)
    steps = first_steps(connection, account_id, runtime().settings.public_url)
    if is_htmx() and "waiting" in request.args:
        return go(url_for(".overview")) if steps is None else ("", 204)
    if steps is not None:
        return page("reports/start.html", steps=steps)
    found = numbers.overview(connection, account_id, wanted.period, wanted.compare, now)
    shown: dict[str, Any] = {
        "found": found,
        "recent": latest(connection, account_id),
        "findings": [
            (one, in_words(one.kind, one.subject, one.facts))
            for one in db.session.scalars(attention.open_ones(account_id).limit(FINDINGS))
        ],
    }
    version = _version(shown)
    if is_htmx() and request.args.get("v") == version:
        return _still(now)
    return page(
        "reports/overview.html", fragment="reports/_overview.html", **shown, **_drawn(wanted, found, now, version)
    )


def _asked(now: datetime) -> Asked:
    given = {name: request.args.get(name, "") for name in ("period", "compare")}
    zone = ZoneInfo(g.timezone)
    return asked(now, zone, start=request.args.get("from", ""), end=request.args.get("to", ""), **given)


def _drawn(wanted: Asked, found: Overview, now: datetime, version: str) -> dict[str, Any]:
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
        "clock_text": lambda at: clock_text(at, now, found.period.zone),
        "presets": [(str(key), word) for key, word in PRESETS.items()],
        "compare_link": _compare_link(wanted),
        "wanted": wanted,
        "problems": [PROBLEMS[problem] for problem in wanted.problems],
        "last_day": (found.period.last - HOUR).date(),
        "span": span(found.period),
        "span_before": span(found.comparison.period) if found.comparison else None,
        "labels": registry.labels(),
        "states": STATES,
        "statuses": STATUSES,
        "as_of": _time_of(now),
        "again": url_with(v=version),
    }


def _compare_link(wanted: Asked) -> tuple[str, Any]:
    other = Compare.NONE if wanted.compare is Compare.PREVIOUS else Compare.PREVIOUS
    return url_with(compare=other, v=None), COMPARES[other]


def _version(shown: dict[str, Any]) -> str:
    """A short mark of everything that the fragment says, times in words included."""
    found: Overview = shown["found"]
    queues = [ago(one.now.due_at) for one in found.health]
    findings = [(one.id, one.changed_at) for one, _words in shown["findings"]]
    text = json.dumps([repr(found), repr(shown["recent"]), repr(findings), queues])
    return sha256(text.encode()).hexdigest()[:16]


def _time_of(now: datetime) -> str:
    return str(format_time(now, "HH:mm:ss"))


def _still(now: datetime) -> Response:
    """Nothing changed: the script only sets the time that the figures are of."""
    answer = make_response("", 204)
    answer.headers["HX-Trigger"] = json.dumps({"as-of": _time_of(now)})
    answer.vary.add("HX-Request")
    return answer
