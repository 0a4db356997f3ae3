"""Cards and heads of columns as the board's script takes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.core.i18n import number
from app.funnels.board import reading
from app.funnels.board.opening import Board
from app.funnels.board.showing import called, dashed
from app.funnels.models import Card


def cards_of(board: Board, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """`id`, `version`, `stage`, `after` (the card above it, None at the top) and `html` of rows of `reading.placed`."""
    return [
        {
            "id": dashed(row.id),
            "version": row.version,
            "stage": dashed(row.stage),
            "after": str(row.above) if row.above else None,
            "html": card.strip(),
        }
        for row, card in zip(rows, board.printer.cards([row[:-1] for row in rows]), strict=True)
    ]


def heads_of(session: Session, board: Board, stage_ids: Collection[UUID]) -> dict[str, str]:
    """stage -> its head, with the figures as they are now."""
    known = {stage.id for stage in board.stages} & set(stage_ids)
    columns = board.heads(session, known) if known else []
    return {
        str(column.stage.id): render_template("funnels/board/_head.html", column=column).strip() for column in columns
    }


def said(session: Session, board: Board, card: Card, *, is_shown: bool) -> str:
    """Where a card is now, for a screen reader and for a toast."""
    rows = session.execute(reading.alone(card)).all()
    name = called(*rows[0][-4:]) if rows else _("No name")
    stage = next((stage for stage in board.stages if stage.id == card.stage_id), None)
    total = reading.totals(session, board.scope, [card.stage_id])[card.stage_id].number
    words = {"name": name, "stage": stage.name if stage else ""}
    if not is_shown:
        return str(_("%(name)s: %(stage)s", **words))
    place = reading.position(session, board.scope, card.stage_id, card.rank)
    words |= {"position": number(place), "total": number(total)}
    return str(_("%(name)s: %(stage)s, %(position)s of %(total)s", **words))
