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
from tests.people import Browser, new_account, new_user, sign_in

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


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"pattern": "203.0.113.999"}, "Um endereço ou uma rede"),
    ({"pattern": ""}, "Este campo"),
    ({"kind": "agent", "pattern": "MOZILLA/"}, "trecho mais raro"),
    ({"kind": "country"}, 'id="kind-error"'),
    ({"open_class": "angel"}, 'id="open_class-error"'),
    ({"note": "x" * 201}, "No máximo 200"),
]


def test_a_rule_that_makes_no_sense_is_refused_beside_its_field(app: Flask, admin: Browser) -> None:
    for change, message in REFUSED:
        answer = admin.submit("/opens/rules", OFFICE | change, htmx=True)
        assert (answer.status_code, 'id="open-rules-form"' in answer.text) == (422, True)
        assert message in answer.text
    assert count(app, OpenRule) == 0


def test_patterns_are_shown_safely(admin: Browser) -> None:
    typed = OFFICE | {"kind": "agent", "pattern": "Acme <b>Scanner</b>", "note": "<i>x</i>"}
    assert admin.submit("/opens/rules", typed).status_code == 303
    shown = admin.get("/opens/rules").text
    assert "&lt;b&gt;Scanner" in shown
    assert "<b>Scanner" not in shown
    assert "<i>x" not in shown


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


TRIED: list[tuple[str, str, list[str]]] = [
    (GMAIL, "", ["Via provedor", "O Gmail busca as imagens", "Gmail", "Desconhecido"]),
    (CRAWLER, "", ["Robô", "Na lista pública de robôs: Googlebot"]),
    ("", "", ["Robô", "O programa não diz o nome"]),
    (GMAIL, "192.0.2.9", ["Robô", "Uma regra própria para este endereço"]),
    (GMAIL, "not one", ["Isso não é um endereço", "O Gmail busca as imagens"]),
    ("<script>alert(1)</script>", "", ["O nome traz um ataque", "&lt;script&gt;"]),
]


def test_anybody_may_try_a_user_agent(admin: Browser, viewer: Browser) -> None:
    admin.submit("/opens/rules", OFFICE)
    for agent, address, expected in TRIED:
        answer = viewer.submit("/opens/rules/try", {"agent": agent, "address": address}, htmx=True)
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<form method="post" action="/opens/rules/try"')
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


def test_odd_settings_are_refused(app: Flask, admin: Browser) -> None:
    odd = [("fold_s", text) for text in ("-1", "3601", "9" * 400, "x", "")] + [("addresses", "some")]
    for name, text in odd:
        form = {"addresses": "full", "fold_s": "10", name: text}
        assert admin.submit("/opens/settings", form).status_code == 422, form
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
    for text in (
        "googleimageproxy",
        f"{crawlers.count():,}".replace(",", ".") + " nomes",
        "Mozilla/5.0",
        "mimecast",
        "Proteção de Privacidade",
    ):
        assert text in shown
