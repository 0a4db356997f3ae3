"""Rules that would set each other off for ever are refused, whichever way round they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.contacts import dissolving
from app.contacts.dissolving import Dissolved, Ending
from app.contacts.models import Tag
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Invalid, english
from app.funnels.models import CardRule
from app.funnels.rules import circles, service
from app.funnels.rules.circles import Link
from app.funnels.rules.names import Ref, RefKind

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Any]


def to(stage: UUID) -> list[dict[str, str]]:
    return [{"kind": "move", "stageId": str(stage)}]


def tag(name: str) -> list[dict[str, str]]:
    return [{"kind": "add_tag", "tag": name}]


def refused(make: Callable[[], Any]) -> str:
    with pytest.raises(Invalid) as error:
        make()
    return english(error.value.fields["rule"][0])


def test_a_way_round_is_found_where_there_is_one() -> None:
    a, b, c, d = (Ref(RefKind.STAGE, uuid4()) for _number in range(4))
    others = [Link(a, (b, d)), Link(b, (c,)), Link(d, (c,))]
    assert circles.find(others, Link(c, (d,))) == [c, d, c]
    assert circles.find(others, Link(c, (a,))) in ([c, a, b, c], [c, a, d, c])
    assert circles.find([], Link(a, (a,))) == [a, a]
    assert circles.find(others, Link(a, (c,))) is None
    assert circles.find([Link(b, (c,)), Link(c, (b,))], Link(a, (b,))) is None  # theirs, not ours


@ON_SQLITE
def test_circles_are_refused_by_name(actor: Actor, make_funnel: Make, make_rule: Make, stages: Make) -> None:
    funnel, other = make_funnel(), make_funnel("Pós-venda")
    at, there = stages(funnel), stages(other)
    assert refused(lambda: make_rule(funnel, "entered", at["new"], to(at["new"]))).endswith(": Novo → Novo.")
    make_rule(funnel, "entered", at["new"], to(at["talking"]))
    said = refused(lambda: make_rule(funnel, "stayed", at["talking"], to(at["new"]), days=5))
    assert said == "This would go round in circles: Em conversa → Novo → Em conversa."
    assert refused(lambda: make_rule(funnel, "tagged", "x", tag("X"))).endswith("“x” → “x”.")

    make_rule(funnel, "entered", at["talking"], tag("quente"))
    make_rule(other, "tagged", "Quente", to(there["qualified"]))
    make_rule(other, "entered", there["qualified"], tag("frio"))
    off = make_rule(funnel, "tagged", "frio", to(at["new"]), isActive=False)
    said = refused(lambda: switch_on(actor, off))
    assert said.endswith("“frio” → Novo (Vendas) → Em conversa (Vendas) → “quente” → Qualificado (Pós-venda) → “frio”.")
    with write():
        changed = service.update(actor, funnel.id, off.id, {"actions": to(at["won"])})
        assert service.update(actor, funnel.id, off.id, {"isActive": True}).is_active
        assert changed.version == 3
    assert "circles" in refused(lambda: change(actor, off, {"actions": to(at["new"])}))
    make_rule(funnel, "entered", at["new"], to(at["qualified"]))  # two ways to go are no circle


def switch_on(actor: Actor, rule: CardRule) -> None:
    change(actor, rule, {"isActive": True})


def change(actor: Actor, rule: CardRule, values: dict[str, Any]) -> None:
    with write():
        service.update(actor, rule.funnel_id, rule.id, values)


@ON_SQLITE
def test_a_merge_of_tags_takes_rules_along_and_switches_off_what_would_go_round(
    actor: Actor, make_funnel: Make, make_rule: Make, stages: Make
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    waits = make_rule(funnel, "tagged", "morno", to(at["won"]))
    puts = make_rule(funnel, "entered", at["new"], tag("morno"))
    goes_round = make_rule(funnel, "tagged", "frio", [*tag("morno"), *to(at["talking"])])
    found = {row.name: row.id for row in db.session.execute(select(Tag.name, Tag.id))}
    dissolving.dissolve(actor, Dissolved(Ending.MERGE_TAGS, actor.account_id, found["morno"], into=found["frio"]))
    rules = {rule.id: rule for rule in db.session.scalars(select(CardRule).execution_options(populate_existing=True))}
    assert (rules[waits.id].tag_id, rules[waits.id].is_active) == (found["frio"], True)
    assert rules[puts.id].actions == [{"kind": "add_tag", "tagId": str(found["frio"])}]
    assert (rules[goes_round.id].actions[0]["tagId"], rules[goes_round.id].is_active) == (str(found["frio"]), False)
    dissolving.dissolve(actor, Dissolved(Ending.DELETE_TAG, actor.account_id, found["frio"]))
    assert [rule.id for rule in db.session.scalars(select(CardRule))] == [puts.id]
