"""One letter by SMTP: whatever the server does there is a reply in time, and no password travels readable."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest

from app.core.exchange import Mail, Reply
from app.core.mail_server import MailServer, parse, sender
from app.core.smtp import BAD_CERTIFICATE, NO_SERVER, NO_SIGN_IN, NO_TLS, Client
from tests.chaos.receivers import Authority
from tests.postbox import DROP, HANG, Deaf, Postbox

LETTER = b"Subject: Hi\r\n\r\nhello\r\n.dot\r\n"
TOKEN = "tYk2_9-abcdefghijklmnopqrstuv"


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as postbox:
        yield postbox


def mail(port: int, url: str = "smtp://127.0.0.1", to: str = "ana@example.com") -> Mail:
    server = replace(parse(url), port=port)
    return Mail(server, "kalitrack.example", "k@kalitrack.example", to, LETTER, frozenset({TOKEN}))


def told(reply: Reply) -> tuple[int | None, str | None, str | None]:
    return reply.status, reply.headers.get("Stage"), reply.error


def test_a_letter_arrives_as_it_is_and_the_receipt_is_kept(client: Client, postbox: Postbox) -> None:
    postbox.answers["data"].append("250 2.0.0 queued as 17")

    reply = client.send(mail(postbox.port), timeout_s=2)

    assert (reply.ok, reply.text) == (True, "2.0.0 queued as 17")
    (taken,) = postbox.taken
    assert (taken.mail_from, taken.rcpt_tos, taken.content) == ("k@kalitrack.example", ["ana@example.com"], LETTER)
    assert postbox.hosts == ["kalitrack.example"]


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("mail", "550 5.7.1 not you", (550, "sender", None)),
        ("rcpt", "550 5.1.1 nobody here", (550, "recipient", None)),
        ("rcpt", "451 4.7.1 greylisted", (451, "recipient", None)),
        ("data", "554 5.7.1 spam", (554, "letter", None)),
        ("data", "452 4.3.1 full", (452, "letter", None)),
        ("rcpt", DROP, (None, None, "Connection failed")),
        ("data", DROP, (None, None, "Connection failed")),
        ("data", HANG, (None, None, "Timeout")),
    ],
)
def test_every_no_is_told_with_what_was_being_said(
    client: Client, postbox: Postbox, step: str, answer: str, expected: tuple[object, ...]
) -> None:
    postbox.answers[step].append(answer)
    assert told(client.send(mail(postbox.port), timeout_s=0.4)) == expected
    assert postbox.taken == []


def test_a_filter_that_quotes_the_link_gives_nothing_away(client: Client, postbox: Postbox) -> None:
    postbox.answers["data"].append(f"554 blocked https://kalitrack.example/reset/{TOKEN}?x=1 and {TOKEN}")
    reply = client.send(mail(postbox.port), timeout_s=2)
    assert reply.text == "blocked https://kalitrack.example/… and …"


@pytest.mark.parametrize("url", ["smtp://127.0.0.1", "smtps://127.0.0.1", "smtp://u:p@127.0.0.1"])
def test_a_server_that_never_speaks_costs_no_more_than_the_limit(client: Client, url: str) -> None:
    started = time.monotonic()
    with Deaf() as deaf:
        reply = client.send(mail(deaf.port, url), timeout_s=0.3)
    assert reply.error == "Timeout"
    assert time.monotonic() - started < 1


def test_nobody_listens_and_no_server_are_replies_too(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert client.send(mail(port), timeout_s=1).error == "Connection failed"
    assert client.send(replace(mail(port), server=None), timeout_s=1).error == NO_SERVER


def test_a_cut_ends_the_letter_in_hand_and_every_later_one(client: Client, postbox: Postbox) -> None:
    postbox.always["rcpt"] = HANG
    threading.Timer(0.2, client.cut).start()
    started = time.monotonic()
    assert client.send(mail(postbox.port), timeout_s=20).error == "Cut by shutdown"
    assert client.send(mail(postbox.port), timeout_s=20).error == "Cut by shutdown"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://me:right-one@127.0.0.1", (250, "letter", None)),
        ("smtp://me:wrong-one@127.0.0.1", (535, "sign-in", None)),
        ("smtp://127.0.0.1", (530, "sender", None)),
    ],
)
def test_the_server_decides_who_may_send(client: Client, url: str, expected: tuple[object, ...]) -> None:
    with Postbox(password="right-one") as postbox:
        reply = client.send(mail(postbox.port, url), timeout_s=2)
    assert told(reply) == expected
    assert "one" not in reply.text


def test_a_password_for_a_server_that_asks_for_none_is_told(client: Client, postbox: Postbox) -> None:
    assert told(client.send(mail(postbox.port, "smtp://me:right@127.0.0.1"), timeout_s=2)) == (None, None, NO_SIGN_IN)


def test_no_password_leaves_this_machine_without_tls(client: Client, postbox: Postbox) -> None:
    """127.1 leads here, and is not spelled as a loopback address is."""
    assert told(client.send(mail(postbox.port, "smtp://me:right@127.1"), timeout_s=2)) == (None, None, NO_TLS)
    assert postbox.taken == []


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(authority.file))
    return authority


def test_tls_is_used_where_it_is_offered_and_the_certificate_is_checked(client: Client, authority: Authority) -> None:
    with Postbox(password="right", tls=authority.context(), require_starttls=True) as postbox:
        assert client.send(mail(postbox.port, "smtp://me:right@127.0.0.1"), timeout_s=3).ok
        assert postbox.taken[0].content == LETTER
        # a relay on this very machine is spoken to as it is, and may say that it wants more
        assert told(client.send(mail(postbox.port), timeout_s=3)) == (530, "sender", None)


@pytest.mark.parametrize("flaw", [{"address": "10.1.1.1"}, {"ended": True}, {"own": True}])
def test_a_certificate_that_is_not_its_own_gets_no_letter(
    client: Client, authority: Authority, flaw: dict[str, Any]
) -> None:
    with Postbox(password="right", tls=authority.context(**flaw)) as postbox:
        reply = client.send(mail(postbox.port, "smtp://me:right@127.0.0.1"), timeout_s=3)
    assert told(reply) == (None, None, BAD_CERTIFICATE)


def test_smtps_is_encrypted_from_the_first_byte(client: Client, authority: Authority) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        with listener, ssl.SSLSocket.accept(authority.context().wrap_socket(listener, server_side=True))[0] as peer:
            peer.sendall(b"220 hi\r\n")
            while said := peer.recv(100):  # EHLO, and HELO once that was refused
                seen.append(said)
                peer.sendall(b"550 go away\r\n")

    threading.Thread(target=serve, daemon=True).start()
    reply = client.send(mail(listener.getsockname()[1], "smtps://127.0.0.1"), timeout_s=3)
    assert seen[0].lower().startswith(b"ehlo kalitrack.example")
    assert told(reply) == (550, "hello", None)


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(client: Client) -> None:
    with Postbox(enable_SMTPUTF8=False) as old:
        assert told(client.send(mail(old.port, to="joão@example.com"), timeout_s=2)) == (553, "recipient", None)
    with Postbox() as modern:
        assert client.send(mail(modern.port, to="joão@example.com"), timeout_s=2).ok
        assert modern.taken[0].rcpt_tos == ["joão@example.com"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25, False)),
        ("smtp://u:p%40%3A@mail.example", MailServer("mail.example", 587, False, "u", "p@:")),
        ("smtps://u:p@mail.example", MailServer("mail.example", 465, True, "u", "p")),
        ("smtp://[::1]:2525", MailServer("::1", 2525, False)),
    ],
)
def test_a_mail_server_is_read_from_its_url(url: str, expected: MailServer) -> None:
    assert parse(url) == expected
    assert "p@:" not in repr(parse(url))


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://u@mail.example", "smtp://:p@mail.example", "smtp://h:x",
     "smtp://h:99999", "smtp://h/path", "smtp://h?tls=1", "smtp://u:s\u00e9nha@h", "smtp://u:a%0Ab@h", "smtp://a b"],
)  # fmt: skip
def test_an_odd_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtp://|names a user|plain ASCII") as refused:
        parse(url)
    assert "s\u00e9nha" not in str(refused.value)


def test_the_sender_is_an_address_or_a_name_with_one() -> None:
    assert str(sender("Loja <a@b.example>", "x")) == "Loja <a@b.example>"
    assert str(sender("a@b.example", "x")) == "Kalitrack <a@b.example>"
    assert str(sender(None, "kalitrack.example")) == "Kalitrack <kalitrack@kalitrack.example>"
    assert sender(None, "127.0.0.1").addr_spec == "kalitrack@[127.0.0.1]"
    for odd in ("nobody", "a@b\r\nBcc: c@d", "a@b, c@d", "@b", "a@"):
        with pytest.raises(ValueError, match="must be an e-mail address"):
            sender(odd, "x")
