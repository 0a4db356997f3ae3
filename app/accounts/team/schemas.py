"""People and invitations on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.accounts.models import User
from app.accounts.roles import Role
from app.accounts.team.listing import Member, State
from app.accounts.team.models import Invitation
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema

MAX_VERSION = 2**31 - 1
Version = Annotated[int, Field(ge=0, le=MAX_VERSION)]


class MemberFilter(PageQuery):
    q: str | None = Field(None, max_length=200)
    role: Role | None = None
    state: Literal["active", "disabled"] | None = None
    second_factor: bool | None = None


class InvitationFilter(PageQuery):
    q: str | None = Field(None, max_length=200)


class InvitationIn(Schema):
    email: str = Field(min_length=1, max_length=254)
    role: Role


class RoleChange(Schema):
    """Nothing else of another person can be changed. `version` guards against a change made meanwhile."""

    role: Role
    version: Version | None = None


class Removal(Schema):
    version: Version | None = None


class MemberOut(Out):
    """`secondFactor`: they sign in with a code, too. `lastSeenAt` is noted at most once a minute."""

    id: UUID
    name: str
    email: str
    role: Role
    state: State
    second_factor: bool
    last_seen_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, member: Member) -> MemberOut:
        user: User = member.user
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            role=Role(user.role),
            state=member.state,
            second_factor=member.has_second_factor,
            last_seen_at=user.last_seen_at,
            disabled_at=user.disabled_at,
            created_at=user.created_at,
            version=user.version,
        )


class InvitationOut(Out):
    """`invitedBy`: the address of who sent it last, null when they are gone."""

    id: UUID
    email: str
    role: Role
    invited_by: str | None
    created_at: datetime
    sent_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation, inviter: str | None) -> InvitationOut:
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=Role(invitation.role),
            invited_by=inviter,
            created_at=invitation.created_at,
            sent_at=invitation.sent_at,
            expires_at=invitation.expires_at,
        )


class EndedSessions(Out):
    ended: int
