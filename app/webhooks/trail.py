"""What is done to a webhook, in the account's audit trail."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.accounts import audit
from app.core.access import Actor
from app.core.db import db
from app.webhooks.models import Webhook


def record(actor: Actor, action: str, webhook: Webhook, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=webhook.id, subject=label(webhook), changes=changes)


def label(webhook: Webhook) -> str:
    """How deliveries and dead letters name it: "Loja (example.com)"."""
    return f"{webhook.name} ({urlsplit(webhook.url).hostname})"
