"""`/api/auth/sessions`: where the caller is signed in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import g

from app.accounts.models import UserSession
from app.accounts.signed_in import service
from app.accounts.signed_in.devices import device_of
from app.core.access import current_actor
from app.core.api import Out, current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, PageQuery, paginate

bp = resource_blueprint("api_sessions", __name__, "/auth/sessions")


class SessionOut(Out):
    """`kind`: browser (a cookie) or program (access and refresh tokens). `current`: the one that asks. `device` is what
    the user agent tells, in words."""

    id: UUID
    kind: str
    current: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None
    device: str

    @classmethod
    def of(cls, opened: UserSession) -> SessionOut:
        return cls(
            id=opened.id,
            kind=opened.kind,
            current=opened.id == g.api_session_id,
            created_at=opened.created_at,
            seen_at=opened.seen_at,
            expires_at=opened.expires_at,
            address=opened.ip_address,
            device=str(device_of(opened.user_agent)),
        )


@bp.get("")
@endpoint(summary="List my sessions", permission="profile.edit", query=PageQuery, answers={200: PageOf[SessionOut]})
def index(query: PageQuery) -> PageOf[SessionOut]:
    """Every browser and program where the caller is signed in. Sorts by seenAt, createdAt."""
    user_id = current().user_id
    assert user_id is not None  # only people carry the permission
    found = paginate(db.session(), service.of_person(user_id, query.sort), page=query.page, limit=query.limit)
    return found.answer(SessionOut.of)


@bp.delete("")
@endpoint(summary="End my other sessions", permission="profile.edit", answers={204: None})
def end_others() -> None:
    """All but the one that asks."""
    with write() as store:
        service.end_others(store, current_actor(), g.api_session_id)


@bp.delete("/<id>")
@endpoint(summary="End one of my sessions", permission="profile.edit", answers={204: None})
def end(id: str) -> None:
    """Its tokens are dead at once; ending the one that asks is signing out."""
    with write() as store:
        service.end(store, current_actor(), to_uuid(id))
