"""`/opens` and `/opens/live`: what they say, to whom, and that no URL breaks them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from app.opens.dashboard.ids import A_PAGE
from tests.opens.dashboard.conftest import LISTED, OPENED_AFTER, WAITING, Month
from tests.people import HTMX, Browser, asking_again

PAGES = ["/opens", "/opens/live"]
HOSTILE = [  # several in one where each is read by itself
    *("period=x&automatic=%3Cscript%3E&sort=-password&page=99999999999999999999", "period=%00&sort=-&page=-1"),
    *("from=x", "to=%F0%9F%92%A9", "from=2026-11-01&to=2026-10-01", "from=0001-01-01", "to=9999-12-31"),
    *("from=2026-01-01T00:00%2B99:99", "from=2099-01-01", "waiting=1&automatic=1&automatic=2"),
    "compare=%3Cscript%3E&sort=%3Cscript%3E&page=%D9%A3&_external=1&_scheme=javascript",
]


def words(browser: Browser, url: str, locale: str = "en") -> str:
    browser.set_cookie("locale", locale)
    answer = browser.get(url)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.mark.parametrize(("url", "queries"), [("/opens", HOSTILE), ("/opens/live", HOSTILE[:2])])
def test_no_query_breaks_it(month: Month, url: str, queries: list[str]) -> None:
    for number, query in enumerate(queries):
        answer = month.viewer.get(f"{url}?{query}", headers=HTMX if number % 2 else {})
        assert answer.status_code in (200, 204, 400), query
        assert "<script>" not in answer.text, query


def test_it_says_what_was_wrong_with_the_url(month: Month) -> None:
    assert "There is no such period: the last 7 days are shown." in words(month.viewer, "/opens?period=x")


@pytest.mark.parametrize("url", PAGES)
def test_another_account_sees_only_how_to_begin(month: Month, url: str) -> None:
    said = words(month.stranger, url)
    assert "Put this tag into your e-mail" in said
    assert "FAT" not in said


@pytest.mark.parametrize("url", PAGES)
def test_strangers_are_asked_to_sign_in(month: Month, url: str) -> None:
    assert month.app.test_client().get(url).location == f"/login?next={url}"


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ("Total views", "Unique views", "Open rate", "What changed:", "1 to 2 days", "Peak hours", "Person")),
        ("pt_BR", ("Visualizações totais", "Visualizações únicas", "Taxa de abertura", "O que mudou:", "1 a 2 dias")),
    ],
)
def test_it_speaks_both_languages(month: Month, locale: str, said: tuple[str, ...]) -> None:
    text = words(month.viewer, "/opens?period=28d", locale)
    assert [one for one in said if one not in text] == []


def test_the_rate_is_that_of_mailings(month: Month) -> None:
    said = words(month.viewer, "/opens")
    assert f"{sum(OPENED_AFTER) / LISTED:.1%} {sum(OPENED_AFTER)} of {LISTED} sent" in said
    assert "Open rate" not in words(month.viewer, "/opens?from=2020-01-01&to=2020-01-31")


@pytest.mark.parametrize("url", PAGES)
def test_what_is_wrong_leads_to_where_it_is_mended(month: Month, url: str) -> None:
    said = words(month.viewer, url)
    assert "Ids left unrendered: 37 loads · logo.png (37)" in said
    assert "Missing images: 12 loads · velho.png (12)" in said
    assert "Not recorded: 2 loads" in said
    assert 'href="/images"' in month.viewer.get(url).text


def test_the_live_page_names_those_who_wait(month: Month) -> None:
    assert f"{WAITING} ids were not opened 3 days after they were sent" in words(month.viewer, "/opens/live")
    assert 'href="/mailings/unopened"' in month.viewer.get("/opens/live").text


def test_the_live_page_shows_today(month: Month) -> None:
    text = month.viewer.get("/opens/live").text
    assert "ref=HOJE1" in text
    assert 'data-refresh="5"' in text


def test_automatic_ones_are_told_apart_and_can_be_included(month: Month) -> None:
    without, with_them = (words(month.viewer, f"/opens?period=28d{more}") for more in ("", "&automatic=1"))
    views, machines = number_of(without, "Total views"), number_of(without, "Automatic")
    assert machines > 0
    assert number_of(with_them, "Total views") == views + machines
    assert number_of(with_them, "Unique views") == number_of(without, "Unique views")


def number_of(said: str, label: str) -> int:
    found = re.search(rf"{label} ([\d,]+) ", said)
    assert found is not None
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(("sort", "order"), [("views", sorted), ("-views", lambda seen: sorted(seen, reverse=True))])
def test_ids_are_sorted_and_paged(month: Month, sort: str, order: Callable[[list[int]], list[int]]) -> None:
    text = month.viewer.get(f"/opens?period=28d&sort={sort}").text
    table = text[text.rindex('class="card region"') :]
    seen = [int(views) for views in re.findall(r'</a></td>\s*<td class="num">(\d+)</td>', table)]
    assert len(seen) == A_PAGE
    assert seen == order(seen)
    second = month.viewer.get(f"/opens?period=28d&sort={sort}&page=2").text
    assert rows_of(second) & rows_of(text) == set()


def rows_of(text: str) -> set[str]:
    return set(re.findall(r"ref=(\w+)", text[text.rindex('class="card region"') :]))


def test_sorting_is_answered_though_nothing_else_changed(month: Month) -> None:
    url = "/opens?period=28d"
    asking = asking_again(month.viewer.get(url).text, url)
    assert month.viewer.get(url, headers=asking).status_code == 204
    assert month.viewer.get(f"{url}&sort=-views", headers=asking).status_code == 200


def test_every_role_sees_it(month: Month) -> None:
    from tests.people import new_user, sign_in

    for role in ("admin", "manager", "operator"):
        browser: Any = sign_in(month.app, new_user(month.app, role))
        assert browser.get("/opens").status_code == 200, role
