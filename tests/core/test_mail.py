"""A letter as features ask for it: one layout, both languages, and nothing in it that somebody else can bend."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.core import mail
from app.core.mail_server import sender
from app.core.mime import address, compose
from app.core.settings import SettingError, Settings
from tests.page_app import gallery_app

LINK = "https://kalitrack.example/reset/abc?x=1&y=2"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return gallery_app(tmp_path_factory.mktemp("mail"))


def a_letter(locale: str | None, **words: object) -> mail.Letter:
    with mail.in_language_of(locale):
        return mail.letter(
            "reset",
            subject="Hi\r\nBcc: x@y.example  there",
            paragraphs=["<b>Ana</b> & co"],
            action=mail.Action("Go <on>", LINK),
            note="Small",
        )


def test_text_and_html_say_the_same_and_are_safe(app: Flask) -> None:
    with app.test_request_context():
        letter = a_letter("en")
    assert letter.subject == "Hi Bcc: x@y.example there"
    assert letter.text.splitlines() == ["<b>Ana</b> & co", "", "Go <on>:", LINK, "", "Small", "", "Kalitrack"]
    assert "&lt;b&gt;Ana&lt;/b&gt; &amp; co" in letter.html
    assert 'href="https://kalitrack.example/reset/abc?x=1&amp;y=2"' in letter.html
    assert not [tag for tag in ("<b>", "<script", "<img", "<style", "http-equiv") if tag in letter.html]


@pytest.mark.parametrize(("locale", "lang"), [("en", "en"), ("pt_BR", "pt-BR"), (None, "pt-BR")])
def test_a_letter_speaks_its_recipients_language(app: Flask, locale: str | None, lang: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en" if lang != "en" else "pt-BR"}):
        letter = a_letter(locale)
    assert f'<html lang="{lang}">' in letter.html
    assert ("Se o botão não funcionar" in letter.html) is (lang == "pt-BR")


def test_the_same_letter_gives_the_same_bytes() -> None:
    given = {
        "sender": sender("Lojão <a@b.example>", "x"), "to": address("ana@exámple.com"), "subject": "Olá, ção",
        "text": "olá\n.\n" + "x" * 2000, "html": "<p>olá</p>", "message_id": "<1@b.example>",
        "at": datetime(2026, 11, 22, tzinfo=UTC),
    }  # fmt: skip
    message = compose(**given)  # type: ignore[arg-type]
    assert message == compose(**given)  # type: ignore[arg-type]
    assert message.isascii()
    assert b"To: ana@xn--exmple-qta.com\r\n" in message
    assert max(map(len, message.split(b"\r\n"))) <= 998  # RFC 5321 §4.5.3.1.6


ODD_ADDRESSES = [
    "", "ana", "@x.com", "a@b@", "a b@x.com", "a@x.com, b@y.com", "a@x.com\r\nBcc: c@d.com", "<a@x.com>", "a@x..com",
    "a@" + "x" * 64 + ".com", "ana\x00@x.com",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ADDRESSES)
def test_only_one_plain_address_is_a_recipient(odd: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        address(odd)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SMTP_URL": "mail.example:25"}, "SMTP_URL: must be smtp://"),
        ({"SMTP_URL": "smtp://me@mail.example"}, "SMTP_URL: names a user without a password"),
        ({"MAIL_FROM": "Kalitrack"}, "MAIL_FROM: must be an e-mail address"),
    ],
)  # fmt: skip
def test_a_wrong_setting_stops_the_start_and_repeats_no_secret(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.load({"KALITRACK_DATA_DIR": str(tmp_path), **variables})
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana S.A. 3.5 Ltda.", "Ana S.A. 3.5 Ltda."),
        ("see http://evil.example/a now", "see http evil. example/a now"),
        ("www.evil.com.br", "www. evil. com. br"),
        ("mail x@evil.example", "mail x@ evil. example"),
        ("evil\u3002com", "evil\u3002 com"),
    ],
)
def test_a_name_that_somebody_chose_makes_no_link(name: str, shown: str) -> None:
    assert mail.unlinked(name) == shown
