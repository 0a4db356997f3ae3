"""Changes of a team that send a letter: it is written first, then kept with the change in one write."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from app.accounts.joining import asking
from app.accounts.models import User
from app.accounts.team import invitations, letters, listing, service
from app.accounts.team.models import Invitation
from app.core import clock, mail
from app.core.access import current_actor
from app.core.db import db, write
from app.core.ratelimit import limiter
from app.core.runtime import runtime

NOTICE_LIVES = timedelta(days=7)  # a letter that only tells something


def invite(email: str, role: str) -> Invitation:
    """Raises Invalid, Forbidden and TooMany."""
    return _send(email, role)


def resend(id_: UUID | None) -> Invitation:
    """As before, with a new link. Raises NotFound, Invalid, Forbidden and TooMany."""
    found = invitations.get(db.session(), current_actor().account_id, id_)
    return _send(found.email, found.role, found.id)


def _send(email: str, role: str, id_: UUID | None = None) -> Invitation:
    actor, settings = current_actor(), runtime().settings
    prepared = invitations.prepare(db.session(), settings, limiter(), actor, email=email, role=role)
    with asking.evenly(), write() as session:  # who has a sign-in elsewhere gets a letter more
        return invitations.send(session, actor, prepared, id_)


def reset_second_factor(id_: UUID | None) -> None:
    """Tells the person, too. Raises NotFound, Forbidden and Conflict."""
    actor = current_actor()
    person = listing.member(db.session(), actor.account_id, id_).user
    letter = letters.factor_reset(person, db.session.get_one(User, actor.user_id))
    with write() as session:
        user = service.reset_second_factor(session, actor, id_)
        mail.post(session.connection(), user.account_id, user.email, letter, clock.now() + NOTICE_LIVES)
