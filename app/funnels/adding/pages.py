"""Many contacts into a funnel: /funnels/<id>/add."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("funnel_adding", __name__, url_prefix="/funnels")


@bp.get("/<id>/add")
@requires("cards.edit")
def new(id: str) -> ResponseReturnValue:
    raise NotFound
