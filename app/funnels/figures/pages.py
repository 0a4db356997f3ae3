"""The figures of a funnel: /funnels/<id>/figures."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("funnel_figures", __name__, url_prefix="/funnels")


@bp.get("/<id>/figures")
@requires("funnels.view")
def show(id: str) -> ResponseReturnValue:
    raise NotFound
