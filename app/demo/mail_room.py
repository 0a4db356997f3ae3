"""What is there before mails go out: images, keys and rules of the company's own; and its mailings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core.access import Actor
from app.core.db import write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.demo.cast import DemoAccount, Told
from app.demo.letters import Sent
from app.demo.month import DAYS
from app.demo.pictures import DRAWN
from app.demo.readers import LINK_GUARD, OFFICE
from app.opens.images import service as images
from app.opens.images.models import Image
from app.opens.images.picture import read_picture
from app.opens.mailings import service as mailings
from app.opens.mailings.models import Mailing
from app.opens.models import OpenClass
from app.opens.recording.library import own_rules
from app.opens.rules.classify import OwnRules
from app.opens.rules.models import OpenRule, OpenSettings, RuleKind
from app.opens.rules.settings import Keys, make

RULES = (
    (RuleKind.NETWORK, f"{OFFICE}/24", OpenClass.BOT, "Escritório: quem confere antes do envio"),
    (RuleKind.AGENT, LINK_GUARD.rpartition(" ")[2].partition("/")[0], OpenClass.BOT, "Antivírus do provedor"),
)


@dataclass(frozen=True, slots=True)
class MailRoom:
    """A company's images by file, what its links carry, and how it counts. `names_itself`: its links carry the key."""

    account_id: UUID
    images: dict[str, UUID]
    keys: Keys
    rules: OwnRules
    names_itself: bool


def furnish(cast: DemoAccount, account_id: UUID, is_first: bool, now: datetime) -> MailRoom:
    """In a write transaction of its own, within an app context."""
    actor, before = audit.system_actor(account_id), now - timedelta(days=DAYS + 1)
    with write() as session:
        keys = make(session.connection(), runtime().vault, account_id)
        placed = {
            each.file: _image(actor, each.file, each.name, each.drawing, each.signed_only) for each in cast.images
        }
        dates = {"created_at": before, "updated_at": before}
        session.execute(update(Image).where(Image.account_id == account_id).values(**dates))
        rules = _rules(session, account_id, before) if is_first else own_rules(session.connection(), account_id, 0)
        return MailRoom(account_id, placed, keys, rules, not is_first)


def _image(actor: Actor, file: str, name: str, drawing: str, signed_only: bool) -> UUID:
    image = images.create(actor, read_picture(DRAWN[drawing]()), given=file, name=name)
    if signed_only:
        images.change(actor, image.id, {"signedOnly": True})
    return image.id


def _rules(session: Session, account_id: UUID, at: datetime) -> OwnRules:
    for kind, pattern, open_class, note in RULES:
        session.add(
            OpenRule(
                id=uuid7(),
                account_id=account_id,
                kind=kind,
                pattern=pattern,
                open_class=open_class,
                note=note,
                created_at=at,
            )
        )
    session.flush()
    mine = OpenSettings.account_id == account_id
    session.execute(update(OpenSettings).where(mine).values(rules_version=len(RULES)))
    return own_rules(session.connection(), account_id, len(RULES))


def register(room: MailRoom, sent: Sent) -> UUID:
    """Writes a mailing down; its ids are listed apart. In a write transaction of its own."""
    mailing, image = sent.mailing, room.images.get(sent.mailing.counts_by)
    values = {
        "name": mailing.name,
        "starts_at": sent.at,
        "ends_at": sent.at + timedelta(days=mailing.lasts),
        "sent": len(sent.refs) if mailing.told == Told.NUMBER and sent.refs else None,
        "image_id": image,
    }
    with write() as session:
        id_ = mailings.create(audit.system_actor(room.account_id), values).id
        before = {"created_at": sent.at, "updated_at": sent.at}
        session.execute(update(Mailing).where(Mailing.id == id_).values(listed=_listed(sent), **before))
        return id_


def _listed(sent: Sent) -> int:
    return len(sent.refs) if sent.mailing.told == Told.IDS else 0
