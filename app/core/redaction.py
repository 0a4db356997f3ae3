"""What must not be read in logs and stored answers: secrets and personal details, found by key and by form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "[redacted]"
MARGIN = 8 * 1024  # how far past its limit a text is looked at
EDGE = 256  # dropped where a longer input is cut, so that no half of a secret stays behind unrecognised
DEEPEST = 6
MOST_ITEMS = 200

# Every pattern is linear: a run is entered only at its start (look-behind), taken whole (possessive `++`) or bounded.
_WORDS = (
    "token", "secret", "passw", "senha", "authorization", "cookie", "key", "proof", "mail", "phone", "telefone",
    "celular", "cpf",
)  # fmt: skip  # a text with none of these has no key to look for
_KEY_ENDS = (
    r"(?:token|secret|passwo?r?d|passwd|senha|authorization|cookie|(?:api|private|secret|access)[_-]?key|"
    r"secret_proof|e-?mail|phone(?:_?number)?|telefone|celular|cpf)"
)
_KEYS = rf"[\w-]{{0,40}}?{_KEY_ENDS}"
_SENSITIVE_KEY = re.compile(
    r"token|secret|passw|senha|authorization|cookie|(?:api|private|access)[_-]?key|proof|e-?mail|phone|telefone|celular|"
    r"cpf|^(?:em|ph|fn|ln|db|ct|zp)$",
    re.IGNORECASE,
)
_HARMLESS_KEY = re.compile(r"(?:_id|Id|_count|Count|_at|At|_type|Type)$")

_VALUE = (
    r"""(?:(?P<quote>\\{1,4}["'])[^"'\\]*+|(?P<double>")(?:[^"\\]|\\.)*+|(?P<single>')(?:[^'\\]|\\.)*+"""
    r"""|\[[^\]]*+\]?+|[^\s&,;}\])"']++)"""
)
_HIDDEN = rf"\g<start>\g<quote>\g<double>\g<single>{MASK}"
_QUOTED_KEY = re.compile(
    rf"""(?P<start>["']{_KEYS}\\{{0,4}}["']\s{{0,4}}[:=]\s{{0,4}}){_VALUE}""", re.IGNORECASE | re.DOTALL
)
_ASSIGNED = re.compile(
    rf"(?P<start>{_KEY_ENDS}\s{{0,2}}(?:=|%3D)\s{{0,2}}){_VALUE}",
    re.IGNORECASE | re.DOTALL,
)
_WRITTEN = re.compile(  # `password: x` hides x; `access token: Session has expired` stays readable
    r"(?P<start>(?:passwo?r?d|passwd|senha|[a-z]_token|api[_-]?key|[a-z]_secret)\s{0,2}:\s{0,2})" + _VALUE,
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(
    r"""((?:authorization|cookie)["']?\s{0,4}[:=]\s{0,4}["']?)(?:(?:bearer|basic|digest|token)\s++)?[^"'\s,;]++""",
    re.IGNORECASE,
)
_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"[Bb][Ee][Aa][Rr][Ee][Rr]\s++[A-Za-z0-9._~+/=|-]{6,}+"
    r"|kt_(?:live|at|test|rt)_[A-Za-z0-9_-]++"
    r"|(?<=/callback\?)[^\s\"'<>]++"  # what a sign-in provider sends people back with: a code, a state
    r"|(?<=/setup/)[A-Za-z0-9_-]{16,}+"  # the one-time link that creates the administrator
    r"|(?<=/invitation/)[A-Za-z0-9_-]{16,}+"  # the one-time link into a team
    r"|(?:(?<=/verify/)|(?<=/reset/)|(?<=/profile/email/))[A-Za-z0-9_-]{16,}+"  # one-time links in letters
    r"|(?<=/preferences/)[A-Za-z0-9_-]{16,}+"  # the link to a person's own page
    r"|eyJ[A-Za-z0-9_-]{4,}+\.[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]*+)?+"  # JWT
    r"|EAA[A-Za-z0-9]{16,}+"  # Meta
    r"|ya29\.[A-Za-z0-9_-]++|1//[A-Za-z0-9_-]{20,}+"  # Google
    r"|gAAAAA[A-Za-z0-9_=-]{20,}+"  # Fernet
    r"|[0-9a-fA-F]{64}(?![0-9A-Za-z])"  # the hash of a person's detail, or a key
    r")"
)
_USER_IN_URL = re.compile(r"(://)[^/\s:@\"']{0,256}:[^/\s@\"']{1,256}@")
_DOMAIN = r"[\w-]++(?:\.[\w-]++)++"
_EMAIL = re.compile(rf"(?<![\w.%+'-])[\w.%+'-]++@{_DOMAIN}|(?<![\w.+-])[\w.+-]++%40{_DOMAIN}")
_CPF = re.compile(r"(?<![\d.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)")
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ .()-]{0,2}\d){9,14}(?!\d)"  # +55 (11) 99999-9999
    r"|(?<!\w)\(0?\d{2,3}\)[ .-]{0,2}\d{3,5}[ .-]{0,2}\d{4}(?!\d)"  # (11) 99999-9999
    r"|(?<![\w.:+/-])(?:\d{1,3}[ -])?\d{2,3}[ -]\d{3,5}-\d{4}(?![\w:-])"  # 11 99999-9999, 415-555-2671
    r"|(?<![\w.:+/-])(?:55[ -]?)?\d{2}[ -]9[ -]?\d{4}[ -]?\d{4}(?![\w:-])"  # 11 999999999, 55 11 9 9999 9999
    r"|(?<![\w.:+/-])55[1-9]\d9\d{8}(?!\w)"  # a Brazilian mobile as WhatsApp writes it; no platform's id has 13 digits
)


def scrub(text: str, limit: int = 2048) -> str:
    """`text` without tokens, passwords, e-mail addresses, phones and CPFs, at most `limit` characters (cut with `…`).

    Made for platforms' answers and exception texts: words, codes and ids (UUIDs, pixel ids, times) stay. Time is linear
    in what is looked at, and that is not much more than `limit`.
    """
    if len(text) > limit + MARGIN:
        text = text[: limit + MARGIN - EDGE]
    if "=" in text or ":" in text or "%3D" in text:
        small = text.lower()
        if any(word in small for word in _WORDS):
            text = _HEADER.sub(rf"\1{MASK}", text)
            text = _QUOTED_KEY.sub(_HIDDEN, text)
            text = _ASSIGNED.sub(_HIDDEN, text)
            text = _WRITTEN.sub(_HIDDEN, text)
        if "://" in text:
            text = _USER_IN_URL.sub(rf"\1{MASK}@", text)
    text = _TOKENS.sub(MASK, text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(MASK, text)
    text = _CPF.sub(MASK, text)
    text = _PHONE.sub(MASK, text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def is_sensitive(key: str) -> bool:
    """Whether what stands under this key is hidden whole. `token_id`, `emailCount` and the like are not."""
    return bool(_SENSITIVE_KEY.search(key)) and not _HARMLESS_KEY.search(key)


def redact(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON-like value, safe to print: sensitive keys hidden, texts scrubbed, size and depth bounded.
    What is not JSON becomes its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return scrub(value)
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MOST_ITEMS]
        return {scrub(str(k), 200): MASK if is_sensitive(str(k)) else redact(v, depth + 1) for k, v in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in list(value)[:MOST_ITEMS]]
    try:
        return scrub(str(value))
    except Exception:  # a broken __str__ must not silence the log line
        return f"<{type(value).__name__}>"


def masked(secret: str) -> str:
    """`…1234`: enough to tell two tokens apart, and nothing when the secret is short."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else "…"
