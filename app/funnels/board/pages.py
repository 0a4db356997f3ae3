"""The board: /funnels/<id>."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("board", __name__, url_prefix="/funnels")


@bp.get("/<id>")
@requires("funnels.view")
def show(id: str) -> ResponseReturnValue:
    raise NotFound
