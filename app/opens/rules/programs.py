"""Which program and device a user agent tells of: own tables first, ua-parser for the rest."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from app.opens.models import OpenClass
from app.opens.rules import program_tables
from app.opens.rules.classify import LONGEST, NO_RULES, classify

if TYPE_CHECKING:
    from ua_parser import Parser

OTHER, ROBOT = "Other", "Robot"
UNKNOWN_DEVICE = "unknown"


class Described(NamedTuple):
    """What one user agent tells. Each is one of few words, so that nobody can make figures grow by inventing names:
    `client` ≤ 40 characters, `device` one of computer, phone, tablet, other, unknown."""

    client: str
    os: str
    device: str


_APPLE_MAIL = re.compile(program_tables.APPLE_MAIL)
_DEVICES = tuple((re.compile(pattern), device) for pattern, device in program_tables.DEVICES)


def describe(text: str) -> Described:
    """Of any text, in a millisecond the first time (and 0.2 s for the very first, which loads ua-parser)."""
    text = text[:LONGEST]
    verdict = classify(text, None, False, NO_RULES)
    if verdict.open_class != OpenClass.HUMAN:
        return Described(_machine(verdict.reason), "", UNKNOWN_DEVICE)
    low = text.casefold()
    return Described(_client(text, low), _system(text), _device(low))


def _machine(reason: str) -> str:
    """`preview:WhatsApp` and `crawler:Googlebot` are names of lists of ours."""
    kind, _colon, name = reason.partition(":")
    if kind in ("preview", "gateway", "library", "crawler") and name:
        return name[:40]
    return program_tables.BY_REASON.get(reason, ROBOT)


def _client(text: str, low: str) -> str:
    for piece, name in program_tables.BY_PIECE:
        if piece in low:
            return name
    if _APPLE_MAIL.search(low):
        return "Apple Mail"
    found = _parser().parse_user_agent(text)
    return program_tables.FAMILIES.get(found.family, OTHER) if found is not None else OTHER


def _system(text: str) -> str:
    found = _parser().parse_os(text)
    return program_tables.SYSTEMS.get(found.family, OTHER) if found is not None else ""


def _device(low: str) -> str:
    return next((device for pattern, device in _DEVICES if pattern.search(low)), UNKNOWN_DEVICE)


@cache
def _parser() -> Parser:
    import ua_parser  # 0.2 s and 20 MB: in the ticker, when it is first needed

    return ua_parser.parser
