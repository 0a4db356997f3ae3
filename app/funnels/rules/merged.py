"""What a merge of tags means for rules: those that named the tag that goes name the one that stays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core import clock, events
from app.funnels.models import CardRule
from app.funnels.rules.actions.action import id_in
from app.funnels.rules.service import circle_of


def subscribe() -> None:
    events.subscribe("tag.merged", repoint)


def repoint(connection: Connection, _name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    """In the transaction of the merge, before the tag is deleted, which would take its rules along. A rule that would
    now close a circle is switched off: nobody is there to be asked."""
    kept, merged = UUID(payload["keptId"]), UUID(payload["mergedId"])
    connection.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
        for rule in session.scalars(select(CardRule).where(CardRule.account_id == account_id)).all():
            if _rename(rule, kept, merged):
                rule.updated_at, rule.version = clock.now(), rule.version + 1
                rule.is_active = rule.is_active and circle_of(session, rule) is None
                session.flush()
        session.commit()


def _rename(rule: CardRule, kept: UUID, merged: UUID) -> bool:
    """Whether it named the tag that goes."""
    actions = [one | {"tagId": str(kept)} if id_in(one, "tagId") == merged else one for one in rule.actions]
    if rule.tag_id != merged and actions == rule.actions:
        return False
    rule.tag_id = kept if rule.tag_id == merged else rule.tag_id
    rule.actions = actions
    return True
