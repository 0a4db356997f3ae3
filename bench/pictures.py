"""The image that every open of a benchmark loads, and the library that holds it."""

from __future__ import annotations

import struct
import zlib

from sqlalchemy import insert

from app.accounts.sign_in import first_account
from app.core import clock, config_version
from app.core.db import begin_write, db
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.opens.images.models import Image, ImageContent
from bench.load import Shot
from bench.stand import Stand

FILE = "logo.png"
PATH = f"/image/{FILE}?id_fatura=%ID%"


def shot(port: int) -> Shot:
    """An open of a new id with every request, by many user agents in turn."""
    return Shot(port, PATH, {}, {})


def upload(product: Stand) -> None:
    """The picture, as the library stores it."""
    with product.app.app_context():
        account_id = first_account(db.session()).id
        db.session.remove()
    content, now, id_ = picture(), clock.now(), uuid7()
    row = {
        "id": id_, "account_id": account_id, "file": FILE, "name": "logo", "content_type": "image/png",
        "width": 64, "height": 32, "size": len(content), "created_at": now, "updated_at": now,
    }  # fmt: skip
    with begin_write(runtime(product.app).engine) as connection:
        connection.execute(insert(Image).values(**row))
        connection.execute(insert(ImageContent).values(image_id=id_, content=content))
        config_version.bump(connection)


def picture() -> bytes:
    """A true PNG of some 2 KB, as a small logo is."""
    lines = b"".join(b"\0" + bytes((x * y * 7 + x * x) % 256 for x in range(64)) for y in range(32))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 64, 32, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
