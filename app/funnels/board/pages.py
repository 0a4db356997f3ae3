"""The board: /funnels/<id>, its columns page by page, and which of them are narrow."""

from __future__ import annotations

from datetime import UTC
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.contacts.models import Tag
from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Malformed, NotFound
from app.core.htmx import go, is_htmx, page
from app.core.ids import to_uuid
from app.core.masking import masks_people
from app.funnels.board import collapsing, filters, words
from app.funnels.board.opening import Board, opened
from app.funnels.models import Funnel
from app.funnels.structure import reading as structure

bp = Blueprint("board", __name__, url_prefix="/funnels")
MAX_RANK = 255
MAX_SUGGESTED = 200


class Paths(NamedTuple):
    """Of the page and what it asks for, each with the filters of the page."""

    board: str
    changes: str
    move: str
    undo: str
    columns: str
    new: str


def open_board(funnel: Funnel) -> Board:
    """With the filters of this request."""
    zone = ZoneInfo(g.timezone) if g.get("timezone") else UTC
    given = filters.from_url(request.args, current_actor().user_id)
    path = url_for("board.show", id=funnel.id)
    return opened(db.session(), current_actor(), funnel, given, zone, path, can_edit=has_permission("cards.edit"))


def paths_of(board: Board, *, is_empty: bool) -> Paths:
    path, query = board.path, board.scope.filters.query
    mark = f"{query}{'&' if query else '?'}shape={board.shape}{'&empty=1' if is_empty else ''}"
    return Paths(
        path,
        f"{path}/changes{mark}",
        f"{path}/cards/{{card}}/move{query}",
        f"{path}/undo/{{change}}{query}",
        f"{path}/columns{query}",
        f"{path}/cards/new",
    )


@bp.get("/<id>")
@requires("funnels.view")
def show(id: str) -> ResponseReturnValue:
    session = db.session()
    board = open_board(structure.get(account_id(), to_uuid(id)))
    columns = board.columns(session, board.stages)
    is_empty = all(column.number == "0" for column in columns)
    return page(
        "funnels/board/show.html",
        fragment="funnels/board/_board.html",
        **drawn(board),
        columns=columns,
        stages=board.stages,
        filters=board.scope.filters,
        revision=board.funnel.revision,
        paths=paths_of(board, is_empty=is_empty),
        is_empty=is_empty,
        owners=list(board.owners),
        tags=[] if is_htmx() else known_tags(),
        words=words.for_script(),
        masked=masks_people(),
    )


def drawn(board: Board) -> dict[str, Any]:
    """What the templates of columns and cards need besides those."""
    return {"funnel": board.funnel, "can_edit": board.printer.can_edit}


def known_tags() -> list[str]:
    mine = select(Tag.name).where(Tag.account_id == account_id()).order_by(Tag.folded_name).limit(MAX_SUGGESTED)
    return list(db.session.scalars(mine))


@bp.get("/<id>/stages/<stage>/cards")
@requires("funnels.view")
def cards(id: str, stage: str) -> ResponseReturnValue:
    """The next cards of a column, behind the rank in `after`."""
    after = request.args.get("after", "")
    if len(after) > MAX_RANK or not after.isascii() or not after.isprintable():
        raise Malformed
    found = structure.get_stage(account_id(), to_uuid(id), to_uuid(stage))
    board = open_board(structure.get(account_id(), found.funnel_id))
    column = board.next_page(db.session(), found, after)
    return page(
        "funnels/board/column.html",
        fragment="funnels/board/_page.html",
        **drawn(board),
        column=column,
        paths=paths_of(board, is_empty=False),
    )


@bp.post("/<id>/columns")
@requires("funnels.view")
def columns(id: str) -> ResponseReturnValue:
    """Makes a column narrow (`collapse`: its stage) or wide again (`expand`), for this person."""
    funnel = structure.get(account_id(), to_uuid(id))
    asked = request.form.get("collapse") or request.form.get("expand")
    stage = structure.get_stage(account_id(), funnel.id, to_uuid(asked))
    funnel_id, stage_id, user_id = funnel.id, stage.id, current_actor().user_id
    if user_id is None:
        raise NotFound
    with write() as store:
        kept = collapsing.collapsed(store, user_id, funnel_id)
        there = {one.id for one in structure.stages_of(store, funnel_id)}
        chosen = kept | {stage_id} if request.form.get("collapse") else kept - {stage_id}
        collapsing.keep(store, user_id, funnel_id, chosen & there)
    board = open_board(structure.get(account_id(), funnel_id))
    if not is_htmx():
        return go(board.path + board.scope.filters.query)
    (column,) = board.columns(db.session(), [one for one in board.stages if one.id == stage_id])
    response = page("", fragment="funnels/board/_column.html", **drawn(board), column=column)
    response.headers["HX-Retarget"] = f"#stage-{stage_id}"
    return response
