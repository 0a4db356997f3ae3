"""Which webhooks an account has: a page of them, one, and one that is about to be changed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, select

from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, NotFound
from app.core.folding import fold
from app.core.pagination import Column, order_by
from app.outbound.models import Target, TargetState
from app.webhooks.models import Webhook
from app.webhooks.patterns import matches

MAX_SEARCH = 100
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


def for_change(actor: Actor, id: UUID | None, version: int | None = None) -> Webhook:
    """With its row locked. Raises NotFound, and Conflict with the current webhook when `version` is not the stored
    one."""
    webhook = get(actor.account_id, id, lock=True)
    if version is not None and version != webhook.version:
        raise Conflict(current=webhook)
    return webhook
