"""The pages of webhooks: /webhooks."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.core import clock, event_types
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, Malformed, localized
from app.core.htmx import go, is_shown, mark_of, notify, page, typed_name, typed_version, unchanged
from app.core.ids import to_uuid
from app.core.pagination import Page, clamped, paginate
from app.deliveries.health import Health
from app.outbound import targets
from app.webhooks import drawing, health, logs, service, stats
from app.webhooks.forms import WebhookForm
from app.webhooks.models import Webhook
from app.webhooks.samples import SAMPLES
from app.webhooks.state import STATE_WORDS, off_words, state_of
from app.webhooks.words import SHORT_SCHEDULES, events_words, host_of

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
MAX_SEARCH = 200
DAYS = 30
ATTEMPTS = 20
ACTIVE = {"yes": True, "no": False}


@bp.get("")
@requires("webhooks.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "name"
    text, event = request.args.get("q", "")[:MAX_SEARCH].strip(), request.args.get("event") or None
    active = ACTIVE.get(request.args.get("active", ""))
    query = service.search(account_id(), text=text, event=event, active=active, sort=sort)
    found = paginate(db.session(), query, page=asked.page, limit=asked.limit)
    healths = health.of_webhooks(db.session.connection(), account_id(), found.rows, clock.now())
    states = {webhook.id: state_of(webhook.target, healths[webhook.id].state) for webhook in found.rows}
    mark = mark_of(found.total, [_shown(webhook, states[webhook.id], healths[webhook.id]) for webhook in found.rows])
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


def _shown(webhook: Webhook, state: str, own: Health) -> tuple[Any, ...]:
    return webhook.id, webhook.version, state, own.day, own.now.open, own.now.dead_total, own.last_event_at


@bp.get("/new")
@requires("webhooks.edit", confirmed=True)
def new() -> ResponseReturnValue:
    return show_new(WebhookForm())


@bp.post("")
@requires("webhooks.edit", confirmed=True)
def create() -> ResponseReturnValue:
    form = WebhookForm()
    if "add_header" in request.form:
        form.headers.add()
        return show_new(form)
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            webhook, secret = service.create(current_actor(), form.values())
    except Invalid as error:
        form.refuse(error)
        return show_new(form, 422)
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        return show_new(form, 422)
    return show_secret(webhook, secret, "created", 201)


def show_new(form: WebhookForm, status: int = 200) -> Response:
    return page("webhooks/new.html", fragment="webhooks/_new_form.html", form=form, status=status)


def show_secret(webhook: Webhook, secret: str, template: str, status: int = 200) -> Response:
    """The only page that ever shows the secret: the answer of the POST itself, so that it is in no URL, cookie or
    cache."""
    response = page(
        f"webhooks/{template}.html",
        fragment=f"webhooks/_{template}.html",
        webhook=webhook,
        secret=secret,
        before=[one for one in service.secrets_of(webhook) if one[2] is not None],
        samples=samples(),
        status=status,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


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
        secrets=service.secrets_of(webhook),
        headers=service.headers_shown(webhook),
        samples=samples(),
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
    shown = standing_of(webhook)
    if is_shown(shown["standing_mark"]):
        return unchanged()
    return page("webhooks/_standing.html", webhook=webhook, **shown)


def standing_of(webhook: Webhook) -> dict[str, Any]:
    connection, now = db.session.connection(), clock.now()
    own = health.of_webhook(connection, webhook, now)
    figures = stats.of(connection, webhook.account_id, webhook.id, now, DAYS, get_timezone() or UTC)
    state, target = state_of(webhook.target, own.state), webhook.target
    seen = (_shown(webhook, state, own), target.reason, target.last_error, target.failures, own.held_until, figures)
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


@bp.get("/<id>/edit")
@requires("webhooks.edit", confirmed=True)
def edit(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    return show_edit(webhook, change_form(webhook))


@bp.post("/<id>/edit")
@requires("webhooks.edit", confirmed=True)
def update(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    form = change_form(webhook)
    if "add_header" in request.form:
        form.headers.add()
        return show_edit(webhook, form)
    if not form.validate_on_submit():
        return show_edit(webhook, form, 422)
    try:
        with write():
            service.update(current_actor(), webhook.id, form.values(), version=typed_version(form.version.data))
    except Invalid as error:
        form.refuse(error)
        return show_edit(webhook, form, 422)
    except Conflict:
        form.form_errors.append(
            _("Somebody else changed this webhook meanwhile. Save again to overwrite their change.")
        )
        form.version.data = str(wanted(id).version)
        return show_edit(webhook, form, 422)
    notify(_("Webhook saved."))
    return go(url_for(".show", id=id))


def change_form(webhook: Webhook) -> WebhookForm:
    return WebhookForm().for_change(webhook, service.headers_shown(webhook))


def show_edit(webhook: Webhook, form: WebhookForm, status: int = 200) -> Response:
    context = {"webhook": webhook, "form": form}
    return page("webhooks/edit.html", fragment="webhooks/_edit_form.html", status=status, **context)


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


def samples() -> list[dict[str, str]]:
    """The programs that verify a delivery, as the tabs take them."""
    return [{"key": sample.language, "label": sample.label, "text": sample.text} for sample in SAMPLES]


def wanted(id: str) -> Webhook:
    """The webhook of this URL, in the account of who asks. Raises NotFound."""
    return service.get(account_id(), to_uuid(id))
