"""The open tracker most people would write: an ORM model, `session.add`, `commit`, the image. Also carefully: an index,
WAL, and the same durability as ours. Needs NAIVE_DATABASE_URL and REFERENCE_IMAGE."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
IMAGE = Path(os.environ["REFERENCE_IMAGE"]).read_bytes()


class ImageView(Base):
    __tablename__ = "image_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    id_fatura: Mapped[str] = mapped_column(String(255), index=True)
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None]
    referer: Mapped[str | None]
    timestamp: Mapped[datetime]


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["NAIVE_DATABASE_URL"]
db.init_app(app)


@app.get("/image/<file>")
def show(file: str) -> Response:
    view = ImageView(
        id_fatura=request.args.get("id_fatura"),
        ip_address=request.remote_addr,
        user_agent=request.headers.get("User-Agent"),
        referer=request.headers.get("Referer"),
        timestamp=datetime.now(UTC),
    )
    db.session.add(view)
    db.session.commit()
    return Response(IMAGE, mimetype="image/png", headers={"Cache-Control": "no-store"})


with app.app_context():

    @event.listens_for(db.engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=15000")

    db.metadata.create_all(db.engine)
