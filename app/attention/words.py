"""What a finding says to people: each feature tells the words for the kinds that its checks find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A page where the next step is taken, for those who may open it."""

    label: str
    endpoint: str
    permission: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """`advice` is the next step in words; `steps` are the pages for it, the best first."""

    title: str
    text: str
    advice: str
    steps: tuple[Step, ...] = ()


Describe = Callable[[str, Facts], Words]  # from the subject and the facts of a finding, in the reader's language

_kinds: dict[str, Describe] = {}


def describe(kinds: Mapping[str, Describe]) -> None:
    """Told beside `checks.register`: every kind that a check may find has its words."""
    _kinds.update(kinds)


def described() -> list[str]:
    return list(_kinds)


def in_words(kind: str, subject: str, facts: Facts) -> Words:
    """Words for a finding; general ones for a kind or facts of another version of the product."""
    try:
        return _kinds[kind](subject, facts)
    except (KeyError, TypeError, ValueError):
        return Words(_("Something needs a person: %(kind)s", kind=kind), "", _("Ask whoever runs this server."))


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
