"""The rules of a funnel: /funnels/<id>/rules."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("card_rules", __name__, url_prefix="/funnels/<id>/rules")


@bp.get("")
@requires("funnels.view")
def index(id: str) -> ResponseReturnValue:
    raise NotFound
