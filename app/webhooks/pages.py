"""The list of webhooks, /webhooks, and the end of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock, event_types
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.htmx import go, is_shown, mark_of, notify, page, typed_name, unchanged
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.deliveries.health import Health
from app.outbound import targets
from app.webhooks import finding, health, service
from app.webhooks.models import Webhook
from app.webhooks.state import STATE_WORDS, state_of
from app.webhooks.words import events_words, host_of

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
MAX_SEARCH = 200
ACTIVE = {"yes": True, "no": False}


@bp.get("")
@requires("webhooks.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in finding.SORTS else "name"
    text, event = request.args.get("q", "")[:MAX_SEARCH].strip(), request.args.get("event") or None
    active = ACTIVE.get(request.args.get("active", ""))
    query = finding.search(account_id(), text=text, event=event, active=active, sort=sort)
    found = paginate(db.session(), query, page=asked.page, limit=asked.limit)
    healths = health.of_webhooks(db.session.connection(), account_id(), found.rows, clock.now())
    states = {webhook.id: state_of(webhook.target, healths[webhook.id].state) for webhook in found.rows}
    mark = mark_of(found.total, [shown(webhook, states[webhook.id], healths[webhook.id]) for webhook in found.rows])
    if is_shown(mark):
        return unchanged()
    return page(
        "webhooks/index.html",
        fragment="webhooks/_rows.html",
        found=found,
        healths=healths,
        states=states,
        words=STATE_WORDS,
        mark=mark,
        sort=sort,
        filtered=bool(text or event or active is not None),
        events=[(name, name) for name in event_types.public()],
        events_words=events_words,
        host_of=host_of,
    )


def shown(webhook: Webhook, state: str, own: Health) -> tuple[Any, ...]:
    """All that a list shows of it: what differs is a change."""
    return webhook.id, webhook.version, state, own.day, own.now.open, own.now.dead_total, own.last_event_at


@bp.get("/<id>/delete")
@requires("webhooks.edit")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("webhooks.edit")
def delete(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    if not typed_name(webhook.name):
        return show_delete(webhook, wrong_name=True)
    with write():
        service.delete(current_actor(), webhook.id)
    notify(_("Webhook deleted. Its deliveries stay in the list of deliveries."), "warning")
    return go(url_for(".index"))


def show_delete(webhook: Webhook, wrong_name: bool = False) -> Response:
    return page(
        "webhooks/delete.html",
        fragment="webhooks/_danger.html",
        webhook=webhook,
        due=targets.due_count(db.session.connection(), webhook.id),
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


def wanted(id: str) -> Webhook:
    """The webhook of this URL, in the account of who asks. Raises NotFound."""
    return finding.get(account_id(), to_uuid(id))
