"""The verbs on pixels, shared by pages, API and import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients.pixel_choices import PixelChoice
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.folding import fold
from app.core.ids import uuid7
from app.core.pagination import Column, order_by
from app.core.runtime import runtime
from app.core.vault import VaultError, last_four
from app.destinations import registry
from app.outbound import targets
from app.outbound.models import Target, TargetState
from app.pixels.models import TOKEN_PLACE, Pixel
from app.pixels.rules import check, known_platform

KIND = "conversion"  # of the deliveries that a pixel's target receives
MAX_SEARCH = 100
AUTH = "auth"  # the reason_code of a pause that a new token ends
SORTS: dict[str, Column] = {
    "createdAt": Pixel.created_at,
    "updatedAt": Pixel.updated_at,
    "pixelId": Pixel.pixel_id,
    "platform": Pixel.platform,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """How many pixels a platform has, and how many of them take events, wait for a person, or are switched off."""

    total: int = 0
    sending: int = 0
    paused: int = 0
    inactive: int = 0


def search(
    account_id: UUID,
    *,
    platform: str | None = None,
    text: str = "",
    active: bool | None = None,
    sort: str | None = None,
) -> Select[Pixel]:
    """The account's pixels as a query for a page of it. Raises Invalid for an unknown platform or order."""
    found = select(Pixel).where(Pixel.account_id == account_id)
    if platform:
        found = found.where(Pixel.platform == known_platform(platform))
    if active is not None:
        found = found.where(Pixel.active.is_(active))
    if folded := fold(text.strip())[:MAX_SEARCH].replace("\x00", ""):
        found = found.where(Pixel.folded.contains(folded, autoescape=True))
    return found.order_by(*order_by(sort, SORTS, "-createdAt", Pixel.id))


def figures(account_id: UUID) -> dict[str, Figures]:
    """Figures of every platform, those without a pixel too."""
    paused = Target.state == TargetState.PAUSED
    state = case((Pixel.active.is_(False), "inactive"), (paused, "paused"), else_="sending")
    counted = (
        select(Pixel.platform, state, func.count())
        .outerjoin(Target, Target.id == Pixel.id)
        .where(Pixel.account_id == account_id)
        .group_by(Pixel.platform, state)
    )
    found: dict[str, dict[str, int]] = {key: {} for key in registry.KEYS}
    for platform, name, number in db.session.execute(counted):
        found.setdefault(platform, {})[name] = number
    return {platform: Figures(total=sum(numbers.values()), **numbers) for platform, numbers in found.items()}


def custom_events(account_id: UUID) -> list[str]:
    """The event names that the account's pixels take beyond the platforms' own."""
    stored = db.session.scalars(select(Pixel.settings).where(Pixel.account_id == account_id))
    return sorted({name for settings in stored for name in settings.get("customEvents", [])})


def choices(session: Session, account_id: UUID) -> list[PixelChoice]:
    """The pixels that an API client may be limited to."""
    found = session.scalars(
        select(Pixel).where(Pixel.account_id == account_id).order_by(Pixel.platform, Pixel.pixel_id)
    )
    return [PixelChoice(str(pixel.id), pixel.platform, pixel.pixel_id, label(pixel)) for pixel in found]


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Pixel:
    """The pixel, for a change with its row locked. Raises NotFound, also for another account's."""
    wanted = select(Pixel).where(Pixel.account_id == account_id, Pixel.id == id)
    if lock:
        wanted = wanted.with_for_update(of=Pixel)
    pixel = db.session.scalar(wanted) if id is not None else None
    if pixel is None:
        raise NotFound
    return pixel


def find(account_id: UUID, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Pixel]:
    """Pixels by (platform, id at the platform), those that exist."""
    ids = {pixel_id for _platform, pixel_id in keys}
    found = db.session.scalars(select(Pixel).where(Pixel.account_id == account_id, Pixel.pixel_id.in_(ids)))
    return {(pixel.platform, pixel.pixel_id): pixel for pixel in found if (pixel.platform, pixel.pixel_id) in keys}


def create(actor: Actor, values: dict[str, Any]) -> Pixel:
    """A new pixel with its target. `values` as in `check`, and `active`. Raises Invalid, or Conflict when the account
    has this pixel already."""
    clean = check({"pixelId": "", "accessToken": "", **values})
    now, id = clock.now(), uuid7()
    pixel = Pixel(
        id=id,
        account_id=actor.account_id,
        platform=clean["platform"],
        pixel_id=clean["pixelId"],
        description=clean.get("description") or None,
        settings=clean.get("settings", {}),
        active=values.get("active") is not False,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    _seal(pixel, clean["accessToken"])
    _refold(pixel)
    session = db.session()
    try:
        with session.begin_nested():
            session.add(pixel)
    except IntegrityError:
        raise already_there(pixel.pixel_id) from None
    connection = session.connection()
    targets.create(connection, id=id, account_id=actor.account_id, kind=KIND, label=label(pixel))
    config_version.bump(connection)
    first = {"platform": pixel.platform, "pixelId": pixel.pixel_id, "description": pixel.description}
    _record(actor, "pixel.created", pixel, {name: [None, value] for name, value in first.items()})
    return pixel


def already_there(pixel_id: str) -> Conflict:
    return Conflict(_l("This account already has the pixel %(pixel_id)s on this platform.", pixel_id=pixel_id))


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Pixel:
    """Changes what `values` gives of `description`, `settings`, `active` and `accessToken`; a new token resumes a pixel
    that the platform's refusal had paused. Platform and pixel id stay: events and deliveries carry them. Raises
    NotFound, Invalid, or Conflict with the current pixel when `version` is not the stored one."""
    pixel = get(actor.account_id, id, lock=True)
    if version is not None and version != pixel.version:
        raise Conflict(current=pixel)
    _refuse_moves(pixel, values)
    clean = check({**values, "platform": pixel.platform, "pixelId": pixel.pixel_id})
    changes = _apply(pixel, clean | {name: values[name] for name in ("active",) if values.get(name) is not None})
    if not changes:
        return pixel
    pixel.updated_at = clock.now()
    pixel.version += 1
    _refold(pixel)
    connection = db.session.connection()
    targets.relabel(connection, pixel.id, label(pixel))
    if "accessToken" in changes:
        targets.resume(connection, pixel.id, AUTH)
    config_version.bump(connection)
    _record(actor, "pixel.updated", pixel, changes)
    return pixel


def _refuse_moves(pixel: Pixel, values: dict[str, Any]) -> None:
    message = _l("Cannot be changed: delete this pixel and create another.")
    fixed = {"platform": pixel.platform, "pixelId": pixel.pixel_id}
    given = {**values, "platform": registry.canonical(str(values.get("platform", pixel.platform)))}
    wrong = {name: [message] for name, now in fixed.items() if given.get(name, now) != now}
    if wrong:
        raise Invalid(wrong)


def _apply(pixel: Pixel, clean: dict[str, Any]) -> audit.Changes:
    """Sets what differs; answers field -> [before, after]. A token always counts as new, shown by its last four."""
    changes: audit.Changes = {}
    for name in ("description", "settings", "active"):
        if name not in clean:
            continue
        before, after = getattr(pixel, name), clean[name] or None if name == "description" else clean[name]
        if before != after:
            changes[name] = [before, after]
            setattr(pixel, name, after)
    if "accessToken" in clean:
        before = pixel.token_last4
        _seal(pixel, clean["accessToken"])
        changes["accessToken"] = [f"…{before}", f"…{pixel.token_last4}"]
    return changes


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> None:
    """Removes the pixel with its token. Its events stay; what is still due is cancelled by the engine."""
    pixel = get(actor.account_id, id, lock=True)
    if version is not None and version != pixel.version:
        raise Conflict(current=pixel)
    session = db.session()
    _record(actor, "pixel.deleted", pixel, None)
    session.delete(pixel)
    session.flush()
    targets.delete(session.connection(), pixel.id)
    config_version.bump(session.connection())


def _record(actor: Actor, action: str, pixel: Pixel, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=pixel.id, subject=label(pixel), changes=changes)


def due_count(pixel: Pixel) -> int:
    """Deliveries that a deletion would cancel."""
    return targets.due_count(db.session.connection(), pixel.id)


def label(pixel: Pixel) -> str:
    """How deliveries and dead letters name the pixel: "Meta 123456 (Loja)"."""
    name = f"{registry.labels()[pixel.platform]} {pixel.pixel_id}"
    return f"{name} ({pixel.description})" if pixel.description else name


def token_of(pixel: Pixel) -> str | None:
    """The access token; None when ENCRYPTION_KEYS do not read it any more and it has to be entered again."""
    try:
        return runtime().vault.open(TOKEN_PLACE, pixel.id, pixel.sealed_token)
    except VaultError:
        return None


def _seal(pixel: Pixel, token: str) -> None:
    pixel.sealed_token = runtime().vault.seal(TOKEN_PLACE, pixel.id, token)
    pixel.token_last4 = last_four(token)


def _refold(pixel: Pixel) -> None:
    pixel.folded = fold(f"{pixel.pixel_id} {pixel.description or ''}")[:600]
