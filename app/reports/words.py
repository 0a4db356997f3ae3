"""What helps a platform to recognise people, in words."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

SIGNS: dict[str, Any] = {
    "em": _l("E-mail"),
    "ph": _l("Phone"),
    "fbc": _l("Click (fbc)"),
    "fbp": _l("Browser (fbp)"),
    "address": _l("Network address"),
    "agent": _l("Browser's user agent"),
}
TIPS: dict[str, Any] = {
    "em": _l("Send the e-mail in “email”: clear or as SHA-256. It recognises more people than any other field."),
    "ph": _l("Send the phone in “phone” with country and area code, such as +5511999999999."),
    "fbc": _l("Keep the fbclid of the landing page's address and send it in “fbclid” with every later event."),
    "fbp": _l("Send the value of the cookie _fbp, which Meta's pixel sets on your site, in “fbp”."),
    "address": _l("Send the visitor's network address in “client_ip_address”, not your server's."),
    "agent": _l("Send the visitor's browser in “client_user_agent”, as the User-Agent header has it."),
}
