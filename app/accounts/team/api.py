"""`/api/users` and `/api/invitations`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.team import changing, invitations, listing, service
from app.accounts.team.listing import Member
from app.accounts.team.schemas import (
    EndedSessions,
    InvitationFilter,
    InvitationIn,
    InvitationOut,
    MemberFilter,
    MemberOut,
    Removal,
    RoleChange,
)
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Conflict
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate

users_bp = resource_blueprint("api_users", __name__, "/users")
invitations_bp = resource_blueprint("api_invitations", __name__, "/invitations")


@users_bp.get("")
@endpoint(summary="List people", permission="users.view", query=MemberFilter, answers={200: PageOf[MemberOut]})
def index(query: MemberFilter) -> PageOf[MemberOut]:
    """Sorts by name, email, role, lastSeenAt, createdAt; `q` finds parts of name and address. Who is only invited is
    under /api/invitations."""
    own = current().account_id
    found = listing.members(own, query.q, query.role, query.state, query.second_factor, query.sort)
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    return page.answer(lambda row: MemberOut.of(Member(*row)))


@users_bp.post("")
@endpoint(
    summary="Invite somebody",
    permission="users.edit",
    body=InvitationIn,
    answers={201: InvitationOut},
    confirmed=True,
)
def invite(body: InvitationIn) -> InvitationOut:
    """Sends a link that works once, for seven days; the person chooses name and password. An address that was invited
    already gets a new link, with this role. 429 after 50 invitations of the account, or 5 to one address, a day."""
    return sent(changing.invite(body.email, body.role).id)


@users_bp.get("/<id>")
@endpoint(summary="Get a person", permission="users.view", answers={200: MemberOut})
def show(id: str) -> MemberOut:
    return MemberOut.of(listing.member(db.session(), current().account_id, to_uuid(id)))


@users_bp.put("/<id>")
@endpoint(
    summary="Change a person's role",
    permission="users.edit",
    body=RoleChange,
    answers={200: MemberOut, 409: None},
    confirmed=True,
)
def update(id: str, body: RoleChange) -> MemberOut:
    """Of somebody else; ends their sessions. 409 for a stale version, for oneself, and for the last active
    administrator."""
    with changing_people() as session:
        service.change_role(session, current_actor(), to_uuid(id), body.role, body.version)
    return show_again(id)


@users_bp.delete("/<id>")
@endpoint(
    summary="Remove a person",
    permission="users.edit",
    query=Removal,
    answers={204: None, 409: None},
    confirmed=True,
)
def remove(id: str, query: Removal) -> None:
    """For good, with their sessions, tokens and second factor. What they made stays, and so does the audit."""
    with changing_people() as session:
        service.remove(session, current_actor(), to_uuid(id), query.version)


@users_bp.post("/<id>/disable")
@endpoint(summary="Shut a person out", permission="users.edit", answers={200: MemberOut, 409: None}, confirmed=True)
def disable(id: str) -> MemberOut:
    """At once: every session and token of theirs ends, and the invitations they sent are withdrawn."""
    with changing_people() as session:
        service.disable(session, current_actor(), to_uuid(id))
    return show_again(id)


@users_bp.post("/<id>/enable")
@endpoint(summary="Let a person in again", permission="users.edit", answers={200: MemberOut, 409: None}, confirmed=True)
def enable(id: str) -> MemberOut:
    with changing_people() as session:
        service.enable(session, current_actor(), to_uuid(id))
    return show_again(id)


@users_bp.post("/<id>/end-sessions")
@endpoint(
    summary="Sign a person out everywhere",
    permission="users.edit",
    answers={200: EndedSessions, 409: None},
    confirmed=True,
)
def end_sessions(id: str) -> EndedSessions:
    with changing_people() as session:
        return EndedSessions(ended=service.end_sessions(session, current_actor(), to_uuid(id)))


@users_bp.post("/<id>/reset-second-factor")
@endpoint(
    summary="Take a person's second factor away",
    permission="users.edit",
    answers={200: MemberOut, 409: None},
    confirmed=True,
)
def reset_second_factor(id: str) -> MemberOut:
    """For who lost phone and recovery codes. Ends their sessions, and tells them by mail."""
    with presenting_conflicts():
        changing.reset_second_factor(to_uuid(id))
    return show_again(id)


@invitations_bp.get("")
@endpoint(
    summary="List invitations", permission="users.view", query=InvitationFilter, answers={200: PageOf[InvitationOut]}
)
def list_invitations(query: InvitationFilter) -> PageOf[InvitationOut]:
    """Those that nobody accepted yet, expired ones too. Sorts by email, sentAt, expiresAt."""
    found = listing.invitations(current().account_id, query.q, query.sort)
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    return page.answer(lambda row: InvitationOut.of(*row))


@invitations_bp.post("/<id>/resend")
@endpoint(summary="Send an invitation again", permission="users.edit", answers={200: InvitationOut}, confirmed=True)
def resend(id: str) -> InvitationOut:
    """With a new link for seven days; the one before is dead. Counts as one more invitation."""
    return sent(changing.resend(to_uuid(id)).id)


@invitations_bp.delete("/<id>")
@endpoint(summary="Withdraw an invitation", permission="users.edit", answers={204: None}, confirmed=True)
def withdraw(id: str) -> None:
    with write() as session:
        invitations.withdraw(session, current_actor(), to_uuid(id))


def show_again(id: str) -> MemberOut:
    return MemberOut.of(listing.member(db.session(), current().account_id, to_uuid(id)))


def sent(id_: UUID) -> InvitationOut:
    return InvitationOut.of(*listing.invitation(db.session(), current().account_id, id_))


@contextmanager
def changing_people() -> Iterator[Session]:
    """A write whose conflicts carry the person as any answer would show them."""
    with presenting_conflicts(), write() as session:
        yield session


@contextmanager
def presenting_conflicts() -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        if isinstance(error.current, User):
            error.current = MemberOut.of(listing.member(db.session(), current().account_id, error.current.id))
        raise
