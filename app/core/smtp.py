"""The one outgoing SMTP client: one letter a connection, limited in time, never raising for what a server does."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import certifi

from app.core import clock
from app.core.deadline import TIMEOUT, Deadlines, Watch
from app.core.exchange import Mail, Reply
from app.core.http import CONNECTION_FAILED, CUT, INVALID_ANSWER
from app.core.mail_server import MailServer, is_loopback
from app.core.pool import open_socket

FAREWELL_S = 0.5  # for the server's goodbye, of which nothing depends
KEEP_BYTES = 2048
NO_SERVER = "SMTP_URL is not set"
NO_TLS = "The mail server offers no TLS, and a password does not go out without it"
NO_SIGN_IN = "The mail server does not take the sign-in that SMTP_URL gives"
NO_UTF8 = "The mail server takes no address with such letters"
BAD_CERTIFICATE = "The mail server's certificate is not to be trusted"
IN_LINK = re.compile(r"(https?://[^\s/?#]*)[^\s]*", re.IGNORECASE)


class Stage(StrEnum):
    """What was being said when the server gave the answer that counts."""

    HELLO = "hello"
    SIGN_IN = "sign-in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    LETTER = "letter"


class Answer(NamedTuple):
    stage: Stage
    code: int
    text: bytes


class _Said(Exception):
    """The server said no, or we do."""

    def __init__(self, answer: Answer | None, words: str | None = None) -> None:
        self.answer = answer
        self.words = words


class Client:
    """The letters in hand. One per process; safe for any threads. TLS is verified against certifi's roots."""

    def __init__(self) -> None:
        self._deadlines = Deadlines()

    def send(self, mail: Mail, *, timeout_s: float) -> Reply:
        """One letter, from the name look-up to the server's receipt, within `timeout_s` seconds.

        With `Reply.error` (a short sentence) there was no answer, and the letter may have arrived if the connection
        broke at its end. What is in `mail.veiled`, and every address of a page, is taken out of the answer.
        """
        if mail.server is None:
            return Reply(None, {}, b"", clock.now(), 0, NO_SERVER)
        started = clock.monotonic()
        watch = self._deadlines.start(timeout_s)
        answer, error = None, None
        try:
            answer = self._deliver(mail, mail.server, watch)
        except _Said as said:
            answer, error = said.answer, said.words
        except (smtplib.SMTPException, OSError, ValueError) as fault:
            error = _in_words(fault)
        finally:
            self._deadlines.finish(watch)
        if answer is None and watch.ended:
            error = watch.ended
        took_ms = round((clock.monotonic() - started) * 1000)
        if answer is None:
            return Reply(None, {}, b"", clock.now(), took_ms, error)
        return Reply(answer.code, {"Stage": answer.stage}, _safe(answer.text, mail), clock.now(), took_ms)

    def check(self, server: MailServer, hello: str, *, timeout_s: float) -> Reply:
        """Greets and signs in, and sends no letter."""
        started = clock.monotonic()
        watch = self._deadlines.start(timeout_s)
        try:
            with self._session(server, hello, watch) as session:
                code, text = session.noop()
                reply = Reply(code, {"Stage": Stage.HELLO}, text[:KEEP_BYTES], clock.now(), 0)
        except _Said as said:
            answer = said.answer
            text = answer.text[:KEEP_BYTES] if answer else b""
            reply = Reply(answer.code if answer else None, {}, text, clock.now(), 0, said.words)
        except (smtplib.SMTPException, OSError, ValueError) as fault:
            reply = Reply(None, {}, b"", clock.now(), 0, watch.ended or _in_words(fault))
        finally:
            self._deadlines.finish(watch)
        took_ms = round((clock.monotonic() - started) * 1000)
        return Reply(reply.status, reply.headers, reply.body, reply.received_at, took_ms, reply.error)

    def cut(self) -> None:
        """Ends every letter in hand at once, and every later one unsent: each answers `Cut by shutdown`."""
        self._deadlines.cut(CUT)

    def close(self) -> None:
        self.cut()

    @cached_property
    def _roots(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=certifi.where())

    def _deliver(self, mail: Mail, server: MailServer, watch: Watch) -> Answer:
        with self._session(server, mail.hello, watch) as session:
            options = [f"size={len(mail.message)}"] if session.has_extn("size") else []
            if not mail.recipient.isascii():
                if not session.has_extn("smtputf8"):
                    raise _Said(Answer(Stage.RECIPIENT, 553, NO_UTF8.encode()))
                options += ["SMTPUTF8", "BODY=8BITMIME"]
                session.command_encoding = "utf-8"
            _expect(Stage.SENDER, session.mail(mail.sender, options))
            _expect(Stage.RECIPIENT, session.rcpt(mail.recipient))
            return _expect(Stage.LETTER, session.data(mail.message))

    @contextmanager
    def _session(self, server: MailServer, hello: str, watch: Watch) -> Iterator[_Session]:
        """Greeted, encrypted and signed in; leaves politely, but waits for nobody."""
        session = None
        try:
            with _stages():
                session = _Session(server, hello, watch, self._roots)
                session.introduce()
            yield session
            session.leave()
        except _Said:
            if session is not None:
                session.leave()
            raise
        except smtplib.SMTPDataError as error:  # DATA itself refused; smtplib tells all others by their value
            raise _Said(Answer(Stage.LETTER, error.smtp_code, _bytes(error.smtp_error))) from None
        finally:
            if session is not None:
                session.end()


class _Session(smtplib.SMTP):
    """Its socket is lent to a watch, which ends whatever it is blocked in."""

    def __init__(self, server: MailServer, hello: str, watch: Watch, roots: ssl.SSLContext) -> None:
        self._server, self._watch, self._roots = server, watch, roots
        super().__init__(server.host, server.port, local_hostname=hello)

    def introduce(self) -> None:
        self.ehlo_or_helo_if_needed()
        if not self._server.is_tls:
            if self.has_extn("starttls") and (self._server.user is not None or not is_loopback(self._server.host)):
                self.starttls(context=self)  # type: ignore[call-overload] # all it asks of one is `wrap_socket`
                self.ehlo_or_helo_if_needed()
            elif self._server.needs_tls:
                raise _Said(None, NO_TLS)
        if self._server.user is not None:
            self.login(self._server.user, self._server.password)

    def wrap_socket(self, sock: socket.socket, server_hostname: str | None = None) -> ssl.SSLSocket:
        """The handshake of a socket that stays lent to the watch."""
        self._watch.let_go()
        tls = self._roots.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)
        try:
            self._watch.hold(tls, reuses=False)
            tls.do_handshake()
        except BaseException:
            self._watch.let_go()
            tls.close()
            raise
        return tls

    def leave(self) -> None:
        """What was said so far counts, whatever comes now."""
        if self.sock is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.sock.settimeout(FAREWELL_S)
                self.quit()

    def end(self) -> None:
        self._watch.let_go()
        self.close()

    def _get_socket(self, host: str, port: int, _timeout: Any) -> socket.socket:
        sock = open_socket(host, port, self._watch)
        sock.settimeout(None)  # the watch ends it
        return self.wrap_socket(sock, host) if self._server.is_tls else sock


@contextmanager
def _stages() -> Iterator[None]:
    """Whatever smtplib raises on the way to the first letter, told by its stage."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise _Said(Answer(Stage.SIGN_IN, error.smtp_code, _bytes(error.smtp_error))) from None
    except smtplib.SMTPNotSupportedError:
        raise _Said(None, NO_SIGN_IN) from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 0:  # no answer at all, or none of SMTP
            raise
        raise _Said(Answer(Stage.HELLO, error.smtp_code, _bytes(error.smtp_error))) from None
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError):
        raise
    except smtplib.SMTPException:  # it offers no way to sign in that both know
        raise _Said(None, NO_SIGN_IN) from None


def _expect(stage: Stage, said: tuple[int, bytes]) -> Answer:
    """A server that says no is not asked further."""
    answer = Answer(stage, *said)
    if answer.code < 0:
        raise smtplib.SMTPServerDisconnected
    if answer.code not in (250, 251, 252):
        raise _Said(answer)
    return answer


def _in_words(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError):
        return TIMEOUT
    if isinstance(fault, ssl.SSLCertVerificationError):
        return BAD_CERTIFICATE
    if isinstance(fault, OSError) and not isinstance(fault, smtplib.SMTPException):
        return CONNECTION_FAILED
    return CONNECTION_FAILED if isinstance(fault, smtplib.SMTPServerDisconnected) else INVALID_ANSWER


def _safe(text: bytes, mail: Mail) -> bytes:
    """A filter of spam may quote the link for which it refuses a letter."""
    said = IN_LINK.sub(r"\1/…", text[: KEEP_BYTES * 2].decode("utf-8", "replace"))
    for secret in sorted(mail.veiled, key=len, reverse=True):  # a piece taken out first would leave the rest of a whole
        said = said.replace(secret, "…")
    return said.encode()[:KEEP_BYTES]


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
