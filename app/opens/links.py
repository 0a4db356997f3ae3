"""Addresses of images as e-mails carry them: plain, signed, and for a look that does not count."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

SIGNATURE_LENGTH = 16  # hex digits: 64 bits, for a short link that nobody forges by trying
ID = "id_fatura"
MAX_AHEAD_S = 7 * 86_400  # how long a preview link may last


def signature(key: bytes, file: str, ref: str) -> str:
    """The `s` of a signed link: HMAC-SHA256 of `file|id`, the id as it is stored (facts, opens §1.2)."""
    return hmac.new(key, f"{file}|{ref}".encode(), hashlib.sha256).hexdigest()[:SIGNATURE_LENGTH]


def is_signed(keys: tuple[bytes, ...], file: str, ref: str, given: str) -> bool:
    """Whether one of the live keys made this signature."""
    shown = given.lower().encode("utf-8", "replace")
    return any(hmac.compare_digest(signature(key, file, ref).encode(), shown) for key in keys)


def preview_token(key: bytes, file: str, until: datetime) -> str:
    """`preview=` of a link that shows the image and counts nothing, until a time (at most a week ahead)."""
    seconds = f"{int(until.timestamp()):x}"
    return f"{seconds}.{_preview_mac(key, file, seconds)}"


def is_preview(keys: tuple[bytes, ...], file: str, given: str, now: datetime) -> bool:
    seconds, _dot, mac = given.partition(".")
    if not 1 <= len(seconds) <= 10 or not all(digit in "0123456789abcdef" for digit in seconds):
        return False
    if not 0 <= int(seconds, 16) - now.timestamp() <= MAX_AHEAD_S:
        return False
    shown = mac.encode("utf-8", "replace")
    return any(hmac.compare_digest(_preview_mac(key, file, seconds).encode(), shown) for key in keys)


def _preview_mac(key: bytes, file: str, seconds: str) -> str:
    return hmac.new(key, f"preview|{file}|{seconds}".encode(), hashlib.sha256).hexdigest()[:SIGNATURE_LENGTH]


def image_url(public_url: str, file: str, ref: str = "", **more: str) -> str:
    """`…/image/logo.png?id_fatura=FAT001`; `more` in order: k, s, preview."""
    query = ({ID: ref} if ref else {}) | more
    return f"{public_url}/image/{quote(file)}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")


def tag(url: str, alt: str = "") -> str:
    """The `<img>` to copy; `url` may hold a tool's placeholder, which stays as it is."""
    return f'<img src="{_quoted(url)}" alt="{_quoted(alt)}">'


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")
