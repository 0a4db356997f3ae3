"""An open judged anew by the rules of today, from what was kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from app.core.pagination import Rows
from app.opens.models import Open, UserAgent
from app.opens.recording.library import own_rules
from app.opens.recording.strangers import OTHER
from app.opens.rules.agents import agent_id
from app.opens.rules.classify import AHEAD, INTERNAL, NO_RULES, Address, OwnRules, Verdict, classify
from app.opens.rules.models import OpenSettings

MASKED_BITS = {4: 8, 6: 80}  # what masking takes away
LONGEST_KEPT = {4: 24, 6: 48}  # the longest prefix that a masked address still answers for
Key = tuple[UUID, Any, UUID]


@dataclass(slots=True)
class Judge:
    """By an account's rules as they are now. `wide`: without the networks that a masked address cannot answer for."""

    account_id: UUID
    whole: OwnRules = NO_RULES
    wide: OwnRules = NO_RULES

    def look(self, connection: Connection) -> None:
        """The rules of now, when they moved."""
        found = select(OpenSettings.rules_version).where(OpenSettings.account_id == self.account_id)
        version = connection.scalar(found) or 0
        if version != self.whole.version:
            self.whole = own_rules(connection, self.account_id, version)
            wide = tuple(net for net in self.whole.networks if net[0].prefixlen <= LONGEST_KEPT[net[0].version])
            self.wide = OwnRules(version, self.whole.agents, wide)

    def verdict(self, row: Row[Any]) -> Verdict | None:
        """What `row` (of READ) is by the rules of now; None when that cannot be told and the old verdict stands: its
        user agent was not kept, or it rests on an address of which a part was kept."""
        if row.text is None or row.agent_id == _OTHER:
            return None
        address, is_whole = _kept(row.address)
        found = classify(row.text, address, row.reason == AHEAD, self.whole if is_whole else self.wide)
        if row.reason == INTERNAL and found.reason != INTERNAL and not is_whole:
            return None
        return found


def differing(rows: list[Row[Any]], judge: Judge) -> Iterator[tuple[Key, Verdict, bool]]:
    """The rows whose verdict is another now, by their key, and whether its class is."""
    for row in rows:
        verdict = judge.verdict(row)
        if verdict is not None and verdict != (row.open_class, row.reason, row.rule_version):
            yield (row.account_id, row.created_at, row.id), verdict, verdict.open_class != row.open_class


@lru_cache(4096)
def _kept(text: str | None) -> tuple[Address | None, bool]:
    """An address as kept, and whether it is whole: a masked one ends in zeros."""
    if text is None:
        return None, False
    try:
        address = ip_address(text)
    except ValueError:
        return None, False
    return address, bool(int(address) & ((1 << MASKED_BITS[address.version]) - 1))


_OTHER = agent_id(OTHER)
READ: Rows = select(
    Open.account_id, Open.created_at, Open.id, Open.ref, Open.agent_id, Open.address,
    Open.open_class.label("open_class"), Open.reason, Open.rule_version, UserAgent.text,
).outerjoin(UserAgent, UserAgent.id == Open.agent_id)  # fmt: skip
