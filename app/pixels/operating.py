"""Stopping and resuming the deliveries of a pixel by hand, each change on record."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.accounts import audit
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.outbound import targets
from app.outbound.models import TargetState
from app.pixels import service
from app.pixels.models import Pixel

MAX_REASON = 200
BY_HAND = "user"  # the reason_code of a pause that a person ends


def pause(actor: Actor, id: UUID | None, reason: str) -> Pixel:
    """Events are still accepted and wait. Does nothing to one that is paused already. Raises NotFound, Invalid."""
    pixel = service.get(actor.account_id, id, lock=True)
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": [_l("Write why, for whoever finds the pixel paused.")]})
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise Invalid({"reason": [_l("At most %(max)d characters, in one line.", max=MAX_REASON)]})
    if not is_paused(pixel):
        targets.pause(db.session.connection(), pixel.id, reason, BY_HAND)
        _record(actor, "pixel.paused", pixel, {"reason": [None, reason]})
    return pixel


def resume(actor: Actor, id: UUID | None) -> Pixel:
    """Ends any pause, also that of a refused token: the next call shows whether the platform takes it now."""
    pixel = service.get(actor.account_id, id, lock=True)
    if is_paused(pixel):
        assert pixel.target is not None
        reason = pixel.target.reason
        targets.resume(db.session.connection(), pixel.id)
        _record(actor, "pixel.resumed", pixel, {"reason": [reason, None]})
    return pixel


def reset_breaker(actor: Actor, id: UUID | None) -> Pixel:
    """The next delivery goes out at once instead of when the breaker's wait is over."""
    pixel = service.get(actor.account_id, id, lock=True)
    targets.reset_breaker(db.session.connection(), pixel.id)
    _record(actor, "pixel.breaker_reset", pixel, None)
    return pixel


def is_paused(pixel: Pixel) -> bool:
    return pixel.target is not None and pixel.target.state == TargetState.PAUSED


def _record(actor: Actor, action: str, pixel: Pixel, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=pixel.id, subject=service.label(pixel), changes=changes)
