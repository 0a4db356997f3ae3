"""Addresses that e-mails carry: signatures, previews, and the tag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.opens.links import MAX_AHEAD_S, image_url, is_preview, is_signed, preview_token, signature, tag

KEY, OLD = b"k" * 32, b"o" * 32
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_signature_is_the_first_half_of_an_hmac_of_file_and_id() -> None:
    import hashlib
    import hmac

    whole = hmac.new(KEY, "logo.png|FAT001".encode(), hashlib.sha256).hexdigest()  # noqa: UP012 - as the facts have it

    assert signature(KEY, "logo.png", "FAT001") == whole[:16]


def test_both_live_keys_sign_and_no_other() -> None:
    assert is_signed((KEY, OLD), "logo.png", "FAT001", signature(KEY, "logo.png", "FAT001"))
    assert is_signed((KEY, OLD), "logo.png", "FAT001", signature(OLD, "logo.png", "FAT001").upper())
    assert not is_signed((KEY,), "logo.png", "FAT001", signature(OLD, "logo.png", "FAT001"))
    assert not is_signed((), "logo.png", "FAT001", signature(KEY, "logo.png", "FAT001"))


@pytest.mark.parametrize(
    ("file", "ref", "given"),
    [
        ("logo.png", "FAT002", None),
        ("other.png", "FAT001", None),
        ("logo.png", "FAT001", ""),
        ("logo.png", "FAT001", "0" * 16),
        ("logo.png", "FAT001", "ç" * 16),
        ("logo.png", "FAT001", "\ud800"),
    ],
)
def test_a_signature_of_something_else_is_none(file: str, ref: str, given: str | None) -> None:
    shown = signature(KEY, "logo.png", "FAT001") if given is None else given

    assert not is_signed((KEY,), file, ref, shown)


def test_a_preview_link_is_good_for_its_file_until_its_time() -> None:
    token = preview_token(KEY, "logo.png", NOW + timedelta(hours=1))

    assert is_preview((OLD, KEY), "logo.png", token, NOW)
    assert not is_preview((OLD,), "logo.png", token, NOW)
    assert not is_preview((KEY,), "other.png", token, NOW)
    assert not is_preview((KEY,), "logo.png", token, NOW + timedelta(hours=1, seconds=1))


@pytest.mark.parametrize(
    "forged",
    [
        "", ".", "1", "zz.0123456789abcdef", "-1.0123456789abcdef", "ffffffffff.0123456789abcdef",
        "fffffffffff.0123456789abcdef", "١٢.0123456789abcdef", "0x12.0123456789abcdef", "5f5e100.ç", "\ud800.\ud800",
    ],
)  # fmt: skip
def test_a_forged_preview_is_none(forged: str) -> None:
    assert not is_preview((KEY,), "logo.png", forged, NOW)


def test_nobody_holds_a_preview_for_longer_than_a_week() -> None:
    token = preview_token(KEY, "logo.png", NOW + timedelta(seconds=MAX_AHEAD_S + 60))

    assert not is_preview((KEY,), "logo.png", token, NOW)


def test_an_address_is_quoted_and_a_tag_keeps_the_placeholder_of_a_tool() -> None:
    url = image_url("https://t.example", "logo.png", "FAT 1&2", k="abc", s="00")

    assert url == "https://t.example/image/logo.png?id_fatura=FAT%201%262&k=abc&s=00"
    assert image_url("https://t.example", "logo.png") == "https://t.example/image/logo.png"
    assert tag("https://t.example/image/logo.png?id_fatura={{id}}&k=a", 'a"b') == (
        '<img src="https://t.example/image/logo.png?id_fatura={{id}}&amp;k=a" alt="a&quot;b">'
    )
