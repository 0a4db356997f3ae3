"""The API of pixels: /api/pixels."""

from __future__ import annotations

from typing import Any

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.core.ratelimit import limiter
from app.core.schema import Schema
from app.pixels import service, trial
from app.pixels.models import Pixel
from app.pixels.schemas import PixelChange, PixelFilter, PixelIn, PixelOut, Removal, TrialIn, TrialOut

bp = resource_blueprint("api_pixels", __name__, "/pixels")


@bp.get("")
@endpoint(summary="List pixels", permission="pixels.view", query=PixelFilter, answers={200: PageOf[PixelOut]})
def index(query: PixelFilter) -> PageOf[PixelOut]:
    """Sorts by createdAt, updatedAt, pixelId, platform; `q` finds parts of the pixel id and the description."""
    found = service.search(
        current().account_id,
        platform=query.platform,
        text=query.q or "",
        active=None if query.active is None else query.active == "true",
        sort=query.sort,
    )
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(PixelOut.of)


@bp.post("")
@endpoint(summary="Create a pixel", permission="pixels.edit", body=PixelIn, answers={201: PixelOut, 409: None})
def create(body: PixelIn) -> PixelOut:
    with write():
        pixel = service.create(current_actor(), given(body))
    return PixelOut.of(pixel)


@bp.get("/<id>")
@endpoint(summary="Get a pixel", permission="pixels.view", answers={200: PixelOut})
def show(id: str) -> PixelOut:
    return PixelOut.of(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(summary="Change a pixel", permission="pixels.edit", body=PixelChange, answers={200: PixelOut, 409: None})
def update(id: str, body: PixelChange) -> PixelOut:
    """A new accessToken resumes a pixel that its platform's refusal had paused."""
    with presenting(Pixel, PixelOut.of), write():
        pixel = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return PixelOut.of(pixel)


@bp.delete("/<id>")
@endpoint(summary="Delete a pixel", permission="pixels.edit", query=Removal, answers={204: None, 409: None})
def delete(id: str, query: Removal) -> None:
    """Cancels the deliveries still due; its events stay."""
    with presenting(Pixel, PixelOut.of), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


@bp.post("/<id>/test")
@endpoint(summary="Send a test event", permission="events.test", body=TrialIn, answers={200: TrialOut, 429: None})
def test(id: str, body: TrialIn) -> TrialOut:
    """Sends a made-up purchase to the platform at once and waits for its answer; works while the pixel is paused. What
    the platform does wrong is an outcome, not an error. At most 10 a minute for an account, and within the pixel's own
    limits (`/api/targets/{id}/limits`)."""
    pixel = service.get(current().account_id, to_uuid(id))
    wanted = trial.prepare(pixel, given(body))
    trial.count(limiter(), pixel.account_id)
    with write() as session:
        trial.take_call(session, wanted.pixel_id)
    actor = current_actor()
    db.session.rollback()  # a platform that takes its time must hold no transaction open
    report = trial.send(wanted)
    with write() as session:
        trial.record(session, actor, wanted, report)
    return TrialOut.model_validate(report)


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
