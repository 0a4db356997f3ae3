"""How each person likes a page, kept with them: the columns of a list, say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.accounts.models import UserChoice


def read(session: Session, user_id: UUID | None, name: str) -> dict[str, Any]:
    """What the person chose by that name; empty where they chose nothing yet."""
    mine = select(UserChoice.value).where(UserChoice.user_id == user_id, UserChoice.name == name)
    return session.scalar(mine) or {}


def keep(connection: Connection, user_id: UUID, name: str, value: dict[str, Any]) -> None:
    """In the caller's write transaction; what was chosen before is replaced. `name` has at most 40 characters."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    chosen = insert(UserChoice).values(user_id=user_id, name=name, value=value)
    connection.execute(chosen.on_conflict_do_update(index_elements=["user_id", "name"], set_={"value": value}))
