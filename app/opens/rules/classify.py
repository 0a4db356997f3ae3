"""Who loaded an image: the rules in their order, from the user agent, the address and the headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

from app.opens.models import OpenClass
from app.opens.rules import built_in, crawlers

LONGEST = 512  # of an agent that is looked at
REMEMBERED = 10_000
REASON = 64
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
AHEAD = "ahead_header"
INTERNAL = "internal"
OWN = "own:"
_AFTER_HEADERS = ("no_rule", "phone_model", "self_named", "crawler:", "gateway:", "library:")


class Verdict(NamedTuple):
    open_class: OpenClass
    reason: str  # a key of words.py, ≤ 64 characters
    version: str


@dataclass(frozen=True)
class OwnRules:
    """An account's own rules, in the order they are asked: networks first. Ids are the hex of the rule's."""

    version: int
    agents: tuple[tuple[str, OpenClass, str], ...]  # a casefolded piece of the agent
    networks: tuple[tuple[Network, OpenClass, str], ...]
    _seen: dict[str, Verdict] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def label(self) -> str:
        return f"{built_in.BUILT_IN}.{self.version}"

    @cached_property
    def _masks(self) -> tuple[tuple[int, int, int, OpenClass], ...]:
        return tuple((net.version, int(net.netmask), int(net.network_address), what) for net, what, _ in self.networks)

    def of_address(self, address: Address) -> OpenClass | None:
        number, family = int(address), address.version
        for version, mask, network, open_class in self._masks:
            if version == family and number & mask == network:
                return open_class
        return None


NO_RULES = OwnRules(0, (), ())


def classify(agent: str, address: Address | None, fetched_ahead: bool, own: OwnRules = NO_RULES) -> Verdict:
    """The verdict on a load by `agent` (as `agents.cut` gives it). `fetched_ahead`: the headers say that nobody asked
    for it yet. Pure, and remembered by agent."""
    if own.networks and address is not None:
        mine = own.of_address(address)
        if mine is not None:
            return Verdict(mine, INTERNAL, own.label)
    agent = agent[:LONGEST]
    verdict = own._seen.get(agent)
    if verdict is None:
        verdict = _remember(own, agent)
    if fetched_ahead and verdict.reason.startswith(_AFTER_HEADERS):
        return Verdict(OpenClass.PREFETCH, AHEAD, own.label)
    return verdict


def _remember(own: OwnRules, agent: str) -> Verdict:
    if len(own._seen) >= REMEMBERED:
        own._seen.clear()
    verdict = own._seen[agent] = Verdict(*(_own(own, agent) or _built_in(agent)), own.label)
    return verdict


Judged = tuple[OpenClass, str]


def _own(own: OwnRules, agent: str) -> Judged | None:
    low = agent.casefold()
    for piece, open_class, rule_id in own.agents:
        if piece in low:
            return open_class, f"{OWN}{rule_id[-8:]}"
    return None


def _built_in(agent: str) -> Judged:
    low = agent.strip().casefold()
    return _whole(low) or _proxy(low) or _prefetch(low) or _machine(agent, low) or _person(low)


def _whole(low: str) -> Judged | None:
    found = built_in.WHOLE.get(low)
    if found is None and not any(map(str.isalpha, low)):
        return OpenClass.BOT, "odd_agent"
    return found


def _proxy(low: str) -> Judged | None:
    reason = _first(built_in.PROXIES, low) or ("mail_proxy" if "proxy" in low and _PROXY.search(low) else None)
    return (OpenClass.IMAGE_PROXY, reason) if reason else None


def _prefetch(low: str) -> Judged | None:
    reason = _first(built_in.PREFETCH, low)
    if reason is None and (name := _first(built_in.PREVIEWS, low)):
        reason = f"preview:{name}"
    return (OpenClass.PREFETCH, reason) if reason else None


def _machine(agent: str, low: str) -> Judged | None:
    """A robot by its own words, a phone's model left out."""
    if any(piece in low for piece in built_in.HOSTILE):
        return OpenClass.BOT, "hostile_agent"
    low = _without_phone(low)
    if name := _first(built_in.GATEWAYS, low):
        return OpenClass.BOT, f"gateway:{name}"
    if name := _library(low):
        return OpenClass.BOT, f"library:{name}"
    if crawler := crawlers.named(_without_phone(agent)):
        return OpenClass.BOT, f"crawler:{_name(crawler)}"
    return (OpenClass.BOT, "self_named") if _names_itself(low) else None


def _library(low: str) -> str | None:
    word = low.split("/", 1)[0].split(" ", 1)[0]
    return word if word in built_in.LANGUAGES else _first(built_in.LIBRARIES, low)


def _names_itself(low: str) -> bool:
    return any(piece in low for piece in built_in.SELF_NAMED) or ("bot" in low and _BOT.search(low) is not None)


def _person(low: str) -> Judged:
    return OpenClass.HUMAN, "phone_model" if _PHONES.search(low) else "no_rule"


def _without_phone(text: str) -> str:
    return _MODEL.sub("", _PHONES.sub("", text)) if "ndroid" in text else text


def _first(table: tuple[tuple[str, str], ...], low: str) -> str | None:
    return next((name for piece, name in table if piece in low), None)


def _name(text: str) -> str:
    return _NOT_NAME.sub("", text).strip(" -/")[:40]


_PROXY = re.compile(built_in.PROXY_PATTERN)
_PHONES = re.compile("|".join(built_in.PHONES), re.IGNORECASE)
_MODEL = re.compile(built_in.ANDROID_MODEL, re.IGNORECASE)
_BOT = re.compile(built_in.BOT_PATTERN)
_NOT_NAME = re.compile(r"[^\w .+-]", re.ASCII)
