"""What features on higher steps show on the page of a contact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.contacts.models import Contact


@dataclass(frozen=True, slots=True)
class Shown:
    """A card of the page: its template, which finds `about` under that name."""

    template: str
    about: Any


_panels: dict[str, Callable[[Session, Contact], Shown | None]] = {}


def register(key: str, panel: Callable[[Session, Contact], Shown | None]) -> None:
    """Adds a card to the page of every contact for which `panel(session, contact)` gives one."""
    _panels[key] = panel


def panels_of(session: Session, contact: Contact) -> list[Shown]:
    return [shown for panel in _panels.values() if (shown := panel(session, contact)) is not None]
