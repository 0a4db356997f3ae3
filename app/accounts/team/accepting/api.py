"""`/api/auth/accept-invitation`."""

from __future__ import annotations

from flask import request

from app.accounts.schemas import UserOut
from app.accounts.team.accepting import service
from app.accounts.team.accepting.schemas import Acceptance
from app.core.api import endpoint, resource_blueprint
from app.core.db import db, write
from app.core.logs import request_id

bp = resource_blueprint("api_accept_invitation", __name__, "/auth")


@bp.post("/accept-invitation")
@endpoint(summary="Accept an invitation", public=True, body=Acceptance, answers={201: UserOut, 404: None})
def accept(body: Acceptance) -> UserOut:
    """Makes the person; they sign in with the address that was invited. 404 for a link that is wrong, used, expired or
    withdrawn."""
    hashed = service.password_hash(db.session(), body.token, body.name, body.password)
    with write() as session:
        user = service.accept(
            session,
            body.token,
            name=body.name,
            password_hash=hashed,
            locale=body.locale,
            address=request.remote_addr,
            request_id=request_id.get(),
        )
    return UserOut.of(user)
