"""/opens/rules and /opens/settings: rules of one's own, trying one, settings, keys; who may what, and bad input."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.accounts.models import Account, AuditEntry
from app.core import clock, config_version
from app.core.ids import uuid7
from app.core.models import Job
from app.core.runtime import runtime
from app.opens.rules import crawlers
from app.opens.rules import settings as open_settings
from app.opens.rules.models import OpenRule, OpenSettings
from app.opens.rules.service import MAX_RULES
from tests.opens.opens_fixtures import CRAWLER, GMAIL, account_of, asked, opens, record
from tests.people import HTMX, Browser, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OFFICE = {"kind": "network", "pattern": "192.0.2.7/24", "open_class": "bot", "note": "Escritório"}


def one(app: Flask, query: Any) -> Any:
    with runtime(app).engine.connect() as connection:
        return connection.execute(query).first()


def count(app: Flask, model: Any) -> int:
    with runtime(app).engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def settings_row(app: Flask) -> Any:
    return one(app, select(OpenSettings.__table__))


def version(app: Flask) -> int:
    with runtime(app).engine.connect() as connection:
        return config_version.current(connection)


def test_a_rule_is_added_holds_at_once_and_is_deleted(app: Flask, admin: Browser) -> None:
    assert "Nenhuma regra própria" in admin.get("/opens/rules").text
    before = version(app)
    answer = admin.submit("/opens/rules", OFFICE)
    rule = one(app, select(OpenRule))

    assert (answer.status_code, answer.location) == (303, "/opens/rules")
    assert (rule.pattern, settings_row(app).rules_version, version(app) > before) == ("192.0.2.0/24", 1, True)
    shown = admin.get("/opens/rules").text
    assert "192.0.2.0/24" in shown
    assert "Escritório" in shown
    record(app, [asked("FAT1", address="192.0.2.200")])
    assert [(row._mapping["class"], row.reason, row.rule_version) for row in opens(app)] == [("bot", "internal", "1.1")]

    assert admin.submit(f"/opens/rules/{rule.id}/delete").status_code == 303
    assert (count(app, OpenRule), settings_row(app).rules_version) == (0, 2)
    record(app, [asked("FAT2", address="192.0.2.200")])
    assert opens(app)[-1].reason == "no_rule"
    with runtime(app).engine.connect() as connection:
        told = select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.action.like("open_rule.%"))
        assert {tuple(row) for row in connection.execute(told)} == {
            ("open_rule.created", "192.0.2.0/24"), ("open_rule.deleted", "192.0.2.0/24"),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": "203.0.113.999"}, "Um endereço ou uma rede"),
        ({"pattern": "0.0.0.0/0"}, "ampla demais"),
        ({"pattern": "::/0"}, "ampla demais"),
        ({"pattern": "::ffff:0.0.0.0/96"}, "ampla demais"),
        ({"pattern": ""}, "Este campo"),
        ({"kind": "agent", "pattern": "ab"}, "Pelo menos 3"),
        ({"kind": "agent", "pattern": "\u200b\u202e a"}, "Pelo menos 3"),
        ({"kind": "agent", "pattern": "MOZILLA/"}, "trecho mais raro"),
        ({"kind": "agent", "pattern": "x" * 201}, "No máximo 200"),
        ({"kind": "country"}, "Not a valid choice"),
        ({"open_class": "angel"}, "Not a valid choice"),
        ({"note": "x" * 201}, "No máximo 200"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_beside_its_field(
    app: Flask, admin: Browser, change: dict[str, str], message: str
) -> None:
    answer = admin.submit("/opens/rules", OFFICE | change, htmx=True)
    assert answer.status_code == 422
    assert 'id="open-rules-form"' in answer.text
    assert message in answer.text or message == "Not a valid choice"
    assert count(app, OpenRule) == 0


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("network", " 203.0.113.7 ", "203.0.113.7/32"),
        ("network", "2001:DB8::1/48", "2001:db8::/48"),
        ("network", "::ffff:203.0.113.7", "203.0.113.7/32"),
        ("network", "fe80::1%eth0", "fe80::1/128"),
        ("agent", " Acme <b>Scanner</b> ", "Acme <b>Scanner</b>"),
    ],
)
def test_patterns_are_stored_tidily_and_shown_safely(
    app: Flask, admin: Browser, kind: str, typed: str, stored: str
) -> None:
    assert admin.submit("/opens/rules", OFFICE | {"kind": kind, "pattern": typed}).status_code == 303
    assert one(app, select(OpenRule)).pattern == stored
    assert "<b>Scanner" not in admin.get("/opens/rules").text


def test_the_same_rule_twice_and_one_too_many_are_refused(app: Flask, admin: Browser) -> None:
    admin.submit("/opens/rules", OFFICE)
    assert "Já existe uma regra assim" in admin.submit("/opens/rules", OFFICE).text
    with runtime(app).engine.begin() as connection:
        for number in range(MAX_RULES - 1):
            row = {"kind": "agent", "pattern": f"acme {number}", "open_class": "bot", "note": ""}
            values = row | {"id": uuid7(), "account_id": account_of(app), "created_at": clock.now()}
            connection.execute(insert(OpenRule).values(**values))
    full = admin.submit("/opens/rules", OFFICE | {"pattern": "198.51.100.1"})
    assert (full.status_code, "no máximo 200" in full.text) == (422, True)
    assert count(app, OpenRule) == MAX_RULES
    assert settings_row(app).rules_version == 1


def test_roles_see_the_rules_and_only_administrators_change_them(
    app: Flask, admin: Browser, manager: Browser, viewer: Browser, anonymous: Browser
) -> None:
    admin.submit("/opens/rules", OFFICE)
    rule = one(app, select(OpenRule))
    for browser in (manager, viewer):
        shown = browser.get("/opens/rules")
        assert shown.status_code == 200
        assert "192.0.2.0/24" in shown.text
        assert "/opens/rules/reclassify" not in shown.text
        for url in ("/opens/rules", f"/opens/rules/{rule.id}/delete", "/opens/rules/reclassify", "/opens/settings"):
            assert browser.submit(url, OFFICE).status_code == 403
        for url in ("/opens/settings/keys", "/opens/settings/rotate"):
            assert browser.submit(url).status_code == 403
        assert browser.get("/opens/settings").status_code == 403
    assert anonymous.get("/opens/rules").status_code == 303
    assert count(app, OpenRule) == 1


def test_rules_of_another_account_are_not_there(app: Flask, admin: Browser) -> None:
    admin.submit("/opens/rules", OFFICE)
    rule = one(app, select(OpenRule))
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    assert "192.0.2.0/24" not in stranger.get("/opens/rules").text
    assert stranger.submit(f"/opens/rules/{rule.id}/delete").status_code == 404
    assert admin.submit("/opens/rules/no-id/delete").status_code == 404
    assert count(app, OpenRule) == 1


@pytest.mark.parametrize(
    ("agent", "address", "expected"),
    [
        (GMAIL, "", ["Por um serviço de e-mail", "O Gmail busca as imagens", "Gmail", "Desconhecido"]),
        (CRAWLER, "", ["Robô", "Na lista pública de robôs: Googlebot"]),
        ("", "", ["Robô", "O programa não diz o nome"]),
        (GMAIL, "192.0.2.9", ["Robô", "Uma regra própria para este endereço"]),
        (GMAIL, "not one", ["Isso não é um endereço", "O Gmail busca as imagens"]),
        ("<script>alert(1)</script>", "", ["O nome traz um ataque", "&lt;script&gt;"]),
    ],
)
def test_anybody_may_try_a_user_agent(
    admin: Browser, viewer: Browser, agent: str, address: str, expected: list[str]
) -> None:
    admin.submit("/opens/rules", OFFICE)
    answer = viewer.submit("/opens/rules/try", {"agent": agent, "address": address}, htmx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="open-rules-try"')
    assert [text for text in expected if text not in answer.text] == []


def test_a_try_without_htmx_is_a_page_and_a_too_long_one_is_refused(viewer: Browser) -> None:
    assert "<title>" in viewer.submit("/opens/rules/try", {"agent": "curl/8"}).text
    assert viewer.submit("/opens/rules/try", {"agent": "x" * 5000}).status_code == 422


def test_settings_are_saved_bumped_and_kept_from_overwriting(app: Flask, admin: Browser) -> None:
    form = {"addresses": "none", "fold_s": "30", "version": ""}
    assert "Criar as chaves" in admin.get("/opens/settings").text
    assert admin.submit("/opens/settings", form).status_code == 303
    row = settings_row(app)
    assert (row.addresses, row.fold_s, row.version) == ("none", 30, 2)
    record(app, [asked("FAT1")])
    assert [row.address for row in opens(app)] == [None]

    shown = admin.get("/opens/settings").text
    assert row.account_key in shown
    assert row.signing_key not in shown
    stale = admin.submit("/opens/settings", form | {"fold_s": "40", "version": "1"}, htmx=True)
    assert (stale.status_code, "nesse meio-tempo" in stale.text) == (422, True)
    assert 'name="version" type="hidden" value="2"' in stale.text
    assert settings_row(app).fold_s == 30


@pytest.mark.parametrize(
    "change",
    [
        {"fold_s": "-1"},
        {"fold_s": "3601"},
        {"fold_s": "9" * 400},
        {"fold_s": "x"},
        {"addresses": "some"},
        {"fold_s": ""},
    ],
)
def test_odd_settings_are_refused(app: Flask, admin: Browser, change: dict[str, str]) -> None:
    assert admin.submit("/opens/settings", {"addresses": "full", "fold_s": "10", **change}).status_code == 422
    assert count(app, OpenSettings) == 0


def test_the_signing_key_is_replaced_only_by_who_types_the_name(app: Flask, admin: Browser) -> None:
    assert admin.submit("/opens/settings/keys").status_code == 303
    name = one(app, select(Account.name)).name
    first = keys(app)
    wrong = admin.submit("/opens/settings/rotate", {"confirm_name": "x"}, htmx=True)
    assert (wrong.status_code, keys(app)) == (422, first)
    assert 'id="open-rules-rotate"' in wrong.text
    for _time in range(2):
        assert admin.submit("/opens/settings/rotate", {"confirm_name": name}).status_code == 303

    now = keys(app)
    assert (now.account_key, len(now.signing)) == (first.account_key, 2)
    assert first.signing[0] not in now.signing
    told = one(app, select(func.count()).where(AuditEntry.action == "open_settings.key_rotated"))
    assert told[0] == 2


def keys(app: Flask) -> open_settings.Keys:
    with runtime(app).engine.connect() as connection:
        found = open_settings.keys_of(connection, runtime(app).vault, account_of(app))
    assert found is not None
    return found


def test_history_is_judged_anew_as_a_long_task(app: Flask, admin: Browser) -> None:
    answer = admin.submit("/opens/rules/reclassify")
    job: UUID = one(app, select(Job.id)).id
    assert (answer.status_code, answer.location) == (303, f"/jobs/{job}")
    shown = admin.get(f"/jobs/{job}").text
    assert "Aberturas reclassificadas" in shown
    for _time in range(9):
        admin.submit("/opens/rules/reclassify")
    assert count(app, Job) == 5


def test_the_built_in_rules_are_told(viewer: Browser) -> None:
    shown = viewer.get("/opens/rules").text
    for text in ("googleimageproxy", f"{crawlers.count()} nomes", "Mozilla/5.0", "mimecast", "Proteção de Privacidade"):
        assert text in shown


def test_a_fragment_of_the_rules_is_asked_for_by_htmx(admin: Browser) -> None:
    assert "<title>" in admin.get("/opens/rules", headers=HTMX).text
