"""Jobs for a worker process to run."""

from __future__ import annotations

import time
from pathlib import Path


def slowly(file: str, seconds: float) -> None:
    """Leaves a file when it begins and one when it is done."""
    Path(f"{file}.begun").touch()
    time.sleep(seconds)
    Path(file).touch()
