"""The open tracker most people would write: an ORM model, `session.add`, `commit`, the image. Model, set-up and view
are those of Flask-SQLAlchemy's quick start (flask-sqlalchemy.readthedocs.io, "Quick Start"), on SQLite as it comes.
Needs NAIVE_DATABASE_URL and REFERENCE_IMAGE; REFERENCE_CAREFUL makes it careful (pragmas.py)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.references import pragmas


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
    pragmas.apply(db.engine)
    db.create_all()
