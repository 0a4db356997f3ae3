"""/funnels/<id>/rules: the list, the form with its rows, and what its buttons do."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from app.funnels.cards import moving
from app.funnels.cards.placing import Place
from app.funnels.models import Card
from tests.funnels.cards.conftest import Deal
from tests.funnels.rules.conftest import rule_of, rules_in
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def rows(*given: tuple[str, str]) -> dict[str, str]:
    form = {}
    for number, (kind, value) in enumerate(given):
        form |= {f"row-{number}-kind": kind, f"row-{number}-was": kind, f"row-{number}-value": value}
    return form


def test_a_rule_is_made_by_the_form_shown_in_a_sentence_and_changed(admin: Browser, deal: Deal) -> None:
    at, url = deal.stages, f"{deal.board}/rules"
    assert "rules-form" in admin.get(f"{url}/new").text
    form = {"name": "Falou", "trigger": "entered", "stage": str(at["talking"]), "is_active": "y"}
    made = admin.submit(url, form | rows(("add_tag", "quente"), ("notify", "owner"), ("", "")))
    assert (made.status_code, made.location) == (303, url)
    with deal.writing():
        moving.move(deal.doer, deal.id, Place(at["talking"]))
    listed = admin.get(url).text
    assert "Quando um cartão entra em Em conversa: marcar com “quente”, avisar o responsável" in listed
    assert ">Ana</a>" in listed
    assert "não feito: o cartão não tem responsável" in listed
    panel = admin.get(deal.url).text
    assert panel.index("Regras que rodaram") < panel.index("não feito: o cartão não tem responsável")

    rule = rules_in(deal)[0]
    edit = f"{url}/{rule.id}/edit"
    shown = admin.get(edit).text
    assert 'value="quente"' in shown
    stays = form | {"trigger": "stayed", "days": "7", "version": "1"}
    assert admin.submit(edit, stays | rows(("add_tag", "quente"))).status_code == 303
    assert (rules_in(deal)[0].trigger, rules_in(deal)[0].days, rules_in(deal)[0].version) == ("stayed", 7, 2)
    stale = admin.submit(edit, stays | rows(("add_tag", "frio")))
    assert (stale.status_code, len(rules_in(deal)[0].actions)) == (422, 1)
    assert 'name="version" type="hidden" value="2"' in stale.text
    assert "por 7 dias" in admin.get(url).text


def test_rows_come_and_go_without_a_script_and_mistakes_stand_beside_them(admin: Browser, deal: Deal) -> None:
    at, url = deal.stages, f"{deal.board}/rules"
    form = {"name": "R", "trigger": "entered", "stage": str(at["new"]), **rows(("move", str(at["lost"])))}
    added = admin.submit(url, form | {"add_row": "1"})
    assert (added.status_code, added.text.count('name="row-1-kind"')) == (200, 1)
    assert "row-0-reason" in added.text
    assert (
        'name="row-0-kind"' not in admin.submit(url, form | rows(("move", ""), ("emit", "")) | {"remove_row": "0"}).text
    )
    turned = admin.submit(url, form | {"row-0-kind": "add_tag", "redraw": "1"}).text
    assert 'name="row-0-value" value=""' in turned
    wrong = admin.submit(url, form)
    assert (wrong.status_code, wrong.text.count('id="row-0-reason-error"')) == (422, 1)
    for changes in ({"row-0-value": "x"}, {"row-0-kind": "shout", "row-0-was": "shout"}, {"row-0-kind": ""},
                    {"trigger": "x"}, {"stage": "x"}, {"name": ""}, {"trigger": "stayed", "days": "9" * 40},
                    {"trigger": "tagged", "tag": "x" * 99}, {"row-999-kind": "emit", "row-x-kind": "a"}):  # fmt: skip
        assert admin.submit(url, form | changes).status_code == 422, changes
    round_ = admin.submit(url, form | {"is_active": "y"} | rows(("move", str(at["new"]))))
    assert (round_.status_code, "Novo → Novo" in round_.text, rules_in(deal)) == (422, True, [])


def test_rules_are_switched_ordered_and_deleted(admin: Browser, deal: Deal) -> None:
    url = f"{deal.board}/rules"
    a, b = rule_of(deal, "new", "talking", name="A", isActive=False), rule_of(deal, "talking", "new", name="B")
    admin.submit(f"{url}/{a}/switch", {"active": "1"})
    assert "Isto daria voltas" in admin.get(url).text
    for to, order in (("down", "BA"), ("down", "BA"), ("up", "AB"), ("up", "AB")):
        assert admin.submit(f"{url}/{a}/shift", {"to": to}).status_code == 303
        assert "".join(rule.name for rule in rules_in(deal)) == order
    admin.submit(f"{url}/{b}/switch", {"active": "0"})
    admin.submit(f"{url}/{a}/switch", {"active": "1"})
    assert [rule.is_active for rule in rules_in(deal)] == [True, False]
    assert admin.submit(f"{url}/{b}/delete").status_code == 303
    assert [rule.name for rule in rules_in(deal)] == ["A"]


def test_the_form_says_how_many_cards_there_are_already(admin: Browser, deal: Deal) -> None:
    form = {"trigger": "stayed", "stage": str(deal.stages["new"]), "days": "1", "redraw": "1"}
    url = f"{deal.board}/rules"
    assert re.search("já estão lá: 0 cartão", admin.submit(url, form).text)
    with deal.writing() as session:
        session.get_one(Card, deal.id).entered_at -= timedelta(days=2)
    assert "já estão lá: 1 cartão aberto agora" in admin.submit(url, form).text
    made = admin.submit(url, form | rows(("emit", "lead.qualified")) | {"redraw": "", "name": "R", "is_active": "y"})
    assert made.status_code == 200


def test_only_managers_change_rules(operator: Browser, viewer: Browser, deal: Deal) -> None:
    rule, url = rule_of(deal, "new", "talking"), f"{deal.board}/rules"
    for person in (operator, viewer):
        shown = person.get(url)
        assert (shown.status_code, "/edit" in shown.text.split("funnels-rules")[1]) == (200, False)
        for path in ("/new", f"/{rule}/edit"):
            assert person.get(url + path).status_code == 403
        for path in ("", f"/{rule}/edit", f"/{rule}/switch", f"/{rule}/shift", f"/{rule}/delete"):
            assert person.submit(url + path, {"active": "0"}).status_code == 403
    assert operator.get(f"/funnels/{uuid4()}/rules").status_code == 404
