"""The link to a person's own page of preferences: signed, without an end, since newsletters live long.

It names a contact and proves that we wrote it; it dies with the contact. What it allows is in app/contacts/consent/
preferences."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from uuid import UUID

from app.contacts.models import Contact
from app.core import clock
from app.core.runtime import runtime

PURPOSE = b"kalitrack preferences link v1"
MAC_LENGTH = 16  # bytes
TOKEN_LENGTH = 43  # characters: an id and its MAC
FORM_LASTS_S = 24 * 3600


def link_for(contact: Contact) -> str:
    """The address of the contact's page, for letters and messages."""
    return f"{runtime().settings.public_url.rstrip('/')}/preferences/{token_of(contact.id)}"


def list_unsubscribe(contact: Contact) -> dict[str, str]:
    """The headers of a letter by which mail programs show a button (RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{link_for(contact)}/unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def token_of(contact_id: UUID) -> str:
    return spelled(contact_id.bytes + _mac(contact_id.bytes))


def spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def contact_id_of(token: str) -> UUID | None:
    """Whom a token names; None for one that we did not make."""
    if len(token) != TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(f"{token}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    id_, mac = raw[:-MAC_LENGTH], raw[-MAC_LENGTH:]
    if not hmac.compare_digest(_mac(id_), mac):
        return None
    return UUID(bytes=id_) if spelled(raw) == token else None  # one spelling: the last character has two bits to spare


def form_token(contact_id: UUID, at: int | None = None) -> str:
    """What the form of the page carries, so that only our own page can send it; good for a day."""
    seconds = int(clock.now().timestamp()) if at is None else at
    return f"{seconds}.{_mac(contact_id.bytes + seconds.to_bytes(8)).hex()}"


def is_form_token(contact_id: UUID, text: str) -> bool:
    seconds = text.partition(".")[0]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return False
    age = clock.now().timestamp() - int(seconds)
    is_ours = hmac.compare_digest(form_token(contact_id, int(seconds)).encode(), text.encode("utf-8", "replace"))
    return is_ours and -60 <= age <= FORM_LASTS_S


def _mac(message: bytes) -> bytes:
    key = hmac.new(runtime().settings.secret_key.encode(), PURPOSE, sha256).digest()
    return hmac.new(key, message, sha256).digest()[:MAC_LENGTH]
