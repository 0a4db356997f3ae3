"""Making, changing and deleting webhooks, shared by pages and API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.folding import fold
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound import targets
from app.outbound.limits.service import set_limits
from app.outbound.limits.windows import Rates
from app.webhooks import secrets, signatures
from app.webhooks.finding import for_change
from app.webhooks.models import KIND, Schedule, Webhook
from app.webhooks.rules import check
from app.webhooks.stored_headers import headers_or_none, shown_headers
from app.webhooks.switching import OFF, OFF_REASON, look_again, switch
from app.webhooks.trail import label, record

MAX_WEBHOOKS = 100  # of an account
COLUMNS = {"name": "name", "url": "url", "events": "events", "description": "description", "schedule": "schedule"}


def create(actor: Actor, values: dict[str, Any]) -> tuple[Webhook, str]:
    """A new webhook with its target, and its secret, which nobody sees again. Raises Invalid, or Conflict when the
    account has as many as it may."""
    clean = check({"name": "", "url": "", "events": [], **values}, runtime().settings)
    session, now, id = db.session(), clock.now(), uuid7()
    connection = session.connection()
    session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update(key_share=True))
    count = select(func.count()).select_from(Webhook).where(Webhook.account_id == actor.account_id)
    if (session.scalar(count) or 0) >= MAX_WEBHOOKS:
        raise Conflict(_l("An account has at most %(max)d webhooks.", max=MAX_WEBHOOKS))
    webhook = Webhook(
        id=id,
        account_id=actor.account_id,
        name=clean["name"],
        url=clean["url"],
        events=clean["events"],
        description=clean.get("description"),
        sealed_headers=secrets.seal_headers(runtime().vault, id, clean.get("headers", {})),
        schedule=clean.get("schedule", str(Schedule.STANDARD)),
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    webhook.folded = _folded(webhook)
    rates = Rates(per_second=clean.get("perSecond"))
    targets.create(connection, id=id, account_id=actor.account_id, kind=KIND, label=label(webhook), limits=rates)
    session.add(webhook)
    session.flush()
    secret: str = clean.get("secret") or signatures.generate()
    secrets.replace(connection, runtime().vault, webhook, secret, now)
    if not clean.get("active", True):
        targets.pause(connection, id, OFF_REASON, OFF)
    config_version.bump(connection)
    first = {name: getattr(webhook, column) for name, column in COLUMNS.items()}
    record(actor, "webhook.created", webhook, {name: [None, value] for name, value in first.items()})
    return webhook, secret


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Webhook:
    """Changes what `values` gives; the secret has verbs of its own. A header given as None, or as it is shown, keeps
    its value. Raises NotFound, Invalid, or Conflict with the current webhook when `version` is not the stored one."""
    webhook = for_change(actor, id, version)
    if "secret" in values:
        raise Invalid({"secret": _l("The secret is replaced by regenerating it.")})
    clean = check(values, runtime().settings, headers_or_none(webhook))
    changes = _apply(webhook, clean) | _apply_target(webhook, clean)
    if not changes:
        return webhook
    connection = db.session.connection()
    webhook.updated_at = clock.now()
    webhook.version += 1
    webhook.folded = _folded(webhook)
    targets.relabel(connection, webhook.id, label(webhook))
    if "events" in changes:
        config_version.bump(connection)
    record(actor, "webhook.updated", webhook, changes)
    look_again(webhook)
    return webhook


def _apply(webhook: Webhook, clean: dict[str, Any]) -> audit.Changes:
    """Sets what differs; answers field -> [before, after], headers by their names and the ends of their values."""
    changes: audit.Changes = {}
    for name, column in COLUMNS.items():
        if name in clean and getattr(webhook, column) != clean[name]:
            changes[name] = [getattr(webhook, column), clean[name]]
            setattr(webhook, column, clean[name])
    if "headers" in clean:
        before = headers_or_none(webhook)
        if before is None or dict(before) != clean["headers"]:
            changes["headers"] = [shown_headers(before or {}), shown_headers(clean["headers"])]
            webhook.sealed_headers = secrets.seal_headers(runtime().vault, webhook.id, clean["headers"])
    return changes


def _apply_target(webhook: Webhook, clean: dict[str, Any]) -> audit.Changes:
    """What is kept with the target: the rate, and being on."""
    changes: audit.Changes = {}
    connection, target = db.session.connection(), webhook.target
    if "perSecond" in clean and clean["perSecond"] != target.per_second:
        changes["calls_per_second"] = [target.per_second, clean["perSecond"]]
        set_limits(connection, webhook.id, Rates.of(target)._replace(per_second=clean["perSecond"]))
    if "active" in clean and clean["active"] != webhook.is_active:
        changes["active"] = [webhook.is_active, clean["active"]]
        switch(webhook, clean["active"])
    return changes


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> None:
    """Removes the webhook with its secrets. What it was told stays in the log; what is still due is cancelled by the
    engine."""
    webhook = for_change(actor, id, version)
    session = db.session()
    record(actor, "webhook.deleted", webhook, None)
    session.delete(webhook)
    session.flush()
    targets.delete(session.connection(), webhook.id)
    config_version.bump(session.connection())


def _folded(webhook: Webhook) -> str:
    return fold(f"{webhook.name} {urlsplit(webhook.url).hostname}")[:600]
