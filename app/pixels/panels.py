"""Cards that features above this one add to the page of a pixel, which it shows without knowing them.

    from app.pixels.panels import Panel, add_panel

    @add_panel
    def match_quality(pixel: Pixel) -> Panel | None:
        if pixel.platform != "facebook":
            return None
        return Panel(_("Match quality"), Markup(render_template("overview/_matches.html", …)))

Register in the feature's `init_app`. A panel is made with each full page of a pixel, inside the request, for people who
may see pixels; reads only, from rollups. `content` stands in a card under `title`, after the pixel's health.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from app.pixels.models import Pixel


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    content: Markup
    subtitle: str | None = None


MakePanel = Callable[[Pixel], Panel | None]  # None: nothing to show for this pixel
_makers: list[MakePanel] = []


def add_panel(make: MakePanel) -> MakePanel:
    """Adds a kind of panel, once; they are shown in the order in which they were added."""
    if make not in _makers:
        _makers.append(make)
    return make


def panels_of(pixel: Pixel) -> list[Panel]:
    return [panel for make in _makers if (panel := make(pixel)) is not None]
