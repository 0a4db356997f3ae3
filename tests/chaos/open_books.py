"""What must be true of opens when the dust has settled: from the rows, the figures, the spool and what was answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select

from app.accounts.models import Account
from app.core.ids import uuid7
from app.opens.images.models import Image, ImageContent
from app.opens.models import MissReason, Open, OpenMissHour
from app.opens.recording.spool import Spool
from tests.chaos.product import PATIENCE_S
from tests.chaos.readers import FILE, LOGO, Readers
from tests.opens.opens_fixtures import recount


@dataclass(frozen=True, slots=True)
class OpenFindings:
    """`lost`: answered, and neither stored nor counted in `opens_unrecorded_total`. `doubled_hits`: a load that was
    folded into another has no row of its own, so its hit counts twice when its commit was done and nobody heard of it;
    a row never does."""

    answered: int
    lost: list[str]
    unrecorded: int
    doubled_hits: int
    wrong: list[str]


class OpenBooks:
    """The product's opens, read from outside."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.spool = Spool(folder)

    def upload(self) -> None:
        """The image that the readers load."""
        now, id_ = datetime.now(UTC), uuid7()
        with self.engine.begin() as connection:
            row = {
                "id": id_, "account_id": connection.scalar(select(Account.id)), "file": FILE, "name": "logo",
                "content_type": "image/png", "width": 1, "height": 1, "size": len(LOGO), "created_at": now,
                "updated_at": now,
            }  # fmt: skip
            connection.execute(insert(Image).values(**row))
            connection.execute(insert(ImageContent).values(image_id=id_, content=LOGO))

    def settle(self) -> None:
        """Until nothing waits in the spool."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.spool.is_empty():
            assert time.monotonic() < deadline, "the spool of opens is not emptied"
            time.sleep(0.1)

    def count(self) -> int:
        """Rows."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(Open)) or 0

    def unrecorded(self) -> int:
        with self.engine.connect() as connection:
            lost = OpenMissHour.reason == MissReason.UNRECORDED
            return int(connection.scalar(select(func.sum(OpenMissHour.hits)).where(lost)) or 0)

    def judge(self, readers: Readers, doubts: int) -> OpenFindings:
        """`doubts`: how often a commit may have been done without its web process hearing of it in time; each time as
        many hits may count twice as loads can be under way."""
        stored, rows, wrong = Counter[str](), Counter[str](), []
        with self._one_moment() as connection:
            for ref, hits in connection.execute(select(Open.ref, Open.hits)):
                stored[ref] += hits
                rows[ref] += 1
            try:
                recount(connection, connection.scalar(select(Account.id)))  # type: ignore[arg-type]
            except AssertionError as error:
                wrong.append(f"figures of opens: {str(error).splitlines()[0]}")
        missing = sorted((readers.answered - stored).elements())
        unrecorded = self.unrecorded()
        doubled = (stored - readers.sent).total()
        if doubled > doubts * readers.at_once:
            wrong.append(f"{doubled} hits of opens count twice")
        wrong += [f"{ref} has {count} opens too many" for ref, count in (rows - readers.sent).items()]
        wrong += [f"an image was answered {odd}" for odd in readers.odd[:5]]
        lost = missing if len(missing) > unrecorded else []
        return OpenFindings(readers.answered.total(), lost, unrecorded, doubled, wrong)

    @contextmanager
    def _one_moment(self) -> Iterator[Connection]:
        """All reads see the same: the ticker goes on telling opens what program they came from, and moves figures."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
