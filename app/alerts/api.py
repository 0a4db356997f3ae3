"""The API of alerts: /api/alerts."""

from __future__ import annotations

from typing import Any

from app.alerts import service
from app.alerts.models import Alert
from app.alerts.rules import Rule
from app.alerts.schemas import AlertFilter, AlertOut, AlertRuleChange, AlertRuleOut, AlertRulesOut
from app.alerts.topics import known
from app.alerts.words import said
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.pagination import PageOf, paginate

bp = resource_blueprint("api_alerts", __name__, "/alerts")


@bp.get("")
@endpoint(
    summary="List what was alerted of", permission="alerts.view", query=AlertFilter, answers={200: PageOf[AlertOut]}
)
def index(query: AlertFilter) -> PageOf[AlertOut]:
    """What lasts first, then the latest; what is over is kept for 90 days."""
    found = service.search(current().account_id, None if query.state is None else query.state == "open")
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(to_wire)


def to_wire(alert: Alert) -> AlertOut:
    words = said(alert.kind, alert.subject, alert.facts, current().permissions.__contains__)
    columns = {name: getattr(alert, name) for name in AlertOut.model_fields if name not in ("title", "text", "url")}
    return AlertOut(**columns, title=words.title, text=words.text, url=words.url)


@bp.get("/rules")
@endpoint(summary="List the alert rules", permission="alerts.view", answers={200: AlertRulesOut})
def rules() -> AlertRulesOut:
    """One of each topic; what nobody changed has the product's defaults."""
    return AlertRulesOut(data=[AlertRuleOut.of(rule) for rule in service.rules(current().account_id)])


@bp.get("/rules/<topic>")
@endpoint(summary="Get an alert rule", permission="alerts.view", answers={200: AlertRuleOut})
def rule(topic: str) -> AlertRuleOut:
    return AlertRuleOut.of(service.rule_of(current().account_id, known(topic)))


@bp.put("/rules/<topic>")
@endpoint(
    summary="Change an alert rule",
    permission="alerts.edit",
    body=AlertRuleChange,
    answers={200: AlertRuleOut, 409: None},
)
def update(topic: str, body: AlertRuleChange) -> AlertRuleOut:
    """`userIds` are people of the account who can sign in."""
    wanted = known(topic)
    with presenting(Rule, AlertRuleOut.of), write():
        saved = service.save(current_actor(), wanted, given(body), version=body.version)
    return AlertRuleOut.of(saved)


def given(body: AlertRuleChange) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    values = body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
    return values if "userIds" not in values else values | {"userIds": [str(id) for id in values["userIds"] or ()]}
