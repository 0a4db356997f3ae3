"""The security headers of every answer, for Flask and for the front door alike (facts: ASVS 3.4, strict CSP)."""

from __future__ import annotations

from flask import Flask, Response, request

CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
ONE_YEAR_S = 31_536_000


def security_headers(is_html: bool, private: bool, tls: bool) -> list[tuple[str, str]]:
    """The headers to add, as (name, value). `private`: the answer must not be stored by any cache."""
    headers = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")]
    if is_html:
        headers += [
            ("Content-Security-Policy", CSP),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Permissions-Policy", PERMISSIONS),
        ]
    if private:
        headers.append(("Cache-Control", "no-store"))
    if tls:
        headers.append(("Strict-Transport-Security", f"max-age={ONE_YEAR_S}"))
    return headers


def init_app(app: Flask) -> None:
    """Adds them to all that Flask answers. A view's own header stays: that is how a token page says `no-referrer`
    and how a public file says that it may be cached; whatever says nothing about caching is not stored."""

    @app.after_request
    def dress(response: Response) -> Response:
        is_html = response.mimetype in ("text/html", "application/xhtml+xml", "image/svg+xml")
        for name, value in security_headers(is_html, private=True, tls=request.is_secure):
            if name not in response.headers:
                response.headers[name] = value
        return response
