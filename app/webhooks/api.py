"""The API of webhooks: /api/custom-webhooks (source 4)."""

from __future__ import annotations

from typing import Any

from app.accounts import audit
from app.core import clock, jobs
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.errors import Invalid, LostKey, english
from app.core.exchange import Verdict
from app.core.ids import to_uuid
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, paginate
from app.core.runtime import runtime
from app.core.schema import Schema
from app.deliveries.bulk import CountMoved
from app.deliveries.schemas import CountMovedOut
from app.webhooks import finding, logs, resending, rotation, secrets, service, stats, switching, trial
from app.webhooks.models import Webhook
from app.webhooks.schemas import (
    FailedCountOut,
    LogQuery,
    RegenerateIn,
    Removal,
    ResendIn,
    WebhookAttemptOut,
    WebhookChange,
    WebhookFilter,
    WebhookIn,
    WebhookOut,
    WebhookSecretOut,
    WebhookStatsOut,
    WebhookTestOut,
)
from app.webhooks.trail import label

bp = resource_blueprint("api_webhooks", __name__, "/custom-webhooks")


@bp.get("")
@endpoint(summary="List webhooks", permission="webhooks.view", query=WebhookFilter, answers={200: PageOf[WebhookOut]})
def index(query: WebhookFilter) -> PageOf[WebhookOut]:
    """Sorts by createdAt, updatedAt, name; `event` finds those that take it, by name or by a group or `*`."""
    found = finding.search(
        current().account_id,
        text=query.q or "",
        event=query.event,
        active=None if query.active is None else query.active == "true",
        sort=query.sort,
    )
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    shown = secrets.shown(db.session.connection(), [webhook.id for webhook in page.rows], clock.now())
    return page.answer(lambda webhook: WebhookOut.of_row(webhook, shown.get(webhook.id, [])))


@bp.post("")
@endpoint(
    summary="Create a webhook",
    permission="webhooks.edit",
    body=WebhookIn,
    answers={201: WebhookSecretOut, 409: None},
    confirmed=True,
)
def create(body: WebhookIn) -> WebhookSecretOut:
    """`secret` is in this answer and in none after it. 409 in words when the account has 100."""
    with write():
        webhook, secret = service.create(current_actor(), given(body))
    return WebhookSecretOut.with_secret(webhook, secret)


@bp.get("/<id>")
@endpoint(summary="Get a webhook", permission="webhooks.view", answers={200: WebhookOut})
def show(id: str) -> WebhookOut:
    return WebhookOut.of(wanted(id))


@bp.put("/<id>")
@endpoint(
    summary="Change a webhook",
    permission="webhooks.edit",
    body=WebhookChange,
    answers={200: WebhookOut, 409: None},
    confirmed=True,  # another address would be sent the headers that are stored
)
def update(id: str, body: WebhookChange) -> WebhookOut:
    with presenting(Webhook, WebhookOut.of), write():
        webhook = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return WebhookOut.of(webhook)


@bp.delete("/<id>")
@endpoint(summary="Delete a webhook", permission="webhooks.edit", query=Removal, answers={204: None, 409: None})
def delete(id: str, query: Removal) -> None:
    """Cancels the deliveries still due."""
    with presenting(Webhook, WebhookOut.of), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


@bp.post("/<id>/enable")
@endpoint(summary="Enable a webhook", permission="webhooks.edit", answers={200: WebhookOut})
def enable(id: str) -> WebhookOut:
    """What it was owed when it was disabled goes out."""
    with write():
        webhook = switching.enable(current_actor(), to_uuid(id))
    return WebhookOut.of(webhook)


@bp.post("/<id>/disable")
@endpoint(summary="Disable a webhook", permission="webhooks.edit", answers={200: WebhookOut})
def disable(id: str) -> WebhookOut:
    """It is told nothing new; what it is owed waits."""
    with write():
        webhook = switching.disable(current_actor(), to_uuid(id))
    return WebhookOut.of(webhook)


@bp.post("/<id>/regenerate-secret")
@endpoint(
    summary="Replace the secret of a webhook",
    permission="webhooks.edit",
    body=RegenerateIn,
    answers={200: WebhookSecretOut, 409: None},
    confirmed=True,
)
def regenerate_secret(id: str, body: RegenerateIn) -> WebhookSecretOut:
    """During the overlap X-Webhook-Signature is made with the oldest secret and webhook-signature lists all. At most
    five sign at a time (409)."""
    if body.overlap == "end" and body.secret is not None:
        raise Invalid({"secret": ["Not together with the end of the overlap"]})
    with write():
        if body.overlap == "end":
            webhook, secret = rotation.end_overlap(current_actor(), to_uuid(id)), None
        else:
            webhook, secret = rotation.rotate(
                current_actor(), to_uuid(id), overlap_hours=body.overlap, secret=body.secret
            )
    return WebhookSecretOut.with_secret(webhook, secret)


@bp.post("/<id>/test")
@endpoint(summary="Send a test message", permission="webhooks.edit", answers={200: WebhookTestOut, 429: None})
def test(id: str) -> WebhookTestOut:
    """Sends the event `webhook.test` at once and waits for the answer, also while the webhook is disabled. What the
    receiver does wrong is an outcome, not an error. At most 10 a minute for an account."""
    webhook, actor = wanted(id), current_actor()
    found = secrets.receivers(db.session.connection(), runtime(), [webhook.id], clock.now())
    if webhook.id not in found:
        raise LostKey
    id_, name = webhook.id, label(webhook)
    db.session.rollback()  # a receiver that takes its time must hold no transaction open
    report = trial.send(found[id_], actor.account_id)
    changes: audit.Changes = {"outcome": [None, str(report.outcome)], "http_status": [None, report.http_status]}
    with write() as session:
        audit.record(session, actor, "webhook.tested", subject_id=id_, subject=name, changes=changes)
    return WebhookTestOut(
        success=report.outcome == Verdict.SENT,
        http_status=report.http_status,
        detail=report.detail,
        duration_ms=report.duration_ms,
    )


@bp.get("/<id>/logs")
@endpoint(
    summary="List the calls of a webhook",
    permission="webhooks.view",
    query=LogQuery,
    answers={200: PageOf[WebhookAttemptOut]},
)
def log(id: str, query: LogQuery) -> PageOf[WebhookAttemptOut]:
    """Every attempt, newest first."""
    found = logs.attempts(
        db.session(),
        current().account_id,
        wanted(id).id,
        success=None if query.success is None else query.success == "true",
        after=query.after,
        page=query.page,
        limit=query.limit,
    )
    return found.answer(WebhookAttemptOut.model_validate)


@bp.get("/<id>/stats")
@endpoint(summary="Figures of a webhook", permission="webhooks.view", answers={200: WebhookStatsOut})
def figures(id: str) -> WebhookStatsOut:
    """Of 30 days."""
    return WebhookStatsOut.of(stats.of(db.session.connection(), current().account_id, wanted(id).id, clock.now()))


@bp.post("/<id>/deliveries/<delivery_id>/resend")
@endpoint(summary="Send one message again", permission="deliveries.replay", answers={202: None, 409: None})
def resend(id: str, delivery_id: str) -> tuple[dict[str, Any], int]:
    """Also one that arrived; its message id stays, by which receivers know it. 409 in words when it waits already."""
    webhook_id = wanted(id).id
    with write() as session:
        resending.resend(session, current_actor(), webhook_id, to_uuid(delivery_id))
    return {"deliveryId": str(to_uuid(delivery_id))}, 202


@bp.post("/<id>/resend-failed")
@endpoint(
    summary="Send again all that failed since",
    permission="deliveries.replay",
    body=ResendIn,
    answers={200: FailedCountOut, 202: JobOut, 409: CountMovedOut},
)
def resend_failed(id: str, body: ResendIn) -> Any:
    """What gave up since then. Without confirmCount only the number (200); with it a job that tells how far it is, or
    409 with the number when it is another by now."""
    asked = resending.failed_since(wanted(id).id, body.since)
    if body.confirm_count is None:
        return FailedCountOut(count=resending.count(db.session.connection(), current().account_id, asked)), 200
    try:
        with write() as session:
            job_id = resending.resend_all(session, current_actor(), asked, body.confirm_count)
    except CountMoved as moved:
        return CountMovedOut(error=english(moved.message), count=moved.plan.count), 409
    job = jobs.get(db.session(), current().account_id, job_id)
    return JobOut.of(job), 202, {"Location": f"/api/jobs/{job_id}"}


def wanted(id: str) -> Webhook:
    return finding.get(current().account_id, to_uuid(id))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
