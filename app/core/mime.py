"""A letter as it travels: headers, text and HTML, built by the standard library so that no value ends a header."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

PLAIN = re.compile(r"(?P<local>[^\s<>,;:\"()\\@]+)@(?P<domain>[^\s<>,;:\"()\\@]+)")


def address(text: str) -> Address:
    """`ana@example.com` with its domain in ASCII. Raises ValueError for what is not one plain address."""
    parts = PLAIN.fullmatch(text)
    if parts is None or not text.isprintable():
        raise ValueError("not an e-mail address")
    try:
        return Address(username=parts["local"], domain=parts["domain"].encode("idna").decode("ascii"))
    except (UnicodeError, IndexError):
        raise ValueError("not an e-mail address") from None


def compose(
    *,
    sender: Address,
    to: Address,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    at: datetime,
) -> bytes:
    """The same letter gives the same bytes, so that who gets it twice can tell. Raises ValueError for a value that
    cannot stand in a header."""
    message = EmailMessage(policy=SMTP.clone(utf8=not to.addr_spec.isascii()))
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{message_id.strip('<>').partition('@')[0]}")
    return message.as_bytes()


def one_line(text: str) -> str:
    """Without line breaks and other characters that nobody sees: what a header can hold, whatever a name in it was."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
