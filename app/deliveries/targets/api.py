"""The API of targets: /api/targets."""

from __future__ import annotations

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import write
from app.core.ids import to_uuid
from app.deliveries.targets import service
from app.deliveries.targets.schemas import CheckIn, CheckOut, LimitsOut, PauseIn, RatesIn, ResetFilter
from app.outbound.kinds import kinds

bp = resource_blueprint("api_targets", __name__, "/targets")


@bp.get("/<id>/limits")
@endpoint(summary="What holds a target back", permission="deliveries.view", answers={200: LimitsOut})
def limits(id: str) -> LimitsOut:
    """Of a pixel, webhook or connection, by its id."""
    return limits_of(id)


@bp.put("/<id>/limits")
@endpoint(
    summary="Set how often a target may be called",
    permission="targets.operate",
    body=RatesIn,
    answers={200: LimitsOut, 409: None},
)
def set_limits(id: str, body: RatesIn) -> LimitsOut:
    """All four windows at once. What they have counted stays: a lower limit may be used up already, and a higher one
    lets what waits go at once."""
    with write() as session:
        service.set_limits(session, current_actor(), to_uuid(id), body.to_rates())
    return limits_of(id)


@bp.post("/<id>/limits/check")
@endpoint(
    summary="Ask whether a target may be called now",
    permission="deliveries.view",
    body=CheckIn,
    answers={200: CheckOut, 429: None},
)
def check(id: str, body: CheckIn) -> CheckOut:
    """Counts nothing. 429 when `count` calls are more than a window still allows, with `remaining` and the `windows`;
    `Retry-After` is when the fullest of those ends."""
    return CheckOut.of(service.check(current().account_id, to_uuid(id), body.count))


@bp.post("/<id>/limits/reset")
@endpoint(
    summary="Reset breaker, throttle and counted calls",
    permission="targets.operate",
    query=ResetFilter,
    answers={200: LimitsOut, 409: None},
)
def reset(id: str, query: ResetFilter) -> LimitsOut:
    """The next call is made at once; a pause stays. With `window`, only that one is counted anew."""
    with write() as session:
        service.reset(session, current_actor(), to_uuid(id))
        service.reset_calls(session, current_actor(), to_uuid(id), query.window)
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
