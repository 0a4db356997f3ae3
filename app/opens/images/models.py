"""The images that e-mails carry."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Image(Base):
    """An uploaded image. `file` is the name in its address, lower-case, and stays when the content is replaced."""

    __tablename__ = "image"
    __table_args__ = (
        CheckConstraint("file = lower(file)", name="file_lower"),
        CheckConstraint("content_type IN ('image/png', 'image/gif', 'image/jpeg', 'image/webp')", name="content_type"),
        Index("uq_image_account_id_file", "account_id", "file", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    file: Mapped[str] = mapped_column(String(70))
    name: Mapped[str] = mapped_column(String(120))  # what people call it
    content_type: Mapped[str] = mapped_column(String(16))  # told by its first bytes, whatever its name says
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)  # bytes
    signed_only: Mapped[bool] = mapped_column(Boolean, default=False)
    created_by: Mapped[UUID | None]  # no foreign key: the image outlives the person
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class ImageContent(Base):
    """The bytes of an image. In the database, so that every web host has them."""

    __tablename__ = "image_content"

    image_id: Mapped[UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
