"""What somebody may be sent: channels, states, and why it is lawful (LGPD, art. 7)."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    WHATSAPP = "whatsapp"
    EMAIL = "email"


class Consent(StrEnum):
    """To marketing by one channel."""

    UNKNOWN = "unknown"  # nobody asked, or nobody can prove it: no marketing
    GRANTED = "granted"
    DENIED = "denied"  # only the person takes it back


class Purpose(StrEnum):
    MARKETING = "marketing"
    SERVICE = "service"  # about something the person ordered or asked


class Basis(StrEnum):
    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimate_interest"


class ConsentSource(StrEnum):
    """Where the consent, or its end, came from."""

    FORM = "form"  # typed by somebody of the team
    API = "api"
    IMPORT = "import"
    PREFERENCES = "preferences"  # the person, on the page of their own link
    MESSAGE = "message"  # the person, by a word such as SAIR
    PRIVACY = "privacy"  # the privacy desk
    MERGE = "merge"


class Suppressed(StrEnum):
    """Why a number or an address gets nothing, whoever asks."""

    OPTED_OUT = "opted_out"
    ERASED = "erased"  # asked to be forgotten: is not taken in again either


ANY_CHANNEL = "any"
