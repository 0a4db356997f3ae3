"""The API of targets: /api/targets."""

from __future__ import annotations

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import write
from app.core.ids import to_uuid
from app.deliveries.targets import service
from app.deliveries.targets.schemas import LimitsOut, PauseIn
from app.outbound.kinds import kinds

bp = resource_blueprint("api_targets", __name__, "/targets")


@bp.get("/<id>/limits")
@endpoint(summary="What holds a target back", permission="deliveries.view", answers={200: LimitsOut})
def limits(id: str) -> LimitsOut:
    """Of a pixel, webhook or connection, by its id."""
    return limits_of(id)


@bp.post("/<id>/limits/reset")
@endpoint(summary="Reset breaker and throttle", permission="targets.operate", answers={200: LimitsOut, 409: None})
def reset(id: str) -> LimitsOut:
    """The next call is made at once; a pause stays."""
    with write() as session:
        service.reset(session, current_actor(), to_uuid(id))
    return limits_of(id)


@bp.post("/<id>/pause")
@endpoint(summary="Pause a target", permission="targets.operate", body=PauseIn, answers={200: LimitsOut, 409: None})
def pause(id: str, body: PauseIn) -> LimitsOut:
    """Its deliveries wait until somebody resumes it."""
    with write() as session:
        service.pause(session, current_actor(), to_uuid(id), body.reason)
    return limits_of(id)


@bp.post("/<id>/resume")
@endpoint(summary="Resume a target", permission="targets.operate", answers={200: LimitsOut, 409: None})
def resume(id: str) -> LimitsOut:
    """Ends a pause, whatever its cause."""
    with write() as session:
        service.resume(session, current_actor(), to_uuid(id))
    return limits_of(id)


def limits_of(id: str) -> LimitsOut:
    return LimitsOut.of(service.limits(current().account_id, to_uuid(id), kinds()))
