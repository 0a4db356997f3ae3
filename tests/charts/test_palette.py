"""The six colours stand out from the cards and from each other, for colour-blind readers too, in either theme."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from tests.page_app import ROOT

Colour = list[float]
CARDS = {":root": "#ffffff", "dark": "#262626"}
SIGHT: dict[
    str, list[list[float]]
] = {  # linear RGB as seen without one kind of cone (Machado, Oliveira, Fernandes 2009, severity 1)
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TOLD_APART = 0.05  # distance in Oklab; 0.02 is just noticeable


def palette(theme: str) -> list[str]:
    lines = (ROOT / "static/css/app.css").read_text("utf-8").splitlines()
    return re.findall(r"#\w{6}", next(line for line in lines if theme in line and "--chart-1" in line))


def linear(colour: str) -> Colour:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]


def through(matrix: list[list[float]], colour: Colour) -> Colour:
    return [sum(factor * part for factor, part in zip(row, colour, strict=True)) for row in matrix]


def oklab(colour: Colour) -> Colour:
    cones = [[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]]
    roots = [max(cone, 0) ** (1 / 3) for cone in through(cones, colour)]
    return through([[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]], roots)


def luminance(colour: str) -> float:
    return through([[0.2126, 0.7152, 0.0722]], linear(colour))[0]


@pytest.mark.parametrize("theme", CARDS)
def test_colours_stand_out_from_the_card(theme: str) -> None:
    pairs = [sorted((luminance(colour), luminance(CARDS[theme]))) for colour in palette(theme)]
    assert len(pairs) == 6
    assert min((light + 0.05) / (dark + 0.05) for dark, light in pairs) >= 3


@pytest.mark.parametrize("theme", CARDS)
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart(theme: str, sight: str) -> None:
    seen = [oklab(through(SIGHT[sight], linear(colour))) for colour in palette(theme)]
    distances = [sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5 for pair in combinations(seen, 2)]
    assert min(distances) > TOLD_APART
