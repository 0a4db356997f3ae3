"""The panel of a card: /funnels/<id>/cards/<card>."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("cards", __name__, url_prefix="/funnels")


@bp.get("/<id>/cards/<card>")
@requires("funnels.view")
def show(id: str, card: str) -> ResponseReturnValue:
    raise NotFound
