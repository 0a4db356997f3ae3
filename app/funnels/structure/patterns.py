"""What a new funnel may begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.folding import folded_name
from app.funnels.states import State

GREY, BLUE, TEAL, PURPLE, ORANGE, GREEN, RED = (  # of the palette that forms offer
    "#667382", "#206bc4", "#0c8599", "#ae3ec9", "#e8590c", "#2f9e44", "#d63939",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StagePattern:
    name: Any  # a lazy string, written in the language of whoever makes the funnel
    color: str
    kind: State = State.OPEN
    chance: int = 50

    def columns(self) -> dict[str, Any]:
        name = str(self.name)
        return {"name": name, "folded_name": folded_name(name), "color": self.color, "kind": self.kind,
                "chance": self.chance}  # fmt: skip


WON = StagePattern(_l("Won"), GREEN, State.WON, 100)
LOST = StagePattern(_l("Lost"), RED, State.LOST, 0)
PATTERNS: dict[str, tuple[Any, tuple[StagePattern, ...]]] = {
    "sales": (
        _l("Sales"),
        (
            StagePattern(_l("New"), GREY, chance=10),
            StagePattern(_l("Contacted"), BLUE, chance=20),
            StagePattern(_l("Qualified"), TEAL, chance=40),
            StagePattern(_l("Proposal"), PURPLE, chance=60),
            StagePattern(_l("Negotiation"), ORANGE, chance=80),
            WON,
            LOST,
        ),
    ),
    "leads": (
        _l("Leads"),
        (
            StagePattern(_l("New"), GREY, chance=10),
            StagePattern(_l("Talking"), BLUE, chance=30),
            StagePattern(_l("Qualified"), TEAL, chance=60),
            WON,
            LOST,
        ),
    ),
    "empty": (_l("Empty"), (StagePattern(_l("New"), GREY), WON, LOST)),
}
REASONS = (_l("Price"), _l("Chose somebody else"), _l("No answer"), _l("Not the right moment"))
