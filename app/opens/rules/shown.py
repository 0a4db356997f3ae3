"""The built-in rules as people read them, and one user agent judged for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import Connection, select

from app.core.addresses import read_address
from app.opens.models import OpenClass
from app.opens.recording.library import own_rules
from app.opens.rules import built_in, crawlers
from app.opens.rules.agents import cut
from app.opens.rules.classify import Verdict, classify
from app.opens.rules.models import OpenSettings
from app.opens.rules.programs import Described, describe


@dataclass(frozen=True, slots=True)
class Group:
    """Some built-in rules of one class, in the order in which groups are asked."""

    title: str
    open_class: OpenClass
    names: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be made of a load."""

    verdict: Verdict
    described: Described
    address_is_odd: bool


def groups() -> list[Group]:
    """All built-in rules but the many robots of the public list, of which the number is told."""
    bot, ahead = OpenClass.BOT, OpenClass.PREFETCH
    note = _("%(number)s names of the public list crawler-user-agents; models of phones are left out.",
             number=format_decimal(crawlers.count()))  # fmt: skip
    return [
        Group(_("Apple Mail Privacy Protection"), ahead, ("Mozilla/5.0",), _("Just this, and nothing after it.")),
        Group(_("No name, or none of a program"), bot, (_("empty"), *built_in.ODD)),
        Group(_("Mail services that fetch for a reader"), OpenClass.IMAGE_PROXY, _pieces(built_in.PROXIES)),
        Group(_("Fetched before anybody reads"), ahead, _pieces(built_in.PREFETCH)),
        Group(_("Headers that say so"), ahead, ("Sec-Purpose: prefetch", "Purpose: prefetch", "X-Moz: prefetch")),
        Group(_("Previews in chats"), ahead, _pieces(built_in.PREVIEWS)),
        Group(_("Attacks"), bot, built_in.HOSTILE),
        Group(_("Mail security"), bot, _pieces(built_in.GATEWAYS)),
        Group(_("Program libraries"), bot, (*_pieces(built_in.LIBRARIES), *sorted(built_in.LANGUAGES))),
        Group(_("Known robots"), bot, (), note),
        Group(_("What names itself a robot"), bot, ("bot", *built_in.SELF_NAMED)),
    ]


def _pieces(table: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    return tuple(piece.strip() for piece, _name in table)


def attempt(connection: Connection, account_id: UUID, agent: str, address: str) -> Trial:
    """By the account's rules of now."""
    found = select(OpenSettings.rules_version).where(OpenSettings.account_id == account_id)
    own = own_rules(connection, account_id, connection.scalar(found) or 0)
    text, from_address = cut(agent), read_address(address)
    verdict = classify(text, from_address, False, own)
    return Trial(verdict, describe(text), bool(address) and from_address is None)
