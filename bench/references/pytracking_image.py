"""pytracking with a model: its own functions decode the link and give the pixel, as its README has it ("Get Open
Tracking Data from URL", "Get a 1x1 transparent PNG pixel"). What the README leaves to the reader ("update your tracking
database") is the model and the commit of Flask-SQLAlchemy's quick start. Needs NAIVE_DATABASE_URL."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytracking  # type: ignore[import-not-found,import-untyped,unused-ignore]
from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Opened(Base):
    __tablename__ = "image_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    id_fatura: Mapped[str] = mapped_column(String(255), index=True)
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None]
    details: Mapped[str]
    timestamp: Mapped[datetime]


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["NAIVE_DATABASE_URL"]
db.init_app(app)


@app.get("/open/<path:link>")
def show(link: str) -> Response:
    seen = {"user_agent": request.headers.get("User-Agent", ""), "user_ip": request.remote_addr}
    found = pytracking.get_open_tracking_result(link, request_data=seen)
    row = Opened(
        id_fatura=found.metadata["id_fatura"],
        ip_address=found.request_data["user_ip"],
        user_agent=found.request_data["user_agent"],
        details=json.dumps(found.metadata),
        timestamp=datetime.fromtimestamp(found.timestamp, UTC),
    )
    db.session.add(row)
    db.session.commit()
    pixel, mime_type = pytracking.get_open_tracking_pixel()
    return Response(pixel, mimetype=mime_type)


with app.app_context():
    db.create_all()
