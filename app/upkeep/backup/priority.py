"""Whose turn it is on the processor: the product goes before its backup."""

from __future__ import annotations

import os
import sys
import threading

NICE = 10


def step_back() -> None:
    """From now on this thread gives way to others."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
