"""The test of a webhook: a button, and what came of it in words."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import audit
from app.core import clock
from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.htmx import page
from app.core.runtime import runtime
from app.webhooks import secrets, trial
from app.webhooks.advice import Advice, advise
from app.webhooks.models import Webhook
from app.webhooks.pages import bp, wanted


@bp.get("/<id>/test")
@requires("webhooks.edit")
def test(id: str) -> ResponseReturnValue:
    return show_test(wanted(id), None)


@bp.post("/<id>/test")
@requires("webhooks.edit")
def send_test(id: str) -> ResponseReturnValue:
    webhook, actor = wanted(id), current_actor()
    receiver = secrets.receivers(db.session.connection(), runtime(), [webhook.id], clock.now()).get(webhook.id)
    if receiver is None:
        lost = Advice(
            _("The secret cannot be read"), _("The key that it was written with is gone. Replace the secret."), "danger"
        )
        return show_test(webhook, lost)
    db.session.rollback()  # a receiver that takes its time must hold no transaction open
    report = trial.send(receiver, actor.account_id)
    with write() as session:
        changes: audit.Changes = {
            "outcome": [None, str(report.outcome)],
            "http_status": [None, report.http_status],
            "duration_ms": [None, report.duration_ms],
        }
        audit.record(session, actor, "webhook.tested", subject_id=webhook.id, subject=webhook.name, changes=changes)
    return show_test(wanted(id), advise(report))


def show_test(webhook: Webhook, advice: Advice | None) -> Response:
    return page("webhooks/test.html", fragment="webhooks/_test.html", webhook=webhook, advice=advice)
