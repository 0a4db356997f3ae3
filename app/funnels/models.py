"""Funnel, its stages, the cards in them, every change of a card, the rules that act on cards, and what they did."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Cents, JsonColumn
from app.core.ids import uuid7
from app.funnels.states import State

Rank = String(255).with_variant(String(255, collation="C"), "postgresql")  # both databases compare it byte by byte
IS_KEPT = text("deleted_at IS NULL")
IS_SHOWN = text("removed_at IS NULL")
_IS_OPEN = text("state = 'open' AND removed_at IS NULL")


class Funnel(Base):
    """A way that deals go, stage by stage. `revision` counts the changes of its cards; whoever changes one holds this
    row locked, so that changes have one order. Deleted ones stay for a while, so that the deletion can be taken
    back."""

    __tablename__ = "funnel"
    __table_args__ = (
        Index("uq_funnel_name", "account_id", "folded_name", unique=True, sqlite_where=IS_KEPT,
              postgresql_where=IS_KEPT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(80))
    folded_name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(String(500))
    reasons: Mapped[list[str]] = mapped_column(default=list)  # why deals are lost, to choose from
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Stage(Base):
    """A column of a funnel. A card that comes into one of kind won or lost is closed. Deleted ones stay as rows, since
    the history of cards names them."""

    __tablename__ = "stage"
    __table_args__ = (
        Unique("id", "funnel_id"),  # for the foreign key of cards
        CheckConstraint("kind IN ('open', 'won', 'lost')", name="kind"),
        CheckConstraint("chance BETWEEN 0 AND 100", name="chance"),
        CheckConstraint("stalled_after BETWEEN 1 AND 3650", name="stalled_after"),
        Index("uq_stage_name", "funnel_id", "folded_name", unique=True, sqlite_where=IS_KEPT, postgresql_where=IS_KEPT),
        Index("uq_stage_position", "funnel_id", "position", unique=True, sqlite_where=IS_KEPT,
              postgresql_where=IS_KEPT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnel.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    folded_name: Mapped[str] = mapped_column(String(60))
    color: Mapped[str] = mapped_column(String(7))  # #rrggbb
    position: Mapped[int] = mapped_column(Integer)  # 0 is the leftmost
    kind: Mapped[str] = mapped_column(String(4), default=State.OPEN)
    chance: Mapped[int] = mapped_column(Integer, default=50)  # of being won, per cent: for the forecast
    stalled_after: Mapped[int | None] = mapped_column(Integer)  # days in it after which a card is marked
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Card(Base):
    """A deal: a contact in a stage of a funnel. One card of a contact is open in a funnel at a time. `rank` orders the
    cards of a stage (ranks.py). A removed card is on no board and keeps its history; without a contact it is one whose
    person was forgotten."""

    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(["stage_id", "funnel_id"], ["stage.id", "stage.funnel_id"], name="fk_card_stage"),
        Unique("stage_id", "rank"),
        CheckConstraint("state IN ('open', 'won', 'lost')", name="state"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_at"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("(removed_at IS NULL) = (removed_why IS NULL)", name="removed_why"),
        Index("uq_card_open", "funnel_id", "contact_id", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_card_totals", "funnel_id", "stage_id", "value", sqlite_where=IS_SHOWN, postgresql_where=IS_SHOWN),
        Index("ix_card_contact", "contact_id"),
        Index("ix_card_owner", "owner_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnel.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID]
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(4), default=State.OPEN)  # the kind of its stage
    rank: Mapped[str] = mapped_column(Rank)
    value: Mapped[Decimal] = mapped_column(Cents, default=Decimal(0))  # reais
    notes: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expected_close: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(120))  # why it was won or lost
    entered_at: Mapped[datetime]  # its stage
    entries: Mapped[int] = mapped_column(Integer, default=1)  # how often it came into a stage
    closed_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_why: Mapped[str | None] = mapped_column(String(8))  # states.Removal
    revision: Mapped[int] = mapped_column(BigInteger)  # of the funnel, at its latest change
    version: Mapped[int] = mapped_column(Integer, default=1)


class CardChange(Base):
    """One change of a card: what it was before and is after, who made it, and when. The figures are counted from these
    rows, which are never changed. `revision` orders the changes of a funnel without a gap."""

    __tablename__ = "card_change"
    __table_args__ = (
        Unique("funnel_id", "revision"),
        CheckConstraint("kind IN ('created', 'moved', 'ordered', 'edited', 'removed', 'restored')", name="kind"),
        Index("ix_card_change_at", "funnel_id", "at"),
        Index("ix_card_change_card", "card_id", "revision"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnel.id", ondelete="CASCADE"))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id", ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(8))  # states.ChangeKind
    from_stage_id: Mapped[UUID | None]  # None: it was made
    to_stage_id: Mapped[UUID]
    from_rank: Mapped[str | None] = mapped_column(Rank)
    from_state: Mapped[str | None] = mapped_column(String(4))
    to_state: Mapped[str] = mapped_column(String(4))
    value: Mapped[Decimal] = mapped_column(Cents)  # after it
    open_delta: Mapped[Decimal] = mapped_column(Cents)  # by how much the open value of the funnel changed
    owner_id: Mapped[UUID | None]  # after it; no foreign key: what was, was
    reason: Mapped[str | None] = mapped_column(String(120))
    fields: Mapped[list[str]] = mapped_column(default=list)  # names of what was edited
    stayed_s: Mapped[int | None] = mapped_column(BigInteger)  # seconds in the stage that it left
    rule_id: Mapped[UUID | None]  # that made it; None: by hand
    actor_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(String(254))  # who: an e-mail address, a client, the name of a rule
    at: Mapped[datetime]


class CardRule(Base):
    """What happens by itself: when a card comes into a stage, stays there for days, or its contact has a tag."""

    __tablename__ = "card_rule"
    __table_args__ = (
        CheckConstraint("trigger IN ('entered', 'stayed', 'tagged')", name="trigger"),
        CheckConstraint("(trigger = 'tagged') = (tag_id IS NOT NULL)", name="tag_id"),
        CheckConstraint("(trigger = 'tagged') = (stage_id IS NULL)", name="stage_id"),
        CheckConstraint("(trigger = 'stayed') = (days IS NOT NULL)", name="days"),
        Index("ix_card_rule_funnel", "funnel_id", "position"),
        Index("ix_card_rule_account", "account_id"),
        Index("ix_card_rule_tag", "tag_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnel.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    is_active: Mapped[bool] = mapped_column(default=True)
    trigger: Mapped[str] = mapped_column(String(8))  # states.Trigger
    stage_id: Mapped[UUID | None] = mapped_column(ForeignKey("stage.id", ondelete="CASCADE"))
    tag_id: Mapped[UUID | None] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"))
    days: Mapped[int | None] = mapped_column(Integer)
    actions: Mapped[list[Any]] = mapped_column(JsonColumn)  # rules/actions.py
    position: Mapped[int] = mapped_column(Integer, default=0)  # the order in which rules of one trigger run
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class RuleRun(Base):
    """A rule that ran on a card. Once for each stay in a stage (`entry`, the card's `entries` then), once for ever on a
    tag (`entry` 0): the index says so."""

    __tablename__ = "rule_run"
    __table_args__ = (
        Unique("rule_id", "card_id", "entry"),
        CheckConstraint("outcome IN ('done', 'partly', 'failed', 'stopped')", name="outcome"),
        Index("ix_rule_run_at", "funnel_id", "at"),
        Index("ix_rule_run_card", "card_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnel.id", ondelete="CASCADE"))
    rule_id: Mapped[UUID]  # no foreign key: what a deleted rule did stays
    rule_name: Mapped[str] = mapped_column(String(80))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id", ondelete="CASCADE"))
    entry: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(8))  # states.Outcome
    steps: Mapped[list[Any]] = mapped_column(JsonColumn, default=list)  # each action and how it went
    at: Mapped[datetime]
