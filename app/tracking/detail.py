"""One event with everything that was tried, and what is still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.models import ApiClient
from app.core import ids
from app.core.errors import NotFound
from app.outbound import attempts
from app.outbound.models import Attempt, Delivery, ErrorClass, Status, Target, TargetState
from app.outbound.policy import Policy
from app.pixels.models import Pixel
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus, event_status

SHOWN_STEPS = 2  # of the retry plan, after the next
SHOWN_APART = timedelta(minutes=1)  # the first retries follow within seconds


@dataclass(frozen=True, slots=True)
class Detail:
    """One event; `attempts` newest first, over all replays."""

    event: TrackedEvent
    status: str
    delivery: Delivery | None
    target: Target | None
    pixel: Pixel | None
    client: ApiClient | None
    attempts: list[Attempt]

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a replay would take it: it gave up or was cancelled, not for consent, and its pixel exists."""
        delivery, target = self.delivery, self.target
        if delivery is None or target is None or target.state == TargetState.DELETED:
            return False
        return delivery.status in (Status.DEAD, Status.CANCELLED) and delivery.error != ErrorClass.CONSENT

    @property
    def waits(self) -> bool:
        return self.status in (EventStatus.PENDING, EventStatus.PAUSED)

    @property
    def may_be_cancelled(self) -> bool:
        return self.waits or self.status == EventStatus.FAILED

    @property
    def may_be_corrected(self) -> bool:
        return self.may_be_sent_again or self.waits

    @property
    def changed_since(self) -> list[str]:
        """What is not as the last attempt sent it: "event", "pixel"."""
        if not self.attempts:
            return []
        last = self.attempts[0].started_at
        changes = {
            "event": self.event.edited_at,
            "pixel": self.pixel.updated_at if self.pixel is not None else None,
        }
        return [name for name, at in changes.items() if at is not None and at > last]


def get(session: Session, account_id: UUID, event_id: UUID | None) -> Detail:
    """One event by its id, which carries the partition it is in. Raises NotFound, also for another account's."""
    event = None
    if event_id is not None:
        event = session.get(TrackedEvent, (account_id, ids.created_at(event_id), event_id))
    if event is None:
        raise NotFound
    delivery = session.get(Delivery, (account_id, event.id))  # one event, one delivery, one id
    target = session.get(Target, event.target_id)
    return Detail(
        event=event,
        status=event_status(delivery.status if delivery else None, target.state if target else None),
        delivery=delivery,
        target=target,
        pixel=session.get(Pixel, event.target_id),
        client=session.get(ApiClient, event.client_id),
        attempts=attempts.newest(session, account_id, [delivery.id], delivery.created_at) if delivery else [],
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """When it will be tried: `next_at` first, then about `later`, until `until`."""

    next_at: datetime
    later: list[datetime]
    until: datetime | None


def plan(found: Detail, policy: Policy, now: datetime) -> Plan | None:
    """What follows by itself, if each attempt fails; None when nothing does, or for what is paused."""
    delivery, target = found.delivery, found.target
    if delivery is None or found.status != EventStatus.PENDING:
        return None
    held = (target.not_before, target.breaker_until, target.limited_until) if target else ()
    next_at = max(filter(None, (delivery.next_at, *held, now)))
    shown, at, until = [next_at], next_at, delivery.expires_at
    for number in range(delivery.attempts + 1, policy.max_attempts):
        at += timedelta(seconds=policy.wait_s(number))
        if len(shown) > SHOWN_STEPS or (until is not None and at >= until):
            break
        if at - shown[-1] >= SHOWN_APART:
            shown.append(at)
    return Plan(next_at, shown[1:], until)
