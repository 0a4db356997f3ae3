"""Long work of a command: in a thread of its own, since its priority may change. Ctrl-C ends it in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import click

from app.upkeep.backup.progress import Shown
from app.upkeep.backup.refusal import Refused
from app.upkeep.backup.taking import Progress

T = TypeVar("T")


def gently(work: Callable[[Progress], T]) -> T:
    """What the work gives. Raises ClickException for Refused."""
    shown = Shown()
    with ThreadPoolExecutor(1) as one:
        future = one.submit(work, shown)
        try:
            return future.result()
        except Refused as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            shown.stop()
            raise
        finally:
            if future.done():
                shown.end()
