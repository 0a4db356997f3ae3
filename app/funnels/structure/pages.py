"""The pages of funnels: /funnels."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.core.access import requires
from app.core.errors import NotFound

bp = Blueprint("funnels", __name__, url_prefix="/funnels")


@bp.get("")
@requires("funnels.view")
def index() -> ResponseReturnValue:
    raise NotFound


@bp.get("/new")
@requires("funnels.edit")
def new() -> ResponseReturnValue:
    raise NotFound


@bp.get("/<id>/edit")
@requires("funnels.edit")
def edit(id: str) -> ResponseReturnValue:
    raise NotFound
