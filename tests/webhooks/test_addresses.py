"""No address that somebody types leads inside: connections that a private receiver saw are counted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.core.errors import TooMany
from app.core.exchange import Call, Reply, Verdict
from app.core.http import Client
from app.core.ids import uuid7
from app.webhooks import trial
from app.webhooks.adapter import Receiver
from tests.chaos.receivers import Sink, answer, hangs, says, sink, then
from tests.webhooks.hostile import HOSTILE

PUBLIC, PRIVATE, MAPPED, METADATA = "93.184.215.14", "127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"
SECRETS = ("whsec_" + "QUFB" * 11,)
Resolver = Callable[..., list[str]]


@pytest.fixture
def inside() -> Iterator[Sink]:
    with sink(talks={name: says(answer(200)) for name in ("", "200", "_x")}) as server:
        yield server


@pytest.fixture
def name_leads(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """`asked = name_leads([...], [...])`: what hook.example.com leads to, by each look-up in turn; `asked` grows."""
    real = socket.getaddrinfo

    def set_to(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if host != "hook.example.com":
                return real(host, port, *args, **options)
            if options.get("flags"):
                raise socket.gaierror
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [(socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                    for each in found]  # fmt: skip

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return set_to


def guarded(url: str, *, allow_private: bool = False, timeout_s: float = 0.3) -> Reply:
    client = Client(timeout_s=timeout_s, allow_private=allow_private)
    try:
        return client.send(Call("POST", url, {}, is_guarded=True))
    finally:
        client.close()


def test_no_hostile_form_reaches_a_private_receiver(inside: Sink) -> None:
    client = Client(timeout_s=0.1)
    for url in HOSTILE:
        if "example.com" in url and "127" not in url:
            continue  # leads nowhere on this machine
        assert client.send(Call("POST", url.format(port=inside.port), {}, is_guarded=True)).status is None
    client.close()

    assert inside.connections == 0


@pytest.mark.parametrize(
    "answers",
    [[PRIVATE], [PUBLIC, PRIVATE], [PRIVATE, PUBLIC], [MAPPED], [METADATA], ["10.0.0.1"], ["64:ff9b::7f00:1"]],
)
def test_one_answer_that_leads_inside_refuses_the_name(inside: Sink, name_leads: Resolver, answers: list[str]) -> None:
    asked = name_leads(answers)
    reply = guarded(f"http://hook.example.com:{inside.port}/200")

    assert (reply.status, reply.error) == (None, "Address not allowed")
    assert (len(asked), inside.connections) == (1, 0)


def test_a_name_that_changes_its_answer_is_dialled_at_the_address_that_was_vetted(
    inside: Sink, name_leads: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[Any] = []

    class Dialler(socket.socket):
        def connect(self, address: Any) -> None:
            if not isinstance(address, tuple) or address[1] != inside.port:  # another thread's
                return super().connect(address)
            dialled.append(address[0])
            raise ConnectionRefusedError

    asked = name_leads([PUBLIC], [PRIVATE])
    monkeypatch.setattr(socket, "socket", Dialler)
    first = guarded(f"http://hook.example.com:{inside.port}/200")
    second = guarded(f"http://hook.example.com:{inside.port}/200")

    assert (first.error, second.error) == ("Connection failed", "Address not allowed")
    assert (dialled, len(asked), inside.connections) == ([PUBLIC], 2, 0)


def test_a_redirect_inside_is_not_followed(inside: Sink) -> None:
    talks = {"301": says(answer(301, b"", f"Location: http://127.0.0.1:{inside.port}/200"))}
    with sink(talks=talks) as outside:
        reply = guarded(outside.url("301"), allow_private=True)

    assert (reply.status, inside.connections) == (301, 0)


def test_own_addresses_are_never_blocked_and_lend_no_connection_to_guarded_calls() -> None:
    alive = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with sink(talks={"200": then(alive, hangs)}) as server:
        client = Client(timeout_s=1)
        own = client.send(Call("POST", server.url("200"), {}))
        typed = client.send(Call("POST", server.url("200"), {}, is_guarded=True))
        client.close()

    assert (own.status, typed.error, server.connections) == (200, "Address not allowed", 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_test_of_a_webhook_is_guarded_too_and_limited(app: Flask, inside: Sink, name_leads: Resolver) -> None:
    name_leads([PUBLIC, PRIVATE])
    account = uuid7()
    with app.app_context():
        for url in (inside.url("200"), f"http://hook.example.com:{inside.port}/200", f"http://[::1]:{inside.port}/"):
            report = trial.send(Receiver(url, SECRETS), account)

            assert (report.outcome, report.http_status) == (Verdict.REJECTED, None)
            assert report.detail.startswith("Address not allowed")
        for _ in range(7):
            trial.send(Receiver(inside.url("200"), SECRETS), account)
        with pytest.raises(TooMany):
            trial.send(Receiver(inside.url("200"), SECRETS), account)

    assert inside.connections == 0
