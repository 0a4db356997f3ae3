"""The intake most people would write: ORM models, two look-ups, an insert, a commit, one RQ job. Models and view are as
in Flask-SQLAlchemy's quick start, on SQLite as it comes; the job is enqueued as in RQ's documentation (python-rq.org,
"Jobs"). Needs NAIVE_DATABASE_URL and REDIS_URL; REFERENCE_CAREFUL makes it careful (pragmas.py)."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from rq import Queue
from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.references import REFERENCE_TOKEN, pragmas

PIXEL = "290714800540320"


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Client(Base):
    __tablename__ = "client"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)


class Pixel(Base):
    __tablename__ = "pixel"
    __table_args__ = (UniqueConstraint("platform", "pixel_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(24))
    pixel_id: Mapped[str] = mapped_column(String(255))
    access_token: Mapped[str] = mapped_column(String(255))


class Event(Base):
    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("client_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    pixel_ref: Mapped[int] = mapped_column(ForeignKey("pixel.id"))
    event_id: Mapped[str] = mapped_column(String(128))
    event_name: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="pending")
    created_at: Mapped[datetime]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["NAIVE_DATABASE_URL"]
db.init_app(app)
queue = Queue("events", connection=Redis.from_url(os.environ["REDIS_URL"]))


@app.post("/api/tracking/events")
def create() -> ResponseReturnValue:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    client = db.session.scalars(db.select(Client).filter_by(token_hash=token_hash)).one_or_none()
    if client is None:
        return jsonify(error="Unauthorized"), 401
    body = request.get_json()
    if missing := [name for name in ("pixel_id", "event_name", "event_id", "click_id") if not body.get(name)]:
        return jsonify(error=f"Missing {missing[0]}"), 400
    pixel = db.session.scalars(db.select(Pixel).filter_by(platform="kwai", pixel_id=body["pixel_id"])).one_or_none()
    if pixel is None:
        return jsonify(error="Unknown pixel_id"), 400
    row = Event(
        client_id=client.id,
        pixel_ref=pixel.id,
        event_id=body["event_id"],
        event_name=body["event_name"],
        created_at=datetime.now(UTC),
        body=body,
    )
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return jsonify(success=True, duplicate=True), 200
    queue.enqueue("bench.references.rq_job.send", row.id)
    return jsonify(success=True, id=row.id), 202


with app.app_context():
    pragmas.apply(db.engine)
    db.create_all()
    if db.session.scalars(db.select(Client)).first() is None:
        db.session.add(Client(token_hash=hashlib.sha256(REFERENCE_TOKEN.encode()).hexdigest()))
        db.session.add(Pixel(platform="kwai", pixel_id=PIXEL, access_token=REFERENCE_TOKEN))
        db.session.commit()
