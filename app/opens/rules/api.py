"""The API of own rules: /api/open-rules."""

from __future__ import annotations

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import write
from app.core.ids import to_uuid
from app.opens.rules import built_in, service
from app.opens.rules.schemas import RuleIn, RuleOut, RulesOut

bp = resource_blueprint("api_open_rules", __name__, "/open-rules")


@bp.get("")
@endpoint(summary="List the account's own rules of opens", permission="opens.view", answers={200: RulesOut})
def index() -> RulesOut:
    """They are asked before the built-in rules, networks first."""
    settings = service.settings_of(current().account_id)
    version = f"{built_in.BUILT_IN}.{settings.rules_version if settings is not None else 0}"
    return RulesOut(data=[RuleOut.of(rule) for rule in service.rules(current().account_id)], version=version)


@bp.post("")
@endpoint(summary="Add a rule of opens", permission="opens.edit", body=RuleIn, answers={201: RuleOut, 409: None})
def create(body: RuleIn) -> RuleOut:
    """Holds for what is recorded from now on; history is judged anew on the page of the rules. 409 when there is such
    a rule, or 200 of them."""
    with write():
        rule = service.create(
            current_actor(), kind=body.kind, pattern=body.pattern, open_class=body.open_class, note=body.note
        )
    return RuleOut.of(rule)


@bp.delete("/<id>")
@endpoint(summary="Delete a rule of opens", permission="opens.edit", answers={204: None})
def delete(id: str) -> None:
    with write():
        service.delete(current_actor(), to_uuid(id))
