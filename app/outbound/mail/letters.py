"""The pure part of e-mail: a letter as the mail server gets it, and the server's answer in the engine's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from typing import Any
from uuid import UUID

from app.core.exchange import Mail, Outcome, Reply
from app.core.mail_server import MailServer
from app.core.mime import address, compose
from app.core.smtp import NO_SERVER, NO_SIGN_IN, NO_TLS, Stage
from app.outbound.exchange_one import Unsendable

FOR_A_PERSON = frozenset({NO_SERVER, NO_TLS, NO_SIGN_IN})
WHO_ARE_YOU = frozenset({530, 534, 535, 538})  # RFC 4954 §6; 530 also when STARTTLS must come first (RFC 3207)
SECRET = re.compile(r"[A-Za-z0-9_-]{20,}")  # the token in a link
UNREADABLE = "The stored letter cannot be read with ENCRYPTION_KEYS"
PIECE = re.compile(r"[A-Za-z0-9_-]{6,}")
NOT_AN_ADDRESS = "The address is none that mail can be sent to"


@dataclass(frozen=True, slots=True)
class Post:
    """How this installation sends mail."""

    server: MailServer | None
    sender: Address
    domain: str  # of PUBLIC_URL: in the greeting, and in what identifies a letter


@dataclass(frozen=True, slots=True)
class Letter:
    """One that is to go out. `words` (to, subject, text, html) is None where no key opens it."""

    id: UUID
    created_at: datetime
    words: Mapping[str, str] | None = field(repr=False)


class Letters:
    """One letter a call: servers judge each by itself."""

    max_batch = 1

    def batch_key(self, item: Letter, target: Any) -> UUID:
        return item.id

    def build(self, items: Sequence[Letter], target: Post) -> Mail:
        (letter,) = items
        if letter.words is None:
            raise Unsendable(UNREADABLE)
        words = letter.words
        try:
            to = address(words["to"])
        except ValueError:
            raise Unsendable(NOT_AN_ADDRESS) from None
        message = compose(
            sender=target.sender,
            to=to,
            subject=words["subject"],
            text=words["text"],
            html=words["html"],
            message_id=f"<{letter.id}@{target.domain}>",
            at=letter.created_at,
        )
        veiled = _pieces(message, SECRET.findall(words["text"]))
        return Mail(target.server, target.domain, target.sender.addr_spec, to.addr_spec, message, veiled)

    def read(self, reply: Reply, items: Sequence[Letter]) -> Outcome:
        """5xx about us (greeting, sign-in) can be mended; about the letter it is final. RFC 5321 §4.2.1."""
        if reply.status is None:
            words = reply.error or ""
            return Outcome.auth(words) if words in FOR_A_PERSON else Outcome.retry(words)
        if reply.ok:
            return Outcome.sent()
        stage, said = reply.headers.get("Stage"), f"{reply.status} {' '.join(reply.text.split())}".strip()
        if reply.status < 500:
            return Outcome.retry(f"The mail server asks to come back later: {said}")
        if stage == Stage.SIGN_IN or reply.status in WHO_ARE_YOU:
            return Outcome.auth(f"The mail server refuses the sign-in: {said}")
        if stage == Stage.HELLO:
            return Outcome.retry(f"The mail server does not talk to us: {said}")
        return Outcome.rejected(f"The mail server refuses the {stage}: {said}")


def _pieces(message: bytes, secrets: Sequence[str]) -> frozenset[str]:
    """The secrets, and the parts of them that the lines of the message were broken into: a server may quote those."""
    seen = PIECE.findall(message.decode("utf-8", "replace"))
    return frozenset(secrets) | {piece for piece in seen if any(piece in secret for secret in secrets)}
