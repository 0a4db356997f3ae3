"""/alerts: rules in words, their form and switch, a test letter, and what was told."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.core import clock
from tests.alerts.conftest import Watch
from tests.letters import letters
from tests.people import Browser, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EDIT = "/alerts/dead_letters/edit"
GOOD = {"enabled": "y", "threshold": "10", "by_mail": "y", "by_webhook": "y", "repeat_hours": "48"}


def test_a_rule_is_changed_and_says_in_words_what_it_does(app: Flask, admin: Browser):
    assert "Ainda não houve alertas" in admin.get("/alerts").text
    ana = new_user(app, "viewer", name="Ana <b>Souza</b>", email="ana@example.com")
    form = {**GOOD, "user_ids": [str(ana.id), str(admin.person.id)], "version": "0"}

    assert admin.submit(EDIT, form).location == "/alerts"
    listed = admin.get("/alerts").text
    assert "A partir de 10 entregas desistidas: e-mail para Ana &lt;b&gt;Souza&lt;/b&gt; e Test admin" in listed
    assert "webhooks, de novo após 48 horas" in listed
    assert "SMTP_URL" in listed
    assert re.search(rf'<input checked [^>]*value="{ana.id}"', admin.get(EDIT).text)

    stale = admin.submit(EDIT, form | {"threshold": "11"}, htmx=True)
    assert stale.status_code == 422
    assert "Salve de novo" in stale.text
    assert 'value="1"' in stale.text
    admin.submit("/alerts/dead_letters/switch", {"enabled": "false"})
    assert "Desligada: só o sino mostra isto." in admin.get("/alerts").text


def test_what_is_wrong_stands_beside_its_field(app: Flask, admin: Browser, manager: Browser, other_account):
    left = new_user(app, "admin", disabled_at=clock.now())
    for change in (
        {"threshold": "0"}, {"threshold": "abc"}, {"threshold": ""}, {"threshold": "9" * 40}, {"repeat_hours": "169"},
        {"repeat_hours": "-1"}, {"user_ids": str(other_account.id)}, {"user_ids": str(left.id)}, {"user_ids": "x\r\ny"},
    ):  # fmt: skip
        answer = admin.submit(EDIT, GOOD | change)
        assert answer.status_code == 422, change
        assert "invalid-feedback" in answer.text, change
    assert manager.get(EDIT).status_code == 403
    assert manager.submit("/alerts/dead_letters/switch", {"enabled": "false"}).status_code == 403
    assert EDIT not in manager.get("/alerts").text
    assert [admin.get(url).status_code for url in ("/alerts/x/edit", "/alerts/webhook_disabled/edit")] == [404, 200]


def test_a_test_letter_goes_to_oneself_five_times_an_hour(app: Flask, manager: Browser):
    assert [manager.submit("/alerts/test").status_code for _ in range(5)] == [303] * 5
    assert "caixa de saída" in manager.get("/alerts").text
    assert manager.submit("/alerts/test").status_code == 429
    assert {letter.to for letter in letters(app)} == {manager.person.email}
    assert letters(app)[0].path == "/alerts"


def test_what_was_told_is_listed_in_words_with_its_page(watch: Watch, manager: Browser, other_admin: Browser):
    watch.dead(3, name="Meta <i>1</i>")
    watch.look()

    shown = manager.get("/alerts").text
    assert "Meta &lt;i&gt;1&lt;/i&gt;: desistimos de 3 entregas" in shown
    assert "/deliveries/dead?target=t0" in shown
    assert "1 vez" in shown
    assert "Meta" not in other_admin.get("/alerts").text
    assert "Receber por e-mail" in manager.get("/attention").text
