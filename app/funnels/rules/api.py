"""The API of a funnel's rules: /api/funnels/<id>/rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.core.schema import Schema
from app.funnels.models import CardRule, RuleRun
from app.funnels.rules import reading, service
from app.funnels.rules.schemas import RuleChange, RuleFilter, RuleIn, RuleOut, RuleRemoval, RunFilter, RunOut
from app.funnels.structure import reading as funnels

bp = resource_blueprint("api_card_rules", __name__, "/funnels")


@bp.get("/<id>/rules")
@endpoint(
    summary="List the rules of a funnel", permission="funnels.view", query=RuleFilter, answers={200: PageOf[RuleOut]}
)
def index(id: str, query: RuleFilter) -> PageOf[RuleOut]:
    own = current().account_id
    funnel = funnels.get(own, to_uuid(id))
    mine = select(CardRule).where(CardRule.account_id == own, CardRule.funnel_id == funnel.id)
    found = paginate(db.session(), mine.order_by(CardRule.position, CardRule.id), page=query.page, limit=query.limit)
    names = reading.names_of(db.session(), own, found.rows)
    return found.answer(lambda rule: RuleOut.of(rule, reading.needs_attention(rule, names)))


@bp.post("/<id>/rules")
@endpoint(summary="Create a rule", permission="funnels.edit", body=RuleIn, answers={201: RuleOut, 409: None})
def create(id: str, body: RuleIn) -> RuleOut:
    """A rule that would go round in circles with others, also of other funnels, is refused. The events of deals that it
    changes carry its id as `ruleId`."""
    with write():
        rule = service.create(current_actor(), to_uuid(id), given(body))
    return out(rule)


@bp.get("/<id>/rules/<rule_id>")
@endpoint(summary="Get a rule", permission="funnels.view", answers={200: RuleOut})
def show(id: str, rule_id: str) -> RuleOut:
    return out(wanted(id, rule_id))


@bp.put("/<id>/rules/<rule_id>")
@endpoint(summary="Change a rule", permission="funnels.edit", body=RuleChange, answers={200: RuleOut, 409: None})
def update(id: str, rule_id: str, body: RuleChange) -> RuleOut:
    with presenting(CardRule, out), write():
        rule = service.update(current_actor(), to_uuid(id), to_uuid(rule_id), given(body), version=body.version)
    return out(rule)


@bp.delete("/<id>/rules/<rule_id>")
@endpoint(summary="Delete a rule", permission="funnels.edit", query=RuleRemoval, answers={204: None, 409: None})
def delete(id: str, rule_id: str, query: RuleRemoval) -> None:
    """What it did stays in the history."""
    with presenting(CardRule, out), write():
        service.delete(current_actor(), to_uuid(id), to_uuid(rule_id), version=query.version)


@bp.get("/<id>/rules/<rule_id>/runs")
@endpoint(summary="List what a rule did", permission="funnels.view", query=RunFilter, answers={200: PageOf[RunOut]})
def runs(id: str, rule_id: str, query: RunFilter) -> PageOf[RunOut]:
    rule = wanted(id, rule_id)
    mine = select(RuleRun).where(RuleRun.account_id == rule.account_id, RuleRun.rule_id == rule.id)
    latest = mine.order_by(RuleRun.at.desc(), RuleRun.id.desc())
    return paginate(db.session(), latest, page=query.page, limit=query.limit).answer(RunOut.of)


def wanted(id: str, rule_id: str) -> CardRule:
    own = current().account_id
    return reading.get(own, funnels.get(own, to_uuid(id)).id, to_uuid(rule_id))


def out(rule: CardRule) -> RuleOut:
    names = reading.names_of(db.session(), rule.account_id, [rule])
    return RuleOut.of(rule, reading.needs_attention(rule, names))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
