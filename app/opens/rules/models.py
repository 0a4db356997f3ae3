"""How an account counts its opens: settings, keys and rules of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7
from app.opens.models import CLASSES

DEFAULT_FOLD_S = 10


class Addresses(StrEnum):
    """What is kept of the address that loaded an image, once it was classified."""

    MASKED = "masked"  # the first 24 bits of IPv4, 48 of IPv6
    FULL = "full"
    NONE = "none"


class OpenSettings(Base):
    """Made when first needed; an account without one has the defaults and no key."""

    __tablename__ = "open_settings"
    __table_args__ = (
        CheckConstraint("addresses IN ('masked', 'full', 'none')", name="addresses"),
        CheckConstraint("fold_s BETWEEN 0 AND 3600", name="fold_s"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    account_key: Mapped[str] = mapped_column(String(24), unique=True)  # &k= in links; public
    signing_key: Mapped[str] = mapped_column(String(255))  # sealed, as all that signs links and previews
    previous_key: Mapped[str | None] = mapped_column(String(255))  # its links stay good until the next rotation
    rotated_at: Mapped[datetime | None]
    addresses: Mapped[str] = mapped_column(String(8), default=Addresses.MASKED)
    fold_s: Mapped[int] = mapped_column(Integer, default=DEFAULT_FOLD_S)  # the same load within this is one open
    rules_version: Mapped[int] = mapped_column(Integer, default=0)  # of the account's own rules
    version: Mapped[int] = mapped_column(Integer, default=1)


class RuleKind(StrEnum):
    AGENT = "agent"  # a part of the user agent, whatever its case
    NETWORK = "network"  # an address or network in CIDR form


class OpenRule(Base):
    """A rule of the account's own; asked before the built-in ones, in the order of `id`."""

    __tablename__ = "open_rule"
    __table_args__ = (
        CheckConstraint("kind IN ('agent', 'network')", name="kind"),
        CheckConstraint(f"class IN {CLASSES}", name="class"),
        Index("uq_open_rule_account_id_kind_pattern", "account_id", "kind", "pattern", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(8))
    pattern: Mapped[str] = mapped_column(String(200))
    open_class: Mapped[str] = mapped_column("class", String(12))
    note: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[UUID | None]  # no foreign key: the rule outlives the person
    created_at: Mapped[datetime]
