"""Moves on the board, their undoing, and what others changed: JSON for its script, a redirect for a plain form."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID

from flask import jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import (
    AppError,
    Conflict,
    Invalid,
    Malformed,
    NotFound,
    Unauthorized,
    as_app_error,
    headers_of,
    localized,
)
from app.core.htmx import go, notify, safe_next, typed_version
from app.core.ids import to_uuid
from app.funnels.board import changes, reading
from app.funnels.board.live.answers import cards_of, heads_of, said
from app.funnels.board.pages import bp, open_board
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange
from app.funnels.structure import reading as structure

P = ParamSpec("P")
FIELDS = {"stageId": "stage"}  # the service's name -> the form's


def wants_json() -> bool:
    return "application/json" in request.headers.get("Accept", "")


def as_json(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Refusals as JSON, where that was asked for; the way to the sign-in page, which a script cannot go, is a 401."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not wants_json():
            return view(*args, **kwargs)
        try:
            response = make_response(view(*args, **kwargs))
            return refusal(Unauthorized()) if response.status_code in (303, 401) else response
        except Exception as error:
            return refusal(as_app_error(error))

    return answered


def refusal(error: AppError, **more: Any) -> ResponseReturnValue:
    fields = {FIELDS.get(name, name): [localized(text) for text in texts] for name, texts in error.fields.items()}
    body = {"error": localized(error.message), **({"fields": fields} if fields else {}), **more}
    return jsonify(body), error.status, headers_of(error)


@bp.get("/<id>/changes")
@as_json
@requires("funnels.view")
def changed(id: str) -> ResponseReturnValue:
    """What became of the cards since the revision in `since`: 204 for nothing."""
    funnel = structure.get(account_id(), to_uuid(id))
    since = request.args.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) < 19):
        raise Malformed
    session, board = db.session(), open_board(funnel)
    revision = board.funnel.revision
    if request.args.get("shape") != board.shape:
        return jsonify(reload=True)
    if int(since) == revision:
        return "", 204
    found = changes.since(session, board.funnel, int(since))
    if found is None:
        return jsonify(reload=True)
    rows = reading.placed(session, board.scope, found.card_ids, board.wide)
    if rows and request.args.get("empty"):  # the words about that have to go
        return jsonify(reload=True)
    return jsonify(
        revision=revision,
        cards=cards_of(board, rows),
        gone=[str(one) for one in found.card_ids - {UUID(row.id) for row in rows}],
        heads=heads_of(session, board, found.stage_ids),
    )


@bp.post("/<id>/cards/<card>/move")
@as_json
@requires("cards.edit")
def move(id: str, card: str) -> ResponseReturnValue:
    """Form: `stage`, `after` and `before` (the cards above and below it there; `after=last`: below all), `reason` (of
    losing), `version`."""
    form = request.form
    given, version = form.get("version", ""), typed_version(form.get("version"))
    if given and version is None:
        raise Malformed
    found = service.get(account_id(), to_uuid(card))
    if found.funnel_id != to_uuid(id):
        raise NotFound
    stage_id, after = to_uuid(form.get("stage")) or UUID(int=0), form.get("after")
    above = reading.lowest(db.session(), found.account_id, stage_id) if after == "last" else to_uuid(after)
    place = Place(stage_id, above, to_uuid(form.get("before")))
    card_id, reason = found.id, form.get("reason")

    def verb(doer: Doer) -> tuple[Card, CardChange]:
        return moving.move(doer, card_id, place, reason=reason, version=version)

    return _carried_out(id, card_id, verb)


@bp.post("/<id>/undo/<change>")
@as_json
@requires("cards.edit")
def undo(id: str, change: str) -> ResponseReturnValue:
    """Takes a move back while it is the latest change of its card."""
    columns = CardChange.id, CardChange.card_id
    mine = select(*columns).where(CardChange.account_id == account_id(), CardChange.funnel_id == to_uuid(id))
    found = db.session.execute(mine.where(CardChange.id == to_uuid(change))).one_or_none()
    if found is None:
        raise NotFound
    return _carried_out(id, found.card_id, lambda doer: moving.undo(doer, found.id))


def _carried_out(id: str, card_id: UUID, verb: Callable[[Doer], tuple[Card, CardChange]]) -> ResponseReturnValue:
    """A move, and its answer; a refusal tells where the card is, so that the script can put it there."""
    doer = Doer(current_actor())
    try:
        with write():
            card, change = verb(doer)
            touched = {change.from_stage_id or change.to_stage_id, change.to_stage_id, card.stage_id}  # a rule moved on
            news = {"revision": change.revision, "change": str(change.id)}
    except (Conflict, Invalid) as error:
        if wants_json():
            return refusal(error, card=_now(id, card_id)[0])
        notify(localized(error.message), "danger")
        return _back(id)
    shown, spoken, heads = _now(id, card_id, touched)
    if not wants_json():
        notify(spoken)
        return _back(id)
    return jsonify(**news, card=shown, said=spoken, heads=heads, gone=[] if shown else [str(card_id)])


def _now(id: str, card_id: UUID, touched: Collection[UUID] = ()) -> tuple[dict[str, Any] | None, str, dict[str, str]]:
    """The card as the board shows it now (None: it does not), the words for where it is, and heads of columns."""
    session = db.session()
    board = open_board(structure.get(account_id(), to_uuid(id)))
    rows = reading.placed(session, board.scope, [card_id], board.wide)
    (shown,) = cards_of(board, rows) or (None,)
    card = session.get(Card, card_id)
    spoken = said(session, board, card, is_shown=shown is not None) if card else ""
    return shown, spoken, heads_of(session, board, touched)


def _back(id: str) -> ResponseReturnValue:
    board = open_board(structure.get(account_id(), to_uuid(id)))
    return go(safe_next(request.form.get("next"), board.path + board.scope.filters.query))
