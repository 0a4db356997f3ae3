"""Numbers and sentences as readers of Portuguese and of English expect them."""

from __future__ import annotations

import pytest

from app.charts import Unit, words


@pytest.mark.usefixtures("portuguese")
@pytest.mark.parametrize(
    ("value", "unit", "short", "full"),
    [
        (None, Unit.COUNT, "–", "–"),
        (0, Unit.COUNT, "0", "0"),
        (999, Unit.COUNT, "999", "999"),
        (12345, Unit.COUNT, "12,3\xa0mil", "12.345"),
        (999_999, Unit.COUNT, "1\xa0mi", "999.999"),
        (-4500, Unit.COUNT, "-4,5\xa0mil", "-4.500"),
        (98765.4, Unit.MONEY, "R$\xa098,8\xa0mil", "R$\xa098.765,40"),
        (0.452, Unit.PERCENT, "45,2%", "45,2%"),
        (1, Unit.PERCENT, "100%", "100%"),
        (0, Unit.SECONDS, "0 s", "0 s"),
        (0.35, Unit.SECONDS, "350 ms", "350 ms"),
        (1.254, Unit.SECONDS, "1,25 s", "1,25 s"),
        (600, Unit.SECONDS, "10 min", "10 min"),
        (81_438, Unit.SECONDS, "22,6 h", "22,6 h"),
    ],
)
def test_numbers_are_short_on_axes_and_whole_in_tables(value: float | None, unit: Unit, short: str, full: str) -> None:
    assert (words.short(value, unit), words.full(value, unit)) == (short, full)


@pytest.mark.usefixtures("english")
def test_numbers_follow_the_language() -> None:
    assert words.short(12345, Unit.COUNT) == "12.3K"
    assert words.full(1234.5, Unit.COUNT) == "1,234.5"
    assert words.full(1, Unit.PERCENT) == "100%"


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("values", "unit", "sentence"),
    [
        ([3, None, 9], Unit.COUNT, "Opens: total 12, highest 9 (Wed), lowest 3 (Mon)."),
        ([0.5, 0.9, 0.7], Unit.PERCENT, "Opens: highest 90% (Tue), lowest 50% (Mon)."),
        ([None, None, None], Unit.COUNT, "Opens: no data."),
    ],
)
def test_series_is_told_in_a_sentence(values: list[float | None], unit: Unit, sentence: str) -> None:
    assert words.told("Opens", values, ["Mon", "Tue", "Wed"], unit) == sentence
