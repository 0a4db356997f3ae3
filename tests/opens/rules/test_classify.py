"""Who loaded an image: the table of real user agents, the order of the rules, and that nothing takes long."""

from __future__ import annotations

import subprocess
import sys
import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.opens.models import OpenClass
from app.opens.rules import built_in, crawlers
from app.opens.rules.agents import LONGEST, agent_id, cut
from app.opens.rules.classify import NO_RULES, REASON, REMEMBERED, OwnRules, classify
from app.opens.rules.programs import describe
from app.opens.rules.words import CLASSES, REASONS, reason_words
from tests.opens.rules.real_agents import CASES, Case

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
DEVICES = {"computer", "phone", "tablet", "other", "unknown"}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_user_agent_is_told_by_class_reason_program_and_device(case: Case) -> None:
    verdict, described = classify(case.agent, None, False), describe(case.agent)

    assert (verdict.open_class, verdict.reason) == (case.open_class, case.reason)
    assert (described.client, described.device) == (case.client, case.device)
    assert verdict.version == f"{built_in.BUILT_IN}.0"


def test_every_proxy_is_on_the_public_list_or_not_and_is_a_proxy_all_the_same() -> None:
    assert crawlers.named("YahooMailProxy; https://help.yahoo.com") == "YahooMailProxy"
    assert crawlers.named(GMAIL) == "GoogleImageProxy"
    for piece, reason in built_in.PROXIES:
        for agent in (piece, piece.upper(), f"Mozilla/5.0 (compatible; {piece}; Googlebot/2.1; curl/8 Mimecast)"):
            assert classify(agent, None, False)[:2] == (OpenClass.IMAGE_PROXY, reason)


def test_the_public_list_is_taken_whole_but_for_what_people_use() -> None:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA as LISTED  # type: ignore[import-untyped]

    assert crawlers.count() == len(LISTED) - len(built_in.NOT_CRAWLERS)
    missed = [
        entry["pattern"]
        for entry in LISTED
        if entry["pattern"].replace("\\", "") not in built_in.NOT_CRAWLERS
        for agent in entry["instances"][:3]
        if len(agent) <= 500 and classify(agent, None, False).open_class == OpenClass.HUMAN
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("agent", "before", "ahead"),
    [
        (CHROME, "no_rule", "ahead_header"),
        ("curl/8.1", "library:curl", "ahead_header"),
        (GMAIL, "gmail_proxy", "gmail_proxy"),
        ("Mozilla/5.0", "apple_mpp", "apple_mpp"),
        ("", "empty_agent", "empty_agent"),
        ("WhatsApp/2.1", "preview:WhatsApp", "preview:WhatsApp"),
    ],
)
def test_a_header_that_says_ahead_counts_after_proxies_and_before_all_that_follows(
    agent: str, before: str, ahead: str
) -> None:
    assert classify(agent, None, False).reason == before
    assert classify(agent, None, True).reason == ahead


def test_own_rules_win_networks_first_and_in_their_order() -> None:
    office, lan = ip_network("203.0.113.0/24"), ip_network("2001:db8::/48")
    own = OwnRules(
        7,
        (("acmemail", OpenClass.HUMAN, "a" * 24 + "11111111"), ("mail", OpenClass.BOT, "b" * 24 + "22222222")),
        ((office, OpenClass.BOT, "c" * 32), (lan, OpenClass.HUMAN, "d" * 32)),
    )
    told = [
        classify(GMAIL, ip_address("203.0.113.9"), False, own),
        classify("", ip_address("2001:db8:0:1::5"), True, own),
        classify("AcmeMail/1.0 (like GoogleImageProxy)", ip_address("198.51.100.1"), False, own),
        classify("AcmeMail/1.0 again", None, True, own),
        classify("Some MAILER", None, False, own),
        classify(CHROME, ip_address("198.51.100.1"), False, own),
    ]
    assert [(str(one.open_class), one.reason) for one in told] == [
        ("bot", "internal"), ("human", "internal"), ("human", "own:11111111"), ("human", "own:11111111"),
        ("bot", "own:22222222"), ("human", "no_rule"),
    ]  # fmt: skip
    assert {one.version for one in told} == {f"{built_in.BUILT_IN}.7"}


@pytest.mark.parametrize("build", ["AP3A.240617.008", "AP3A.240617.008.A1", "CUBOT"])
def test_a_phone_is_no_robot_for_its_build_but_a_robot_on_a_phone_is(build: str) -> None:
    phone = f"Mozilla/5.0 (Linux; Android 15; CPH2609 Build/{build}) AppleWebKit/537.36 Chrome/131 Mobile Safari/537.36"
    assert classify(phone, None, False).open_class == OpenClass.HUMAN
    assert classify(phone + " (compatible; AhrefsBot/7.0)", None, False).reason == "crawler:AhrefsBot"


AGENTS = st.one_of(
    st.text(max_size=1200),
    st.text(alphabet="Mozila/5.0 (bt;)+-:Gogle<>\x00", max_size=1200),
    st.lists(st.sampled_from([case.agent for case in CASES]), max_size=3).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(agent=AGENTS, ahead=st.booleans())
def test_any_text_gets_a_verdict_and_a_description(agent: str, ahead: bool) -> None:
    text = cut(agent)
    verdict, described = classify(text, None, ahead), describe(text)

    assert len(text) <= LONGEST
    assert "\x00" not in text
    assert len(verdict.reason) <= REASON
    assert len(verdict.version) <= 16
    assert reason_words(verdict.reason)
    assert described.device in DEVICES
    assert 0 < len(described.client) <= 40
    assert len(described.os) <= 40


SLOW = [
    "Mozilla/5.0 (" + "a" * 1000,
    "Android " + "1." * 500,
    "Android 1; " * 90,
    "Android 10; " + "a " * 500,
    "ContextualBo" * 80,
    "ContextualBot" * 75,
    "Spider" * 150,
    "mail" * 250,
    "mail mail-image image proxy" * 40,
    "cubot" * 200,
    " " * 1024,
    "(" * 1024,
    "iphone; " * 120 + ") applewebkit/1 (khtml, like gecko",
    "Chrome/1.1.1.1 " * 68,
    "\u0130" * 1024,
    "bot" * 341,
]


@pytest.mark.alone
@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_a_hostile_user_agent_takes_no_time(text: str) -> None:
    describe(CHROME)  # loads what is loaded once
    started = time.perf_counter()
    for number in range(20):
        classify(f"{number}{text}", None, False)
        describe(f"{number}{text}")
    assert (time.perf_counter() - started) / 20 < 0.02


@pytest.mark.alone
def test_a_known_user_agent_costs_next_to_nothing() -> None:
    own = OwnRules(1, (("zzz", OpenClass.BOT, "a" * 32),), ())
    for rules in (NO_RULES, own):
        classify(CHROME, None, False, rules)
        started = time.perf_counter()
        for _time in range(10_000):
            classify(CHROME, None, False, rules)
        assert (time.perf_counter() - started) / 10_000 < 5e-6


def test_a_flood_of_made_up_user_agents_is_forgotten() -> None:
    own = OwnRules(1, (), ())
    for number in range(REMEMBERED + 10):
        classify(f"curl/{number}", None, False, own)
    assert len(own._seen) <= REMEMBERED


def test_the_module_is_light_until_the_first_verdict() -> None:
    code = (
        "import sys; import app.opens.rules.classify, app.opens.rules.programs; "
        "print(sorted({'crawleruseragents', 'ua_parser'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_reason_has_words() -> None:
    told = {case.reason for case in CASES} | {"ahead_header", "internal", "own:12345678"}
    assert {reason for reason in told if ":" not in reason and reason not in REASONS} == set()
    assert [reason for reason in told if reason_words(reason) == reason] == []
    assert reason_words("of_a_later_version") == "of_a_later_version"
    assert set(CLASSES) == set(OpenClass)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\x00b\tc\x1f\x7f", "abc"),
        ("x" * 2000, "x" * 1024),
        ("  curl/8  ", "curl/8"),
        ("caf\u00e9", "caf\u00e9"),
        ("half \ud83d", "half"),
        ("", ""),
        ("\x00" * 5000, ""),
    ],
)
def test_a_user_agent_is_cut_and_cleaned(sent: str, kept: str) -> None:
    assert cut(sent) == kept
    assert agent_id(cut(sent)) == agent_id(kept)
