"""Reads a drawn chart back: well-formed markup, its table, what its script is told."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup


def tree(chart: Markup) -> ElementTree.Element:
    """The chart as XML: attributes quoted, elements closed, nothing escaped wrongly."""
    return ElementTree.fromstring(f"<main>{chart}</main>")  # noqa: S314 - made by the product itself


def table(chart: Markup) -> list[list[str]]:
    return [["".join(cell.itertext()).strip() for cell in row] for row in tree(chart).iter("tr")]


def told(chart: Markup) -> str:
    return next("".join(element.itertext()) for element in tree(chart).iter("desc"))


def script(chart: Markup) -> dict[str, Any]:
    plot = next(element for element in tree(chart).iter() if "data-chart" in element.attrib)
    found: dict[str, Any] = json.loads(plot.attrib["data-chart"])
    return found


def of_class(chart: Markup, name: str) -> list[ElementTree.Element]:
    return [element for element in tree(chart).iter() if name in element.get("class", "").split()]
