"""Languages: complete Portuguese, Brazilian formats, the account's zone, a catalogue that compiles itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask, g
from flask_babel import gettext

from app.core import catalog, clock, i18n
from tests.page_app import gallery_app

MOMENT = datetime(2026, 11, 21, 17, 3, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return gallery_app(tmp_path)


def test_every_string_has_a_portuguese_translation() -> None:
    """Otherwise: `python -m app.core.i18n update` lists them, `… fill < translations.json` sets them."""
    portuguese = catalog.read()
    missing = [message.id for message in catalog.extracted() if message.id and message.id not in portuguese]
    assert missing == []
    assert catalog.untranslated(portuguese) == []


def test_translations_keep_the_placeholders() -> None:
    broken = [
        message.id for message in catalog.read() if message.id and message.python_format and len(message.check()) > 0
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("text", "portuguese", "english"),
    [
        (lambda: i18n.datetime_text(MOMENT), "21/11/2026 14:03", "Nov 21, 2026 14:03"),
        (lambda: i18n.date_text(MOMENT - timedelta(hours=15)), "20/11/2026", "Nov 20, 2026"),
        (lambda: i18n.date_text(date(2026, 11, 21)), "21/11/2026", "Nov 21, 2026"),
        (lambda: i18n.number(1234.5), "1.234,5", "1,234.5"),
        (lambda: i18n.number(1234567), "1.234.567", "1,234,567"),
        (lambda: i18n.number(Decimal("0.1"), 2), "0,10", "0.10"),
        (lambda: i18n.money(Decimal("1234.5")), "R$\xa01.234,50", "R$1,234.50"),
        (lambda: i18n.money(-3, "USD"), "-US$\xa03,00", "-$3.00"),
        (lambda: i18n.percent(0.125), "12,5%", "12.5%"),
        (lambda: i18n.datetime_text(None) + i18n.number(None) + i18n.ago(None), "–––", "–––"),
    ],
)
def test_dates_and_numbers_are_written_as_readers_expect(
    app: Flask, text: Callable[[], str], portuguese: str, english: str
) -> None:
    with app.test_request_context("/"):
        assert text() == portuguese
    with app.test_request_context("/", headers={"Cookie": "locale=en"}):
        assert text() == english


def test_age_is_told_in_words(app: Flask) -> None:
    with app.test_request_context("/"):
        assert i18n.ago(clock.now() - timedelta(minutes=5, seconds=1)) == "há 5 minutos"
        assert i18n.ago(clock.now() + timedelta(hours=2, seconds=9)) == "em 2 horas"


def test_times_are_shown_in_the_zone_of_the_account(app: Flask) -> None:
    with app.test_request_context("/"):
        g.timezone = "America/Manaus"
        assert i18n.datetime_text(MOMENT) == "21/11/2026 13:03"


@pytest.mark.parametrize(
    ("cookie", "stored", "expected"),
    [(None, None, "pt_BR"), (None, "en", "en"), ("pt_BR", "en", "en"), ("en", "xx", "en"), ("../en", None, "pt_BR")],
)
def test_stored_choice_then_cookie_then_portuguese(
    app: Flask, cookie: str | None, stored: str | None, expected: str
) -> None:
    with app.test_request_context("/", headers={"Cookie": f"locale={cookie}"} if cookie else {}):
        g.locale = stored
        assert i18n.locale() == expected


def test_catalogue_compiles_itself_again_when_it_changed(tmp_path: Path) -> None:
    source = tmp_path / "messages.po"
    source.write_text('msgid "Pixel"\nmsgstr "um"\n', "utf-8")
    first = catalog.compiled(source, tmp_path)
    source.write_text('msgid "Pixel"\nmsgstr "dois"\n', "utf-8")
    second = catalog.compiled(source, tmp_path)
    assert first != second
    assert b"dois" in (second / "pt_BR/LC_MESSAGES/messages.mo").read_bytes()
    assert catalog.compiled(source, tmp_path) == second


def test_portuguese_is_spoken_outside_a_request_too(app: Flask) -> None:
    with app.app_context():
        assert gettext("Copied.") == "Copiado."
