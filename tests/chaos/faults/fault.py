"""A row of the table of faults."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.harness import World

Act = Callable[[World, random.Random, float], None]  # until: monotonic seconds
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Fault:
    """`through`, `settings`: what the world needs. `may_double`: whether an event may arrive twice, when that is
    explained by what the fault left unsettled."""

    name: str
    act: Act
    seconds: float
    databases: tuple[str, ...] = BOTH
    through: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    may_double: bool = True
