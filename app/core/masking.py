"""What is shown of people who are masked: enough to tell two apart, too little to reach one. Viewers see others so
where their account says it (`seen_…`)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from flask import Flask, g, has_request_context

from app.core.redaction import scrub

DOTS = "•••"
KEPT_DIGITS = 4
KEPT_BITS = {4: 24, 6: 48}  # of an address: its network


def masks_people() -> bool:
    """Whether whoever makes this request sees people masked; who recognises people sets `g.masks_people`. False for
    client apps, and outside of a request."""
    return bool(has_request_context() and g.get("masks_people", False))


def masked_email(email: str) -> str:
    """`m•••@e•••.com`: the first letters and the last part of the domain."""
    name, at, domain = email.strip().rpartition("@")
    host, dot, last = domain.rpartition(".")
    if not at or not name or not host or not last:
        return DOTS
    return f"{name[0]}{DOTS}@{host[0]}{DOTS}{dot}{last}"


def hinted_email(email: str) -> str:
    """`m***@example.com`, for everybody: what the outbox, the log and the audit keep of a recipient, whose whole domain
    tells why a server refused it. At most 254 characters."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"[:254]


def masked_phone(phone: str) -> str:
    """`•••1234`: the last four digits of a number that has twice as many."""
    digits = "".join(char for char in phone if char.isdigit())
    return f"{DOTS}{digits[-KEPT_DIGITS:]}" if len(digits) >= 2 * KEPT_DIGITS else DOTS


def masked_address(address: str) -> str:
    """The network of an IP address, as its first address: `203.0.113.0` (/24), `2001:db8:1::` (/48)."""
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return DOTS
    return str(ip_network((found, KEPT_BITS[found.version]), strict=False).network_address)


def seen_email(email: str | None) -> str | None:
    """As whoever makes this request sees it."""
    return masked_email(email) if email and masks_people() else email


def seen_phone(phone: str | None) -> str | None:
    return masked_phone(phone) if phone and masks_people() else phone


def seen_address(address: str | None) -> str | None:
    return masked_address(address) if address and masks_people() else address


def seen_text(text: str | None) -> str | None:
    """What people wrote freely, and may have written numbers and addresses into."""
    return scrub(text) if text and masks_people() else text


def init_app(app: Flask) -> None:
    """The filters of templates: `{{ user.email | seen_email }}`."""
    app.jinja_env.filters.update(
        seen_email=seen_email, seen_phone=seen_phone, seen_address=seen_address, seen_text=seen_text
    )
