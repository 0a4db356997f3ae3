"""A new secret in the place of an old one, which signs on for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.runtime import runtime
from app.webhooks import secrets, signatures
from app.webhooks.finding import for_change
from app.webhooks.models import Webhook
from app.webhooks.rules import Wrong, check_overlap, check_secret
from app.webhooks.trail import record

DEFAULT_OVERLAP_H = 24


def rotate(
    actor: Actor, id: UUID | None, *, overlap_hours: int = DEFAULT_OVERLAP_H, secret: str | None = None
) -> tuple[Webhook, str]:
    """A new secret (or this one) from now on; the ones before sign on for `overlap_hours`, 0: not at all. Raises
    NotFound, Invalid, or Conflict when too many would be alive."""
    webhook = for_change(actor, id)
    new, hours = _asked(secret, overlap_hours)
    connection, now = db.session.connection(), clock.now()
    if hours and secrets.count_alive(connection, webhook.id, now) >= secrets.MAX_ALIVE:
        raise Conflict(_l("At most %(max)d secrets sign at a time: end the overlap first.", max=secrets.MAX_ALIVE))
    secrets.replace(connection, runtime().vault, webhook, new, now, timedelta(hours=hours))
    webhook.updated_at = now
    record(actor, "webhook.secret_rotated", webhook, {"overlapHours": [None, hours]})
    return webhook, new


def _asked(secret: str | None, hours: int) -> tuple[str, int]:
    wrong: dict[str, Any] = {}
    try:
        new = signatures.generate() if secret is None else check_secret(secret)
    except Wrong as error:
        wrong["secret"] = error.message
    try:
        clean = check_overlap(hours)
    except Wrong as error:
        wrong["overlap"] = error.message
    if wrong:
        raise Invalid(wrong)
    return new, clean


def end_overlap(actor: Actor, id: UUID | None) -> Webhook:
    """Everybody has switched: from now on the current secret signs alone."""
    webhook = for_change(actor, id)
    connection, now = db.session.connection(), clock.now()
    if secrets.count_alive(connection, webhook.id, now) > 1:
        secrets.end_by(connection, webhook.id, now)
        webhook.updated_at = now
        record(actor, "webhook.overlap_ended", webhook, None)
    secrets.remove_dead(connection, webhook.id, now)
    return webhook


def secrets_of(webhook: Webhook) -> list[tuple[str, datetime, datetime | None]]:
    """Last four characters, when made, until when alive (None: the current one), in the order in which they sign."""
    found = secrets.shown(db.session.connection(), [webhook.id], clock.now()).get(webhook.id, [])
    return [(one.last4, one.created_at, one.expires_at) for one in found]
