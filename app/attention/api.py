"""The API of what needs a person: /api/attention."""

from __future__ import annotations

from app.attention import service
from app.attention.models import Finding
from app.attention.present import look_again, present
from app.attention.schemas import FindingFilter, FindingOut
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db
from app.core.pagination import PageOf, paginate

bp = resource_blueprint("api_attention", __name__, "/attention")


@bp.get("")
@endpoint(
    summary="List what needs a person",
    permission="attention.view",
    query=FindingFilter,
    answers={200: PageOf[FindingOut]},
)
def index(query: FindingFilter) -> PageOf[FindingOut]:
    """What is open, the worst first; or what was resolved in the last 90 days, the latest first."""
    look_again()
    chosen = service.open_ones if query.state == "open" else service.resolved_ones
    found = chosen(current().account_id)
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(to_wire)


def to_wire(finding: Finding) -> FindingOut:
    shown = present(finding, may=current().permissions.__contains__)
    stored = {
        name: getattr(finding, name) for name in ("id", "kind", "severity", "subject", "raised_at", "resolved_at")
    }
    words = {name: getattr(shown.words, name) for name in ("title", "text", "advice")}
    return FindingOut(**stored, **words, next_step=shown.url)
