"""What an action of a rule is: checked when it is saved, done when the rule runs, said in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.access import Actor
from app.core.errors import Text
from app.core.ids import to_uuid
from app.funnels.cards.history import Doer
from app.funnels.models import Card, Funnel
from app.funnels.rules.names import Names, Ref

Kept = dict[str, Any]  # an action as it is stored: `kind` and what it needs, ids as text


class Why(StrEnum):
    """Why an action could not be done; `words.WHY` says it."""

    GONE_STAGE = "gone_stage"
    GONE_TAG = "gone_tag"
    GONE_PERSON = "gone_person"
    DISABLED_PERSON = "disabled_person"
    NO_CONTACT = "no_contact"
    NO_OWNER = "no_owner"
    FULL = "full"
    SECOND_OPEN = "second_open"
    NEEDS_REASON = "needs_reason"
    TOO_MANY_LETTERS = "too_many_letters"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    CIRCLE = "circle"


class Undone(Exception):
    """An action that cannot be done on this card; the next one still is."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Wrong(Exception):
    """An action that cannot be kept: `field` is the member that is at fault."""

    def __init__(self, field: str, text: Text) -> None:
        super().__init__(field)
        self.field, self.text = field, text


class Acting(NamedTuple):
    """The rule that runs, as it was when it began: a savepoint that is taken back would have its row read again."""

    id: UUID
    account_id: UUID
    funnel_id: UUID
    name: str
    actions: list[Any]

    @property
    def doer(self) -> Doer:
        return Doer(Actor(self.account_id, None, self.name), self.id)


@dataclass(frozen=True, slots=True)
class Scene:
    """A rule on a card, inside a write transaction that holds the card's contact and funnel locked."""

    session: Session
    rule: Acting
    card: Card


class Action(ABC):
    """One kind. `value` is the member of the stored action that says what with; `input` what the form asks it by."""

    kind: ClassVar[str]
    label: ClassVar[Any]  # a lazy string
    value: ClassVar[str]
    input: ClassVar[str]  # tag, person, stage, event
    members: ClassVar[frozenset[str]]  # that it may have besides `kind`

    @abstractmethod
    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        """As it is kept, without `kind`. Raises Wrong."""

    @abstractmethod
    def run(self, scene: Scene, action: Kept) -> None:
        """Raises Undone, or what the verbs on cards raise."""

    @abstractmethod
    def words(self, action: Kept, names: Names) -> str:
        """In the middle of a sentence: "tag with “hot”"."""

    def refers(self, action: Kept) -> Ref | None:
        """What it names, which may be gone by now."""
        return None

    def leads_to(self, action: Kept) -> Ref | None:
        """What other rules wait for and it brings about: a stage entered, a tag put on."""
        return None


def id_in(action: Mapping[str, Any], member: str) -> UUID | None:
    value = action.get(member)
    return value if isinstance(value, UUID) else to_uuid(value)
