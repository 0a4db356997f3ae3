"""What an account is alerted of, and how: /alerts."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.alerts import letters, service
from app.alerts.forms import RuleForm
from app.alerts.news import RAISED
from app.alerts.rules import Rule, recipients
from app.alerts.topics import known
from app.alerts.words import how_words, page_url, said, when_words
from app.core import clock, events, mail
from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, TooMany
from app.core.htmx import go, notify, page, typed_version
from app.core.pagination import clamped, paginate
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime

bp = Blueprint("alerts", __name__, url_prefix="/alerts")
TESTS = Limit("alert-test", 5, 3600)  # of one person


@bp.get("")
@requires("alerts.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    found = paginate(db.session(), service.search(account_id()), page=asked.page, limit=asked.limit)
    people = service.people(account_id())
    rules = service.rules(account_id())
    return page(
        "alerts/index.html",
        fragment="alerts/_history.html",
        rules=[(rule, when_words(rule), how_words(rule, recipients(rule, people))) for rule in rules],
        found=found,
        told=[(alert, said(alert.kind, alert.subject, alert.facts, has_permission)) for alert in found.rows],
        labels={rule.topic.key: rule.topic.label for rule in rules},
        is_unheard=not any(rule.by_mail and rule.enabled for rule in rules)
        and not events.is_heard(db.session.connection(), RAISED, account_id()),
        without_mail=runtime().settings.smtp_url is None and any(rule.by_mail and rule.enabled for rule in rules),
    )


@bp.get("/<topic>/edit")
@requires("alerts.edit")
def edit(topic: str) -> ResponseReturnValue:
    rule = wanted(topic)
    return show_edit(rule, RuleForm.of(rule, service.people(account_id())))


@bp.post("/<topic>/edit")
@requires("alerts.edit")
def update(topic: str) -> ResponseReturnValue:
    rule = wanted(topic)
    form = RuleForm.of(rule, service.people(account_id()))
    if not form.validate_on_submit():
        return show_edit(rule, form, 422)
    try:
        with write():
            service.save(current_actor(), rule.topic, form.values(), version=typed_version(form.version.data))
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(rule, form, 422)
    notify(_("Alert rule saved."))
    return go(url_for(".index"))


def show_edit(rule: Rule, form: RuleForm, status: int = 200) -> ResponseReturnValue:
    return page("alerts/edit.html", fragment="alerts/_form.html", rule=rule, form=form, status=status)


@bp.post("/<topic>/switch")
@requires("alerts.edit")
def switch(topic: str) -> ResponseReturnValue:
    rule = wanted(topic)
    is_on = request.form.get("enabled") == "true"
    with write():
        service.save(current_actor(), rule.topic, {"enabled": is_on})
    notify(_("Alert rule switched on.") if is_on else _("Alert rule switched off: the bell alone shows it."))
    return go(url_for(".index"))


@bp.post("/test")
@requires("alerts.view")
def test() -> ResponseReturnValue:
    """One letter to whoever asks."""
    actor = current_actor()
    me = next(person for person in service.people(actor.account_id) if person.id == str(actor.user_id))
    wait_s = limiter().hit(TESTS, me.id)
    if wait_s is not None:
        raise TooMany(wait_s, _("At most 5 test e-mails an hour."))
    wanted = letters.trial(me, page_url("alerts.index"))
    with write() as session:
        mail.post(session.connection(), actor.account_id, me.email, wanted, clock.now() + letters.TRIAL_LIVES)
    if runtime().settings.smtp_url is None:
        notify(_("No mail server is set: the e-mail waits in the outbox, where an administrator sees it."), "warning")
    else:
        notify(_("A test e-mail is on its way to %(email)s.", email=me.email))
    return go(url_for(".index"))


def wanted(topic: str) -> Rule:
    return service.rule_of(account_id(), known(topic))
