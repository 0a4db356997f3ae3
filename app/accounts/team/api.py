"""`/api/users` and `/api/invitations`."""

from __future__ import annotations

from uuid import UUID

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
from app.core.conflicts import presenting
from app.core.db import db, write
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
    return member(to_uuid(id))


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
    with presenting(User, shown), write() as session:
        service.change_role(session, current_actor(), to_uuid(id), body.role, body.version)
    return member(to_uuid(id))


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
    with presenting(User, shown), write() as session:
        service.remove(session, current_actor(), to_uuid(id), query.version)


@users_bp.post("/<id>/disable")
@endpoint(summary="Shut a person out", permission="users.edit", answers={200: MemberOut, 409: None}, confirmed=True)
def disable(id: str) -> MemberOut:
    """At once: every session and token of theirs ends, and the invitations they sent are withdrawn."""
    with presenting(User, shown), write() as session:
        service.disable(session, current_actor(), to_uuid(id))
    return member(to_uuid(id))


@users_bp.post("/<id>/enable")
@endpoint(summary="Let a person in again", permission="users.edit", answers={200: MemberOut, 409: None}, confirmed=True)
def enable(id: str) -> MemberOut:
    with presenting(User, shown), write() as session:
        service.enable(session, current_actor(), to_uuid(id))
    return member(to_uuid(id))


@users_bp.post("/<id>/end-sessions")
@endpoint(
    summary="Sign a person out everywhere",
    permission="users.edit",
    answers={200: EndedSessions, 409: None},
    confirmed=True,
)
def end_sessions(id: str) -> EndedSessions:
    with presenting(User, shown), write() as session:
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
    with presenting(User, shown):
        changing.reset_second_factor(to_uuid(id))
    return member(to_uuid(id))


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


def shown(person: User) -> MemberOut:
    """With what a person's own row does not tell."""
    return member(person.id)


def member(id_: UUID | None) -> MemberOut:
    return MemberOut.of(listing.member(db.session(), current().account_id, id_))


def sent(id_: UUID) -> InvitationOut:
    return InvitationOut.of(*listing.invitation(db.session(), current().account_id, id_))
