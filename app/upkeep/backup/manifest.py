"""What a backup says about itself: its first member, `manifest.json`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.upkeep.backup.refusal import Refused

NAME = "manifest.json"
MAX_BYTES = 1024 * 1024
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
_MOMENT = r"\('[0-9][0-9 :+.-]{3,40}'\)"
Bound = Annotated[str, StringConstraints(pattern=rf"^(DEFAULT|FOR VALUES FROM {_MOMENT} TO {_MOMENT})$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One file of the backup."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_./]{0,80}$")
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Table(_Strict):
    """One table of PostgreSQL: its rows are the member `tables/<name>`, in the text form of COPY."""

    name: Identifier
    columns: list[Identifier]


class Partition(_Strict):
    name: Identifier
    parent: Identifier
    bound: Bound


class Proof(_Strict):
    """Tells whether keys fit the backup, without telling the keys."""

    encryption: str  # sealed with the newest of ENCRYPTION_KEYS
    pii: str  # an HMAC with PII_HASH_KEY


class Manifest(_Strict):
    format: Literal[1] = 1  # of this file
    product: Literal["kalitrack"] = "kalitrack"
    database: Literal["sqlite", "postgresql"]
    revision: str = Field(pattern=r"^[0-9a-z_]{1,40}$")
    taken_at: datetime  # when the copy of the database began: what was committed later is not in it
    host: str
    counts: dict[Identifier, Annotated[int, Field(ge=0)]]  # rows, by table
    proof: Proof
    has_secrets: bool
    tables: list[Table] = []  # PostgreSQL, in the order of loading
    partitions: list[Partition] = []
    members: list[Member]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Raises Refused for what is no manifest of ours."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "it"
            raise Refused(f"The backup's manifest cannot be read: {where} is not as this version writes it.") from None
