"""E-mail as the engine's deliveries: what is loaded for a letter, and that it is forgotten afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection, select

from app.core import clock, mail_server
from app.core.db import begin_write
from app.core.exchange import Call
from app.core.vault import VaultError
from app.outbound.kinds import Kind, Leased, Owed, Party, Settled, Subject
from app.outbound.mail import ledger
from app.outbound.mail.letters import Letter, Letters, Post
from app.outbound.mail.models import LETTER_PLACE, MailMessage
from app.outbound.mail.words import title
from app.outbound.models import Target
from app.outbound.policy import Policy

PATIENCE = 3  # mail servers take longer than platforms: some let strangers wait for their greeting


class Mails(Kind):
    """Letters to people, by the one mail server of SMTP_URL."""

    key = ledger.KIND
    # Somebody sits there and waits for the letter; greylisting wants a second try some minutes later. Its link's expiry
    # ends it.
    policy = Policy(fast_s=(2.0, 10.0, 30.0), first_s=60.0, cap_s=1800.0, max_attempts=250)

    @property
    def timeout_s(self) -> float:
        return PATIENCE * self.runtime.settings.outbound_timeout

    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        """Without SMTP_URL too: then each letter says so, which pauses the target instead of cancelling."""
        secret = self._post.server.password if self._post.server else ""
        known = select(Target.id).where(Target.id.in_(target_ids))
        return {id_: Party(_letters, self._post, secret) for id_ in connection.scalars(known)}

    def items(self, connection: Connection, rows: Sequence[Leased]) -> Mapping[UUID, Letter]:
        """What was wiped is gone."""
        ids = {row.ref_id for row in rows}
        columns = (MailMessage.id, MailMessage.created_at, MailMessage.sealed)
        kept = select(*columns).where(MailMessage.id.in_(ids), ledger.IS_KEPT)
        return {id_: Letter(id_, at, self._opened(id_, sealed)) for id_, at, sealed in connection.execute(kept)}

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        columns = (MailMessage.id, MailMessage.purpose, MailMessage.recipient)
        own = MailMessage.account_id == account_id, MailMessage.id.in_({row.ref_id for row in rows})
        return {
            id_: Subject(title(purpose, to)) for id_, purpose, to in connection.execute(select(*columns).where(*own))
        }

    def rebuild(self, connection: Connection, owed: Owed) -> Call | None:
        """Nobody is shown a letter: its link opens doors."""
        return None

    def settled(self, results: Sequence[Settled]) -> None:
        """Should this fail, the sweep does it."""
        with begin_write(self.runtime.engine) as connection:
            ledger.wipe_ended(connection, clock.now(), [each.row.ref_id for each in results])

    def _opened(self, id_: UUID, sealed: str | None) -> Mapping[str, str] | None:
        try:
            found: dict[str, str] = json.loads(self.runtime.vault.open(LETTER_PLACE, id_, sealed or ""))
        except VaultError:
            return None
        return found

    @cached_property
    def _post(self) -> Post:
        settings = self.runtime.settings
        host = urlsplit(settings.public_url).hostname or "localhost"
        server = mail_server.parse(settings.smtp_url) if settings.smtp_url is not None else None
        return Post(server, mail_server.sender(settings.mail_from, host), mail_server.domain_of(host))


_letters = Letters()
