"""The page of one webhook: how it stands, its figures and its attempts: /webhooks/<id>."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.core import clock
from app.core.access import account_id, requires
from app.core.db import db
from app.core.errors import Malformed
from app.core.htmx import is_shown, mark_of, page, unchanged
from app.core.pagination import Page
from app.webhooks import drawing, health, logs, stats
from app.webhooks.models import Webhook
from app.webhooks.pages import bp, shown, wanted
from app.webhooks.rotation import secrets_of
from app.webhooks.samples import tabs
from app.webhooks.state import STATE_WORDS, off_words, state_of
from app.webhooks.stored_headers import headers_shown
from app.webhooks.words import SHORT_SCHEDULES

DAYS = 30
ATTEMPTS = 20


@bp.get("/<id>")
@requires("webhooks.view")
def show(id: str) -> ResponseReturnValue:
    """The page; to htmx the latest attempts, which are filtered and turned there."""
    webhook = wanted(id)
    success = {"yes": True, "no": False}.get(request.args.get("success", ""))
    found = attempts_of(webhook, success)
    mark = mark_of([row.id for row in found.rows], found.next)
    if is_shown(mark):
        return unchanged()
    return page(
        "webhooks/show.html",
        fragment="webhooks/_attempts.html",
        webhook=webhook,
        found=found,
        mark=mark,
        filtered=success is not None,
        secrets=secrets_of(webhook),
        headers=headers_shown(webhook),
        samples=tabs(),
        schedules=SHORT_SCHEDULES,
        now=clock.now(),
        **standing_of(webhook),
    )


def attempts_of(webhook: Webhook, success: bool | None) -> Page[logs.Entry]:
    """A page of them; a cursor that is not ours leads to the first one."""
    asked, after = (db.session(), account_id(), webhook.id), request.args.get("after") or None
    try:
        return logs.attempts(*asked, success=success, after=after, limit=ATTEMPTS)
    except Malformed:
        return logs.attempts(*asked, success=success, limit=ATTEMPTS)


@bp.get("/<id>/standing")
@requires("webhooks.view")
def standing(id: str) -> ResponseReturnValue:
    """The part of the page that says how it stands and shows its figures, which asks for itself again."""
    webhook = wanted(id)
    parts = standing_of(webhook)
    if is_shown(parts["standing_mark"]):
        return unchanged()
    return page("webhooks/_standing.html", webhook=webhook, **parts)


def standing_of(webhook: Webhook) -> dict[str, Any]:
    connection, now = db.session.connection(), clock.now()
    own = health.of_webhook(connection, webhook, now)
    figures = stats.of(connection, webhook.account_id, webhook.id, now, DAYS, get_timezone() or UTC)
    state, target = state_of(webhook.target, own.state), webhook.target
    seen = (shown(webhook, state, own), target.reason, target.last_error, target.failures, own.held_until, figures)
    return {
        "state": state,
        "words": STATE_WORDS,
        "off": off_words(target),
        "health": own,
        "figures": figures,
        "share": figures.success_rate,
        "calls": drawing.calls(figures),
        "times": drawing.times(figures),
        "standing_mark": mark_of(seen),
    }
