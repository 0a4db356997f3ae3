"""What a request says, read from the WSGI environment."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from app.core.ids import created_at
from app.opens.ids import Ref
from app.opens.recording.hit import MAX_PARAMETERS, Hit, read_hit
from app.opens.recording.judge import kept_address
from app.opens.rules.models import Addresses


def hit(query: str = "", path: str = "logo.png", **environ: Any) -> Hit:
    return read_hit({"QUERY_STRING": query, "REMOTE_ADDR": "203.0.113.7", **environ}, path)


def as_wsgi(text: str) -> str:
    """UTF-8 as a server hands it on."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("query", "ref"),
    [
        ("id_fatura=FAT001", "FAT001"),
        ("id_fatura=FAT%20001", "FAT 001"),
        ("id_fatura=FAT+001", "FAT 001"),
        ("id_fatura=FAT%2B001", "FAT+001"),
        ("id_fatura=a%26b%3Dc", "a&b=c"),
        ("id_fatura=a=b", "a=b"),
        ("id%5Ffatura=FAT001", "FAT001"),
        ("x=1&id_fatura=FAT001&y=2", "FAT001"),
        ("x=1&amp;id_fatura=FAT001", "FAT001"),
        ("&&&id_fatura=FAT001", "FAT001"),
        ("id_fatura=one&id_fatura=two", "one"),
        ("id_fatura=&id_fatura=two", ""),
        ("id_fatura", ""),
        ("ID_FATURA=FAT001", ""),  # names are as they are
        ("", ""),
        ("id_fatura=%C3%A7%C3%A3o", "ção"),
        ("id_fatura=%E7%E3o", "\ufffd\ufffdo"),  # Latin-1 is no UTF-8
        ("id_fatura=%ff%fe", "\ufffd\ufffd"),
        ("id_fatura=a%00b%0Ac", "abc"),
        ("id_fatura=cafe%CC%81", "café"),
        ("id_fatura=%ED%A0%80x", "\ufffd\ufffd\ufffdx"),  # half a character, encoded
        ("id_fatura=%", "%"),
        ("id_fatura=%zz", "%zz"),
        ("id_fatura=%2", "%2"),
        ("id_fatura=50%25", "50%"),
        ("id_fatura=%2525", "%25"),  # decoded once
        (as_wsgi("id_fatura=ção"), "ção"),  # not encoded at all
        ("id_fatura=\xff", "\ufffd"),
        ("id_fatura=FAT#x", "FAT#x"),
        ("id_fatura=FAT;y=1", "FAT;y=1"),
        ("&" * (MAX_PARAMETERS + 5) + "id_fatura=FAT001", ""),  # beyond what is looked at
    ],
)
def test_the_id_is_read_as_it_was_meant(query: str, ref: str) -> None:
    assert hit(query).ref == Ref(ref)


def test_a_long_query_is_read_in_bounded_time_and_space() -> None:
    found = hit("id_fatura=" + "A" * 8000 + "&k=" + "k" * 8000 + "&s=" + "s" * 8000 + "&preview=" + "p" * 8000)

    assert (len(found.ref.text), found.ref.is_cut) == (255, True)
    assert [len(each) for each in (found.account_key, found.signature, found.preview)] == [64, 64, 64]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("logo.png", "logo.png"),
        ("LOGO.PNG", "logo.png"),
        ("a-b_c.1.jpeg", "a-b_c.1.jpeg"),
        ("x", "x"),
        ("a" * 100, "a" * 100),
        ("a" * 101, ""),
        ("", ""),
        (".htaccess", ""),
        ("..", ""),
        ("../kalitrack.db", ""),
        ("..%2fkalitrack.db", ""),
        ("a/b.png", ""),
        ("a\\b.png", ""),
        ("logo.png\x00.gif", ""),
        ("logo.png\n", ""),
        ("logo 1.png", ""),
        (as_wsgi("ação.png"), ""),
        ("C:logo.png", ""),
        ("-rf", ""),
    ],
)
def test_a_file_is_a_plain_name_or_nothing(path: str, file: str) -> None:
    assert hit(path=path).file == file


def test_where_a_trusted_proxy_says_rubbish_the_other_end_of_the_socket_counts() -> None:
    behind: dict[str, Any] = {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "10.1.2.3"}}

    assert hit(REMOTE_ADDR="unknown", **behind).address == ip_address("10.1.2.3")
    assert hit(REMOTE_ADDR="198.51.100.1", **behind).address == ip_address("198.51.100.1")
    assert hit(REMOTE_ADDR="unknown").address is None


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("203.0.113.7", "203.0.113.0"),
        ("255.255.255.255", "255.255.255.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::1", "::"),
    ],
)
def test_what_is_kept_of_an_address(address: str, masked: str) -> None:
    kept = [kept_address(ip_address(address), mode) for mode in (Addresses.MASKED, Addresses.FULL, Addresses.NONE)]

    assert kept == [masked, address, None]
    assert kept_address(None, Addresses.FULL) is None


@pytest.mark.parametrize(
    ("referer", "kept"),
    [
        ("https://mail.google.com/mail/u/0/?token=secret#inbox", "mail.google.com/mail/u/0/"),
        ("http://user:word@mail.example/x", "mail.example/x"),
        ("https://mail.example", "mail.example"),
        ("HTTPS://Mail.Example/a", "Mail.Example/a"),
        ("https://mail.example?x=1", "mail.example"),
        ("https://x.example/" + "a" * 5000, "x.example/" + "a" * 245),
        (as_wsgi("https://correio.example/ção"), "correio.example/ção"),
        ("https://x.example/\x00\x1b[31m", "x.example/[31m"),
        ("about:blank", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("android-app://com.google.android.gm/", None),
        ("mail.example/x", None),
        ("https://", None),
        ("", None),
        ("://", None),
        ("\xff\xfe", None),
    ],
)
def test_of_a_referer_host_and_path_are_kept(referer: str, kept: str | None) -> None:
    assert hit(HTTP_REFERER=referer).referer == kept


@pytest.mark.parametrize(
    ("header", "value", "ahead"),
    [
        ("SEC_PURPOSE", "prefetch", True),
        ("SEC_PURPOSE", "prefetch;prerender", True),
        ("PURPOSE", "prefetch", True),
        ("PURPOSE", "preview", True),
        ("X_PURPOSE", "Preview", True),
        ("X_MOZ", "prefetch", True),
        ("SEC_PURPOSE", "", False),
        ("PURPOSE", "image", False),
        ("SEC_FETCH_DEST", "image", False),
    ],
)
def test_who_fetches_ahead_says_so(header: str, value: str, ahead: bool) -> None:
    assert hit(**{f"HTTP_{header}": value}).is_ahead == ahead


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        ("Mozilla/5.0", "Mozilla/5.0"),
        (as_wsgi("Câmera/1.0"), "Câmera/1.0"),
        ("\xff\xfe", "\ufffd\ufffd"),
        ("a\x00b\x1bc", "abc"),
        ("A" * 9000, "A" * 1024),
        ("", ""),
        ("  ", ""),
    ],
)
def test_the_user_agent_is_cut_and_clean(agent: str, kept: str) -> None:
    assert hit(HTTP_USER_AGENT=agent).agent == kept


def test_every_load_has_an_id_of_its_own_that_tells_its_time() -> None:
    hits = [hit() for _ in range(100)]

    assert len({each.id for each in hits}) == 100
    assert all(each.at == created_at(each.id) for each in hits)
    assert [each.id for each in hits] == sorted(each.id for each in hits)
