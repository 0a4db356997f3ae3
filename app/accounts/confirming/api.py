"""`POST /api/auth/confirm`: the session of an access token counts as confirmed for half an hour."""

from __future__ import annotations

from flask import g

from app.accounts.confirming import trying
from app.accounts.confirming.schemas import Proof
from app.core.access import current_actor
from app.core.api import endpoint, resource_blueprint

bp = resource_blueprint("api_confirm", __name__, "/auth/confirm")


@bp.post("")
@endpoint(summary="Confirm that it is you", permission="profile.edit", body=Proof, answers={204: None})
def confirm(body: Proof) -> None:
    """Takes the password, or a code of the second factor (or a recovery code). What is sensitive answers 403 with
    `confirmRequired` when the last time is more than half an hour ago. 400 when it is wrong, 429 after ten wrong ones a
    day."""
    if body.code is not None:
        trying.by_code(current_actor(), g.api_session_id, body.code)
    else:
        trying.by_password(current_actor(), g.api_session_id, body.password or "")
