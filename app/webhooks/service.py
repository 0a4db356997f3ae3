"""The verbs on webhooks, shared by pages and API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.folding import fold
from app.core.ids import uuid7
from app.core.pagination import Column, order_by
from app.core.runtime import runtime
from app.core.vault import VaultError
from app.outbound import targets
from app.outbound.limits.service import set_limits
from app.outbound.limits.windows import Rates
from app.outbound.models import Target, TargetState
from app.webhooks import header_rules, secrets, signatures
from app.webhooks.models import KIND, Schedule, Webhook
from app.webhooks.patterns import matches
from app.webhooks.rules import Wrong, check, check_overlap, check_secret

MAX_WEBHOOKS = 100  # of an account
MAX_SEARCH = 100
OFF = "off"  # the reason_code of a pause by a person
OFF_REASON = "Disabled by a person"
DEFAULT_OVERLAP_H = 24
COLUMNS = {"name": "name", "url": "url", "events": "events", "description": "description", "schedule": "schedule"}
SORTS: dict[str, Column] = {
    "createdAt": Webhook.created_at,
    "updatedAt": Webhook.updated_at,
    "name": Webhook.folded,
}


def search(
    account_id: UUID,
    *,
    text: str = "",
    event: str | None = None,
    active: bool | None = None,
    sort: str | None = None,
) -> Select[Webhook]:
    """The account's webhooks as a query for a page of it; `event`: those that take it. Raises Invalid for an unknown
    order."""
    found = select(Webhook).where(Webhook.account_id == account_id)
    if event:
        mine = db.session.execute(select(Webhook.id, Webhook.events).where(Webhook.account_id == account_id))
        found = found.where(Webhook.id.in_([row.id for row in mine if matches(row.events, event)]))
    if active is not None:
        is_on = select(Target.id).where(Target.account_id == account_id, Target.state == TargetState.ACTIVE)
        found = found.where(Webhook.id.in_(is_on) if active else Webhook.id.not_in(is_on))
    if folded := fold(text.strip())[:MAX_SEARCH].replace("\x00", ""):
        found = found.where(Webhook.folded.contains(folded, autoescape=True))
    return found.order_by(*order_by(sort, SORTS, "-createdAt", Webhook.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Webhook:
    """The webhook, for a change with its row locked. Raises NotFound, also for another account's."""
    wanted = select(Webhook).where(Webhook.account_id == account_id, Webhook.id == id)
    if lock:
        wanted = wanted.with_for_update(of=Webhook)
    webhook = db.session.scalar(wanted) if id is not None else None
    if webhook is None:
        raise NotFound
    return webhook


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
    _record(actor, "webhook.created", webhook, {name: [None, value] for name, value in first.items()})
    return webhook, secret


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Webhook:
    """Changes what `values` gives; the secret has verbs of its own. A header given as None, or as it is shown, keeps
    its value. Raises NotFound, Invalid, or Conflict with the current webhook when `version` is not the stored one."""
    webhook = _for_change(actor, id, version)
    if "secret" in values:
        raise Invalid({"secret": _l("The secret is replaced by regenerating it.")})
    clean = check(values, runtime().settings, _headers_or_none(webhook))
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
    _record(actor, "webhook.updated", webhook, changes)
    _look_again(webhook)
    return webhook


def _for_change(actor: Actor, id: UUID | None, version: int | None = None) -> Webhook:
    webhook = get(actor.account_id, id, lock=True)
    if version is not None and version != webhook.version:
        raise Conflict(current=webhook)
    return webhook


def _apply(webhook: Webhook, clean: dict[str, Any]) -> audit.Changes:
    """Sets what differs; answers field -> [before, after], headers by their names and the ends of their values."""
    changes: audit.Changes = {}
    for name, column in COLUMNS.items():
        if name in clean and getattr(webhook, column) != clean[name]:
            changes[name] = [getattr(webhook, column), clean[name]]
            setattr(webhook, column, clean[name])
    if "headers" in clean:
        before = _headers_or_none(webhook)
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
        _switch(webhook, clean["active"])
    return changes


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> None:
    """Removes the webhook with its secrets. What it was told stays in the log; what is still due is cancelled by the
    engine."""
    webhook = _for_change(actor, id, version)
    session = db.session()
    _record(actor, "webhook.deleted", webhook, None)
    session.delete(webhook)
    session.flush()
    targets.delete(session.connection(), webhook.id)
    config_version.bump(session.connection())


def enable(actor: Actor, id: UUID | None) -> Webhook:
    """Whatever disabled it; what waits goes out. Its days of failing are counted from now."""
    webhook = _for_change(actor, id)
    if not webhook.is_active:
        _switch(webhook, True)
        _record(actor, "webhook.enabled", webhook, None)
        _look_again(webhook)
    return webhook


def disable(actor: Actor, id: UUID | None) -> Webhook:
    """It is told nothing new; what it is owed waits."""
    webhook = _for_change(actor, id)
    if webhook.is_active:
        _switch(webhook, False)
        _record(actor, "webhook.disabled", webhook, None)
        _look_again(webhook)
    return webhook


def _switch(webhook: Webhook, on: bool) -> None:
    connection = db.session.connection()
    if on:
        targets.resume(connection, webhook.id)
        connection.execute(sa.update(Target).where(Target.id == webhook.id).values(failing_since=None))
    else:
        targets.pause(connection, webhook.id, OFF_REASON, OFF)


def rotate(
    actor: Actor, id: UUID | None, *, overlap_hours: int = DEFAULT_OVERLAP_H, secret: str | None = None
) -> tuple[Webhook, str]:
    """A new secret (or this one) from now on; the ones before sign on for `overlap_hours`, 0: not at all. Raises
    NotFound, Invalid, or Conflict when too many would be alive."""
    webhook = _for_change(actor, id)
    new, hours = _asked(secret, overlap_hours)
    connection, now = db.session.connection(), clock.now()
    if hours and secrets.count_alive(connection, webhook.id, now) >= secrets.MAX_ALIVE:
        raise Conflict(_l("At most %(max)d secrets sign at a time: end the overlap first.", max=secrets.MAX_ALIVE))
    secrets.replace(connection, runtime().vault, webhook, new, now, timedelta(hours=hours))
    webhook.updated_at = now
    _record(actor, "webhook.secret_rotated", webhook, {"overlapHours": [None, hours]})
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
    webhook = _for_change(actor, id)
    connection, now = db.session.connection(), clock.now()
    if secrets.count_alive(connection, webhook.id, now) > 1:
        secrets.end_by(connection, webhook.id, now)
        webhook.updated_at = now
        _record(actor, "webhook.overlap_ended", webhook, None)
    secrets.remove_dead(connection, webhook.id, now)
    return webhook


def secrets_of(webhook: Webhook) -> list[tuple[str, datetime, datetime | None]]:
    """Last four characters, when made, until when alive (None: the current one), in the order in which they sign."""
    found = secrets.shown(db.session.connection(), [webhook.id], clock.now()).get(webhook.id, [])
    return [(one.last4, one.created_at, one.expires_at) for one in found]


def headers_shown(webhook: Webhook) -> dict[str, str]:
    """Its own headers, values as their ends; empty where the key they were written with is gone."""
    return shown_headers(_headers_or_none(webhook) or {})


def shown_headers(headers: Any) -> dict[str, str]:
    return {name: header_rules.shown(value) for name, value in headers.items()}


def _headers_or_none(webhook: Webhook) -> Any:
    try:
        return secrets.open_headers(runtime().vault, webhook.id, webhook.sealed_headers)
    except VaultError:
        return None


def label(webhook: Webhook) -> str:
    """How deliveries and dead letters name it: "Loja (example.com)"."""
    return f"{webhook.name} ({urlsplit(webhook.url).hostname})"


def _folded(webhook: Webhook) -> str:
    return fold(f"{webhook.name} {urlsplit(webhook.url).hostname}")[:600]


def _look_again(webhook: Webhook) -> None:
    """The target was changed beneath the session."""
    db.session.flush()
    db.session.refresh(webhook.target)


def _record(actor: Actor, action: str, webhook: Webhook, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=webhook.id, subject=label(webhook), changes=changes)
