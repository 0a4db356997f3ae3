"""Outcomes, errors and details in words: whom they speak of, and that nothing we say ourselves stays English."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from flask import Flask, g

from app.core import clock, http, smtp
from app.core.deadline import TIMEOUT
from app.core.exchange import Outcome, Reply, Verdict
from app.core.guard import NOT_ALLOWED
from app.outbound import detail_words as details
from app.outbound import words
from app.outbound.attempts import TOO_LATE
from app.outbound.detail_words import detail_words, is_fault
from app.outbound.exchange_one import CUT_DETAIL
from app.outbound.kinds import KINDS
from app.outbound.mail.letters import Letters
from app.outbound.models import ErrorClass
from app.outbound.policy import PLATFORM, next_step
from app.outbound.watch_words import BREAKER_OPEN, DEAD_LETTERS, PAUSED_BY_HAND, TOKEN_REFUSED, WORDS
from app.webhooks.adapter import WebhookCalls
from app.webhooks.hub.adapter import NO_TOKEN
from tests.each import each
from tests.page_app import ROOT, gallery_app

NO_FAULTS = {"VERSION", "USER_AGENT"}
CLIENTS = {
    name: value
    for module in (http, smtp)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str) and name not in NO_FAULTS
}
FAULTS = sorted({TIMEOUT, NOT_ALLOWED, CUT_DETAIL, NO_TOKEN, *CLIENTS.values(), *http.CERTIFICATES.values()})
ENGINE = sorted((ROOT / "app/outbound").rglob("*.py"))
ABOUT = {"conversion": "plataforma", "mail": "servidor de e-mail", "webhook": "receptor", "hub": "receptor"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return gallery_app(tmp_path_factory.mktemp("words"))


@pytest.fixture(autouse=True)
def portuguese(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"):
        yield


# -- whom the words speak of --------------------------------------------------------------------------------------


def test_every_kind_has_words_of_its_own() -> None:
    assert set(words.ERRORS_OF) == set(words.OUTCOMES_OF) == set(KINDS) == set(ABOUT)


@pytest.mark.parametrize("kind", [*KINDS, "of another version", None])
def test_every_outcome_and_error_has_a_word(kind: str | None) -> None:
    unknown = words.outcome_word("odd", kind)[0]
    assert unknown == words.UNKNOWN_OUTCOME[0]
    assert [verdict for verdict in Verdict if words.outcome_word(verdict, kind)[0] == unknown] == []
    assert [error for error in ErrorClass if words.error_word(error, kind) == words.error_word("odd")] == []


@pytest.mark.parametrize(("kind", "other"), ABOUT.items())
def test_words_speak_of_who_is_called(kind: str, other: str) -> None:
    said = [str(words.outcome_word(verdict, kind)[0]) for verdict in Verdict]
    said += [words.error_word(error, kind) for error in ErrorClass]
    strangers = set(ABOUT.values()) - {other}
    assert [text for text in said if any(stranger in text.lower() for stranger in strangers)] == []
    assert len([text for text in said if other in text.lower()]) >= 6


@pytest.mark.parametrize(
    ("kind", "outcome", "text"),
    [
        ("conversion", "sent", "Aceito pela plataforma"),
        ("webhook", "sent", "Aceito pelo receptor"),
        ("hub", "auth", "O receptor recusou as credenciais"),
        ("webhook", "gone", "O receptor não existe mais"),
        ("mail", "rejected", "Recusado pelo servidor de e-mail"),
        (None, "rejected", "Recusado"),
    ],
)
def test_an_outcome_by_its_kind(kind: str | None, outcome: str, text: str) -> None:
    assert words.outcome_word(outcome, kind)[0] == text


def test_what_we_gave_up_ourselves_was_refused_by_nobody() -> None:
    given = {"Could not be built (KeyError)": "Falhou, sem nova tentativa", "HTTP 400": "Recusado pela plataforma"}
    assert {detail: words.outcome_word("rejected", "conversion", detail)[0] for detail in given} == given


@pytest.mark.parametrize(
    ("finding", "kind"),
    [
        *product((BREAKER_OPEN, DEAD_LETTERS, PAUSED_BY_HAND), ("webhook", "hub", "mail")),
        *product((TOKEN_REFUSED,), ("hub", "mail")),  # a webhook that answers 401 is tried again
    ],
)
def test_what_needs_a_person_speaks_of_platforms_for_them_alone(finding: str, kind: str) -> None:
    facts = {"target": "Loja", "waiting": 2, "number": 2, "error": "server", "since": "2026-11-20T10:00:00+00:00"}
    told = WORDS[finding]("1", {**facts, "kind": kind, "reason": "Connection failed"})
    said = " ".join(map(str, (told.title, told.text, told.advice)))
    assert ("plataforma" in said.lower(), "Connection" in said) == (False, False)


def test_nobody_answered_is_no_answer() -> None:
    facts = {"target": "Loja", "waiting": 0, "kind": "webhook"}
    for reason, text in {"Timeout": "O último erro foi: “Tempo", "HTTP 503": "A resposta foi: “HTTP 503”"}.items():
        assert text in WORDS[BREAKER_OPEN]("1", {**facts, "reason": reason}).text


# -- details ------------------------------------------------------------------------------------------------------


@each(FAULTS)
def test_every_fault_of_the_clients_is_said_in_portuguese(fault: str) -> None:
    assert detail_words(fault) != fault


@each([path.relative_to(ROOT).as_posix() for path in ENGINE])
def test_what_the_engine_says_itself_has_words(path: str) -> None:
    said = [text for text in told(ROOT / path) if text not in details.OWN]
    assert said == []


def told(path: Path) -> Iterator[str]:
    """What this file gives as the detail of an outcome or a row, where it is written out."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        of = node.func.value if isinstance(node.func, ast.Attribute) else None
        given = [word.value for word in node.keywords if word.arg == "detail"]
        given += node.args[:1] if isinstance(of, ast.Name) and of.id == Outcome.__name__ else []
        yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ("Timeout", "Tempo esgotado"),
        ("Certificate expired", "O certificado venceu"),
        ("Redirect not followed", "Redirecionamento não seguido"),
        ("Redirect not followed: other.example", "Redirecionamento não seguido: other.example"),
        (f"Timeout {TOO_LATE}", "Tempo esgotado (chegou tarde demais: outra tentativa já tinha começado)"),
        (f"HTTP 503 {TOO_LATE}", "HTTP 503 (chegou tarde demais: outra tentativa já tinha começado)"),
        (TOO_LATE, "(chegou tarde demais: outra tentativa já tinha começado)"),
        ("Timeout (gave up after 1 attempts)", "Tempo esgotado (desistência após 1 tentativa)"),
        ("HTTP 500 (gave up after 1250 attempts)", "HTTP 500 (desistência após 1.250 tentativas)"),
        ("Could not be built (KeyError)", "Não pôde ser preparado (KeyError)"),
        ("Could not be read (ValueError)", "A resposta não pôde ser lida (ValueError)"),
        (
            "The mail server refuses the recipient: 550 no such user",
            "O servidor de e-mail recusa o destinatário: 550 no such user",
        ),
        ("HTTP 503", "HTTP 503"),
        ("Invalid parameter: Timeout", "Invalid parameter: Timeout"),
        ("timeout of the shop's database", "timeout of the shop's database"),
        ("Token expired (gave up after) ", "Token expired (gave up after) "),
        ("", ""),
        (None, None),
    ],
)
def test_our_own_words_are_translated_and_others_left_alone(detail: str | None, text: str | None) -> None:
    assert detail_words(detail) == text


def test_what_policies_add_is_translated() -> None:
    retry, now = Outcome.retry("Connection failed"), clock.now()
    given_up = next_step(PLATFORM, retry, PLATFORM.max_attempts, now, None, 0.0).detail
    too_old = next_step(PLATFORM, retry, 1, now, now, 0.0).detail
    assert detail_words(given_up) == "A conexão falhou (desistência após 250 tentativas)"
    assert detail_words(too_old) == "A conexão falhou (antigo demais para outra tentativa)"


@pytest.mark.parametrize("stage", list(smtp.Stage))
@pytest.mark.parametrize("status", [421, 451, 535, 550])
def test_the_answers_of_mail_servers_are_introduced_in_portuguese(stage: str, status: int) -> None:
    said = Letters().read(Reply(status, {"Stage": stage}, b"5.7.1 no", clock.now(), 1), []).detail
    shown = detail_words(said) or ""
    assert (shown.startswith("O servidor de e-mail "), shown.endswith(f": {status} 5.7.1 no")) == (True, True)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({"error": NOT_ALLOWED}, "O endereço não pode ser chamado: ele leva a uma rede privada ou reservada"),
        ({"status": 302, "headers": {"Location": "https://x.example/a"}}, "Redirecionamento não seguido: x.example"),
        ({"status": 302}, "Redirecionamento não seguido"),
        ({"status": 500}, "HTTP 500"),
        ({}, "Sem resposta"),
    ],
)
def test_what_webhooks_say_of_an_answer_is_translated(reply: dict[str, object], text: str) -> None:
    given = {"status": None, "headers": {}, "body": b"", "received_at": clock.now(), "duration_ms": 1, **reply}
    assert detail_words(WebhookCalls().read(Reply(**given), []).detail) == text  # type: ignore[arg-type]


def test_english_is_english(app: Flask) -> None:
    with app.test_request_context("/"):
        g.locale = "en"
        assert detail_words("Name not found") == "The name of the host is unknown"
        assert words.outcome_word("rejected", "webhook")[0] == "Refused by the receiver"


def test_only_faults_are_nobodys_answer() -> None:
    assert [is_fault(text) for text in ("Timeout", "HTTP 503", "Invalid parameter")] == [True, False, False]
