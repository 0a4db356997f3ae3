"""A webhook on and off."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.core.access import Actor
from app.core.db import db
from app.outbound import targets
from app.outbound.models import Target
from app.webhooks.finding import for_change
from app.webhooks.models import Webhook
from app.webhooks.trail import record

OFF = "off"  # the reason_code of a pause by a person
OFF_REASON = "Disabled by a person"


def enable(actor: Actor, id: UUID | None) -> Webhook:
    """Whatever disabled it; what waits goes out. Its days of failing are counted from now."""
    webhook = for_change(actor, id)
    if not webhook.is_active:
        switch(webhook, True)
        record(actor, "webhook.enabled", webhook, None)
        look_again(webhook)
    return webhook


def disable(actor: Actor, id: UUID | None) -> Webhook:
    """It is told nothing new; what it is owed waits."""
    webhook = for_change(actor, id)
    if webhook.is_active:
        switch(webhook, False)
        record(actor, "webhook.disabled", webhook, None)
        look_again(webhook)
    return webhook


def switch(webhook: Webhook, on: bool) -> None:
    connection = db.session.connection()
    if on:
        targets.resume(connection, webhook.id)
        connection.execute(sa.update(Target).where(Target.id == webhook.id).values(failing_since=None))
    else:
        targets.pause(connection, webhook.id, OFF_REASON, OFF)


def look_again(webhook: Webhook) -> None:
    """The target was changed beneath the session."""
    db.session.flush()
    db.session.refresh(webhook.target)
