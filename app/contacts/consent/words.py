"""Consent in words for people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.consent.states import Basis, Consent, ConsentSource, Purpose
from app.contacts.words import CHANNELS

__all__ = ["BASES", "CHANNELS", "PURPOSES", "SOURCES", "STATES"]

STATES: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    Consent.GRANTED: (_l("Said yes"), "success", "check"),
    Consent.DENIED: (_l("Said no"), "danger", "circle-x"),
    Consent.UNKNOWN: (_l("Not asked"), "secondary", "help-circle"),
}
PURPOSES: dict[str, Any] = {
    Purpose.MARKETING: _l("Marketing"),
    Purpose.SERVICE: _l("Messages about their orders"),
}
BASES: dict[str, Any] = {
    Basis.CONSENT: _l("Consent"),
    Basis.CONTRACT: _l("Contract"),
    Basis.LEGITIMATE_INTEREST: _l("Legitimate interest"),
}
SOURCES: dict[str, Any] = {
    ConsentSource.FORM: _l("Recorded by the team"),
    ConsentSource.API: _l("By the API"),
    ConsentSource.IMPORT: _l("By an import"),
    ConsentSource.PREFERENCES: _l("By themselves, on their own page"),
    ConsentSource.MESSAGE: _l("By themselves, in a message"),
    ConsentSource.PRIVACY: _l("At the privacy desk"),
    ConsentSource.MERGE: _l("With a merge"),
}
