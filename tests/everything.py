"""One object of every kind in an account, made the way people make them, and where its id belongs in an address."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import sessions
from app.accounts.models import User
from app.core import clock
from app.core.db import db, write
from app.core.models import Job, JobPart, JobState
from app.core.runtime import runtime
from app.outbound.mail.models import MailMessage
from app.outbound.models import Delivery
from tests.opens.images.samples import made
from tests.people import Person, bearer, new_user
from tests.tracking_fixtures import EVENTS, META_PURCHASE

SPECIAL = (  # where the word before the id does not tell the kind
    ("/api/tracking/events/", "request"),
    ("/deliveries/targets/", "target"),
    ("/api/targets/", "target"),
    ("/opens/rules/", "rule"),
    ("/api/open-rules/", "rule"),
    ("/funnels/*/rules/", "card-rule"),
    ("/api/funnels/*/rules/", "card-rule"),
    ("/funnels/*/undo/", "change"),
    ("/webhooks/*/deliveries/", "told"),
    ("/api/custom-webhooks/*/deliveries/", "told"),
    ("/api/alerts/rules/", "alert"),
    ("/profile/sessions/", "session"),
    ("/api/auth/sessions/", "session"),
)
VARIABLE = re.compile(r"<(?:[^<>:]+:)?(\w+)>|\{(\w+)\}")


def kind_of(before: str) -> str:
    """Of the object whose id follows: "/api/pixels/": "pixel"."""
    shape = VARIABLE.sub("*", before)
    for beginning, kind in SPECIAL:
        if shape.startswith(beginning):
            return kind
    return shape.rstrip("/").rpartition("/")[2].replace("ies", "y").removesuffix("s")


def filled(path: str, objects: dict[str, str]) -> str:
    """The path with the ids of the objects that it is about; LookupError for a kind that nobody made."""
    return VARIABLE.sub(lambda found: objects[kind_of(path[: found.start()])], path)


def make_everything(app: Flask, admin: Person) -> dict[str, str]:
    """Kind to id, all of this administrator's account, made by them over the API where it can."""
    headers = bearer(app, admin)
    web = app.test_client()

    def create(path: str, **body: Any) -> dict[str, Any]:
        answer = web.post(path, headers=headers, **body)
        assert answer.status_code == 201, (path, answer.text)
        found: dict[str, Any] = answer.get_json()
        return found

    pixel = create(
        "/api/pixels", json={"platform": "facebook", "pixelId": META_PURCHASE["pixel_id"], "accessToken": "token-x" * 4}
    )
    caller = create(
        "/api/clients",
        json={"name": "app", "scopes": ["events:write", "stats:read"], "allPixels": True, "answerMode": "acknowledge"},
    )
    client = create(
        "/api/clients",
        json={"name": "loja", "scopes": ["events:write", "stats:read"], "allPixels": True, "answerMode": "acknowledge"},
    )
    image = create("/api/images", data={"file": (BytesIO(made()), "logo.png")}, content_type="multipart/form-data")
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = {"startsAt": f"{now - timedelta(hours=1):%Y-%m-%dT%H}:00:00Z", "endsAt": f"{now:%Y-%m-%dT%H}:00:00Z"}
    privacy = create("/api/privacy-requests", json={"kind": "access", "email": "pessoa@example.com"})
    mailing = create("/api/mailings", json={"name": "Faturas", **hours})
    rule = create(
        "/api/open-rules", json={"kind": "network", "pattern": "203.0.113.0/24", "class": "bot", "note": "nosso"}
    )
    segment = create("/api/segments", json={"name": "Anas", "rule": {"field": "name", "op": "starts", "value": "Ana"}})
    token = {"Authorization": f"Bearer {caller['token']}", "Prefer": "respond-async"}
    event = web.post(EVENTS, json=META_PURCHASE, headers=token, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert event.status_code == 202, event.text
    request_id = event.get_json()["request_id"]
    colleague = new_user(app, "viewer", admin.account_id)
    invitation = create("/api/users", json={"email": f"convidada-{colleague.id.hex}@example.com", "role": "viewer"})
    web.get("/image/logo.png?id_fatura=FAT001")
    hook = {"name": "ERP", "url": "https://erp.example.com/hook", "events": ["contact.*", "deal.won"]}
    webhook = create("/api/custom-webhooks", json=hook)
    contact = create("/api/contacts", json={"name": "Bia", "phoneNumber": "(21) 99876-5432", "tags": ["vip"]})
    category = create("/api/categories", json={"name": "Clientes", "color": "#2fb344"})
    tag = create("/api/tags", json={"name": "feira"})
    contact_field = create("/api/contact-fields", json={"label": "Cidade", "kind": "text"})
    preferences = web.get(f"/api/contacts/{contact['id']}/preferences-link", headers=headers).get_json()
    people = {"file": (BytesIO(b"Nome;Celular\nAna;(11) 98765-4321\n"), "pessoas.csv"), "consentAnswer": "none"}
    funnel = create("/api/funnels", json={"name": "Vendas", "pattern": "leads"})
    at_funnel, stage = f"/api/funnels/{funnel['id']}", funnel["stages"][0]["id"]
    card = create(f"{at_funnel}/contacts", json={"contactId": contact["id"], "value": 1500})
    mail = {"kind": "notify", "to": "owner"}
    card_rule = create(
        f"{at_funnel}/rules", json={"name": "Nova", "trigger": "entered", "stageId": stage, "actions": [mail]}
    )
    move = {"json": {"stageId": funnel["stages"][1]["id"]}, "headers": headers}
    moved = web.put(f"{at_funnel}/contacts/{card['id']}/move", **move)
    assert moved.status_code == 200, moved.text
    imported = web.post("/api/contacts/import", headers=headers, data=people, content_type="multipart/form-data")
    assert imported.status_code == 202, imported.text
    return {
        "pixel": pixel["id"],
        "client": client["id"],
        "client_token": caller["token"],
        "image": image["id"],
        "mailing": mailing["id"],
        "privacy": privacy["id"],
        "privacy-request": privacy["id"],
        "rule": rule["id"],
        "segment": segment["id"],
        "contact": contact["id"],
        "category": category["id"],
        "tag": tag["id"],
        "contact-field": contact_field["id"],
        "field": contact_field["id"],
        "funnel": funnel["id"],
        "stage": stage,
        "card": card["id"],
        "card-rule": card_rule["id"],
        "webhook": webhook["id"],
        "custom-webhook": webhook["id"],
        "alert": "dead_letters",
        "change": moved.get_json()["changeId"],
        "preference": preferences["url"].rpartition("/")[2],
        "request": request_id,
        "import": imported.get_json()["import"]["id"],
        "event": str(UUID(request_id.removeprefix("track_"))),
        "invitation": invitation["id"],
        "user": str(colleague.id),
        "team": str(colleague.id),
        "view": "FAT001",
        "doc": "pixels",
        "provider": "google",
        "login": "google",
        **_rows(app, admin, colleague),
    }


def _rows(app: Flask, admin: Person, colleague: Person) -> dict[str, str]:
    """What no call makes at once: a delivery came with the event, a letter with the invitation, a job takes time."""
    with Session(runtime(app).engine) as store:
        mine = select(Delivery).where(Delivery.account_id == admin.account_id)
        delivery = store.scalars(mine.where(Delivery.kind == "conversion")).first()
        told = store.scalars(mine.where(Delivery.kind == "webhook")).first()
        assert delivery is not None
        assert told is not None
        letter = store.scalars(select(MailMessage.id).where(MailMessage.account_id == admin.account_id)).first()
        found = {"outbox": str(letter), "delivery": str(delivery.id), "target": str(delivery.target_id)}
        found["told"] = str(told.id)
    now = clock.now()
    with app.app_context(), write() as store:
        job = Job(
            account_id=admin.account_id,
            kind="export_events",
            state=JobState.DONE,
            params={},
            done=1,
            created_by=admin.id,
            created_at=now,
            finished_at=now,
            expires_at=now + timedelta(days=1),
            filename="events.csv",
            content_type="text/csv; charset=utf-8",
            size=3,
        )
        opened, _token = sessions.open_session(
            store, store.get_one(User, colleague.id), ip_address="127.0.0.1", user_agent="test"
        )
        store.add(job)
        store.flush()
        store.add(JobPart(job_id=job.id, number=0, content=b"a\r\n"))
        found |= {"job": str(job.id), "session": str(opened.id)}
    with app.app_context():
        db.session.remove()
    return found
