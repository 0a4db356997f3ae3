"""What a merge of tags means for the rules that name the tag that goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from app.contacts.segments.models import Segment
from app.core import clock


def repoint_tag(connection: Connection, account_id: UUID, old: UUID, new: UUID) -> int:
    """Lets the account's rules name the tag `new` where they named `old`, in the caller's write transaction; how many
    did. Without it such a condition fits nobody."""
    changed = 0
    mine = select(Segment.id, Segment.rule).where(Segment.account_id == account_id).with_for_update()
    for id_, rule in connection.execute(mine).all():
        repointed = _repointed(rule, str(old), str(new))
        if repointed != rule:
            values = {"rule": repointed, "updated_at": clock.now(), "version": Segment.version + 1}
            connection.execute(update(Segment).where(Segment.id == id_).values(values))
            changed += 1
    return changed


def _repointed(part: Any, old: str, new: str) -> Any:
    if isinstance(part, list):
        return [_repointed(one, old, new) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("field") == "tag" and part.get("value") == old:
        return part | {"value": new}
    return part if "field" in part else {name: _repointed(value, old, new) for name, value in part.items()}
