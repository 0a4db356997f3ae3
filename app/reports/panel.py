"""What the overview adds to the page of a pixel: how well its events can be matched."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.core import clock
from app.core.db import db
from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.pixels.models import Pixel
from app.pixels.panels import Panel
from app.reports import drawing
from app.tracking import matches

DAYS = 28
SUBTITLE = _l("What Meta can recognise people by: the more of it an event carries, the better.")


def match_quality(pixel: Pixel) -> Panel | None:
    """Of the last 28 days; None for a platform that takes nothing but a click id."""
    if pixel.platform not in matches.IDENTIFYING:
        return None
    end = hour_of(clock.now()) + HOUR
    start = end - timedelta(days=DAYS)
    found = matches.total(db.session.connection(), pixel.account_id, start, end, pixel.id)
    content = render_template(
        "reports/_matches.html",
        signs=drawing.signs(found, None, "pixel-matches"),
        tip=drawing.tip(found),
        quality=found.quality,
    )
    return Panel(_("How well Meta can match people, 28 days"), Markup(content), str(SUBTITLE))  # noqa: S704 - rendered with autoescape
