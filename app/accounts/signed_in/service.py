"""The living sessions of one person: list them, end them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import UserSession
from app.accounts.sessions import IDLE, Kind
from app.core import clock
from app.core.access import Actor
from app.core.errors import NotFound
from app.core.pagination import Column, order_by

SORTS: dict[str, Column] = {"seenAt": UserSession.seen_at, "createdAt": UserSession.created_at}


def of_person(user_id: UUID, sort: str | None = None) -> Select[UserSession]:
    """By default the one used last comes first. Raises Invalid for a sort that is none."""
    living = select(UserSession).where(UserSession.user_id == user_id, _is_living())
    return living.order_by(*order_by(sort, SORTS, "-seenAt", UserSession.id))


def end(session: Session, actor: Actor, id_: UUID | None) -> None:
    """Ends one of the actor's own sessions: its cookie, access and refresh tokens are dead at once. Raises NotFound,
    for other people's sessions too."""
    ended = delete(UserSession).where(UserSession.id == id_, UserSession.user_id == actor.user_id)
    gone = session.execute(ended.returning(UserSession.id)).scalar_one_or_none()
    if gone is None:
        raise NotFound
    audit.record(session, actor, "session.ended", subject_id=gone)


def end_others(session: Session, actor: Actor, kept: UUID) -> int:
    """Ends all of the actor's own sessions but one; how many there were."""
    others = delete(UserSession).where(UserSession.user_id == actor.user_id, UserSession.id != kept)
    ended = len(session.execute(others.returning(UserSession.id)).all())
    if ended:
        audit.record(session, actor, "session.others_ended", changes={"sessions": [ended + 1, 1]})
    return ended


def _is_living() -> ColumnElement[bool]:
    """As `sessions.is_living` judges a row."""
    now = clock.now()
    in_use = or_(UserSession.kind != Kind.BROWSER, UserSession.seen_at > now - IDLE)
    return and_(UserSession.expires_at > now, in_use)
