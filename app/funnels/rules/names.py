"""What rules name (stages, tags, people), read in one go for a page of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contacts.models import Tag
from app.funnels.models import Funnel, Stage

MAX_SHOWN = 60


class RefKind(StrEnum):
    STAGE = "stage"
    TAG = "tag"
    PERSON = "person"


class Ref(NamedTuple):
    """Something that a rule names."""

    kind: RefKind
    id: UUID


class Named(NamedTuple):
    """`is_there`: it can still be used, so it is neither deleted nor disabled. `funnel`: of a stage."""

    name: str
    is_there: bool = True
    funnel: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    found: dict[Ref, Named] = field(default_factory=dict)

    def of(self, ref: Ref | None) -> str:
        """The name, or a question mark for what is gone without a trace."""
        named = self.found.get(ref) if ref else None
        return named.name if named else "?"

    def is_there(self, ref: Ref) -> bool:
        return ref in self.found and self.found[ref].is_there


def read(session: Session, account_id: UUID, refs: Collection[Ref]) -> Names:
    """The names of the account's own; others' are not found."""
    found: dict[Ref, Named] = {}
    wanted = {kind: {ref.id for ref in refs if ref.kind == kind} for kind in RefKind}
    if ids := wanted[RefKind.STAGE]:
        rows = select(Stage.id, Stage.name, Stage.deleted_at, Funnel.name, Funnel.deleted_at)
        mine = rows.join(Funnel, Funnel.id == Stage.funnel_id).where(Stage.account_id == account_id, Stage.id.in_(ids))
        for id_, name, gone, funnel, funnel_gone in session.execute(mine):
            found[Ref(RefKind.STAGE, id_)] = Named(name, gone is None and funnel_gone is None, funnel)
    if ids := wanted[RefKind.TAG]:
        tags = select(Tag.id, Tag.name).where(Tag.account_id == account_id, Tag.id.in_(ids))
        found |= {Ref(RefKind.TAG, id_): Named(name) for id_, name in session.execute(tags)}
    if ids := wanted[RefKind.PERSON]:
        people = select(User.id, User.name, User.disabled_at).where(User.account_id == account_id, User.id.in_(ids))
        for id_, name, disabled_at in session.execute(people):
            found[Ref(RefKind.PERSON, id_)] = Named(name, disabled_at is None)
    return Names(found)
