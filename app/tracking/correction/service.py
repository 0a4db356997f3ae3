"""Correcting an event: judged by the rules of intake, kept with the event, sent again in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock
from app.core.access import Actor
from app.core.db import to_json
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import created_at
from app.core.schema import to_invalid
from app.core.settings import Settings
from app.destinations import registry
from app.destinations.base import Destination
from app.outbound import repair
from app.outbound.models import Delivery, ErrorClass, Status, Target, TargetState
from app.tracking import matches
from app.tracking.log_paths import request_id
from app.tracking.models import TrackedEvent
from app.tracking.person import Browser, person
from app.tracking.quick import of_model
from app.tracking.schema import PERSONAL, EventBody
from app.tracking.stored_fields import stored_fields

NOT_SENT_YET = (Status.PENDING, Status.LEASED)
IDENTIFIES = {  # a person's field -> what the adapter makes of it
    "email": "em", "phone": "ph", "external_id": "external_id", "first_name": "fn", "last_name": "ln", "city": "ct",
    "state": "st", "zip": "zp", "country": "country", "gender": "ge", "date_of_birth": "db",
    "client_ip_address": "client_ip_address", "client_user_agent": "client_user_agent", "fbc": "fbc", "fbp": "fbp",
}  # fmt: skip
NOT_RECOGNISED = _l("No platform would recognise anybody by this: check it.")
FROM_CLICK = {"fbclid": "fbc", "ctwa_clid": "ctwa_clid"}


class Moved(Conflict):
    """Somebody corrected or replayed the event meanwhile; `current` is it as it is now."""


class Refused(Conflict):
    """The event is not, or no longer, one that can be corrected; `message` says why."""


@dataclass(frozen=True, slots=True)
class Correctable:
    """An event with its delivery, found fit to be corrected."""

    event: TrackedEvent
    delivery: Delivery

    @property
    def version(self) -> str:
        """Moves with every correction and replay."""
        edited = self.event.edited_at.isoformat() if self.event.edited_at is not None else ""
        return f"{self.delivery.generation}:{edited}"

    @property
    def waits(self) -> bool:
        return self.delivery.status in NOT_SENT_YET


def get(session: Session, account_id: UUID, event_id: UUID | None, *, lock: bool = False) -> Correctable:
    """Raises NotFound, also for another account's event, or Refused."""
    wanted = select(TrackedEvent, Delivery, Target.state).where(
        TrackedEvent.account_id == account_id,
        TrackedEvent.created_at == (created_at(event_id) if event_id is not None else None),
        TrackedEvent.id == event_id,
        Delivery.account_id == TrackedEvent.account_id,
        Delivery.id == TrackedEvent.id,
        Target.id == TrackedEvent.target_id,
    )
    if lock:
        wanted = wanted.with_for_update(of=(TrackedEvent, Delivery))
    row = session.execute(wanted).one_or_none() if event_id is not None else None
    if row is None:
        raise NotFound
    event, delivery, state = row
    if (reason := refusal(delivery, state)) is not None:
        raise Refused(reason)
    return Correctable(event, delivery)


def refusal(delivery: Delivery, target_state: str) -> Any:
    """Why an event cannot be corrected, or None."""
    if delivery.status == Status.DONE:
        return _l("The platform has this event already: it can no longer be corrected.")
    if delivery.error == ErrorClass.CONSENT:
        return _l("The person refused consent: this event is never sent.")
    if target_state == TargetState.DELETED:
        return _l("The pixel of this event was deleted: it cannot be sent again.")
    if delivery.status == Status.LEASED and delivery.next_at > clock.now():
        return _l("This event is being sent just now. Look again in a moment.")
    return None


def correct(
    session: Session, actor: Actor, event_id: UUID | None, given: Mapping[str, Any], *, version: str, settings: Settings
) -> bool:
    """Takes over what `given` has, by the names of CONTRACTS §4: a field that is not personal is replaced (None: taken
    out), one of a person only when it is there. Event id and time stay. True when the event was opened again; a waiting
    one goes with its next attempt. Raises NotFound, Refused, Moved or Invalid."""
    found = get(session, actor.account_id, event_id, lock=True)
    if version != found.version:
        raise Moved(_l("Somebody else corrected this event or sent it again meanwhile."), current=found)
    event = found.event
    body = _body(event, given)
    try:
        checked = EventBody.model_validate(body)
    except ValidationError as error:
        raise to_invalid(error, body) from None
    destination = registry.get(event.platform, settings)
    values = of_model(checked)
    identity = _identity(session, destination, event, values, given)
    fields = _plain(stored_fields(values, None, None))
    click_id = given["click_id"] if "click_id" in given else _click_of_meta(event, fields)
    if reason := destination.unusable(identity, click_id):
        raise Invalid({}, reason)
    _keep(session, actor, event, fields, identity, click_id, [name for name in given if name in PERSONAL])
    if found.waits:
        return False
    session.flush()
    return bool(repair.replay(session.connection(), actor.account_id, [found.delivery.id], clock.now()))


def _body(event: TrackedEvent, given: Mapping[str, Any]) -> dict[str, Any]:
    """The event as a client app would send it now: what nobody can edit stays as it is stored."""
    stored = {name: value for name, value in event.fields.items() if name not in given}
    wanted = {name: value for name, value in given.items() if value is not None}
    return {**stored, **wanted, "pixel_id": event.pixel_id, "event_name": event.event_name}


def _identity(
    session: Session, destination: Destination, event: TrackedEvent, values: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The stored identity with what the adapter makes of the person's new fields, and of a click that changed. The
    others are known only as hashes, so they are left alone. Raises Invalid for what the adapter makes nothing of."""
    clicks = {name for name in FROM_CLICK if values.get(name) != event.fields.get(name)}
    typed = [name for name in given if name in PERSONAL]
    absent = {name for name in (*PERSONAL, *FROM_CLICK) if name not in typed and name not in clicks}
    country_code = session.get_one(Account, event.account_id).country_code
    known = {name: value for name, value in values.items() if name not in absent}
    made = destination.identify(person(known, Browser(), country_code, event.event_time))
    wrong = {name: [NOT_RECOGNISED] for name in typed if IDENTIFIES[name] not in made}
    if wrong:
        raise Invalid(wrong)
    stale = {FROM_CLICK[name] for name in clicks}
    return {name: value for name, value in event.identity.items() if name not in stale} | made


def _click_of_meta(event: TrackedEvent, fields: Mapping[str, Any]) -> str | None:
    """Its fbclid; a click id that the client app gave beside it stays."""
    is_fbclid = event.click_id == event.fields.get("fbclid")
    return fields.get("fbclid") if is_fbclid else event.click_id


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As the column gives it back: amounts are text."""
    found: dict[str, Any] = json.loads(to_json(fields))
    return found


def _keep(
    session: Session,
    actor: Actor,
    event: TrackedEvent,
    fields: dict[str, Any],
    identity: dict[str, Any],
    click_id: str | None,
    personal: list[str],
) -> None:
    changes = audit.changed({**dict.fromkeys(fields), **event.fields, "click_id": event.click_id},
                            {**dict.fromkeys(event.fields), **fields, "click_id": click_id})  # fmt: skip
    if personal:
        changes["personal"] = [None, sorted(personal)]
    if not changes:
        return
    before = event.identity
    event.fields, event.identity, event.click_id = fields, identity, click_id
    value = fields.get("value")
    event.value, event.currency = None if value is None else Decimal(value), fields.get("currency")
    event.em_hash, event.ph_hash = _first(identity.get("em")), _first(identity.get("ph"))
    event.edited_at = clock.now()
    if event.platform in matches.IDENTIFYING:
        matches.recount(session.connection(), event.account_id, event.target_id, event.created_at, before, identity)
    subject = f"{event.event_name} {request_id(event.id)}"
    audit.record(session, actor, "event.corrected", subject_id=event.id, subject=subject, changes=changes)


def _first(hashes: Any) -> str | None:
    return hashes[0] if isinstance(hashes, list) and hashes else hashes or None
