"""A mail server on loopback that answers as it is told, and keeps what it took."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP, HANG = "drop", "hang"


class Postbox:
    """`answers["rcpt"].append("451 later")`: what the next RCPT is told; DROP ends the connection, HANG says nothing.
    `also[...]` for ever. With `password`, nobody gets in without it."""

    def __init__(self, *, password: str | None = None, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        self.taken: list[Envelope] = []
        self.hosts: list[str] = []
        self.answers: dict[str, deque[str]] = {"mail": deque(), "rcpt": deque(), "data": deque()}
        self.always: dict[str, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        if password is not None:
            options["auth_require_tls"] = False
            options["authenticator"] = lambda *given: AuthResult(
                success=_password(given[-1]) == password, handled=False
            )
        self._asks = password is not None
        self._controller = Controller(self, "127.0.0.1", self.port, tls_context=tls, **options)

    def __enter__(self) -> Postbox:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=default) for envelope in self.taken]  # type: ignore

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.hosts.append(hostname)
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._asks and not session.authenticated:
            return "530 5.7.0 who are you?"
        envelope.mail_from = address
        return await self._said("mail", server)

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._said("rcpt", server)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        said = await self._said("data", server)
        if said.startswith("2"):
            self.taken.append(envelope)
        return said

    async def _said(self, step: str, server: SMTP) -> str:
        told = self.answers[step].popleft() if self.answers[step] else self.always.get(step, "250 OK")
        if told == HANG:
            await asyncio.sleep(30)
        if told == DROP and server.transport is not None:
            server.transport.close()
        return told


def _password(given: Any) -> str | None:
    return given.password.decode() if isinstance(given, LoginPassword) else None


class Deaf:
    """Takes connections and never says a word."""

    def __enter__(self) -> Deaf:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
