"""Static files: read once, kept compressed in memory, cached for ever under a URL that carries their hash."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, current_app, has_request_context, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from app.core.access import public

EXTENSION = "kalitrack.assets"  # name -> path
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}  # nothing else in the folder (licences, the fetch script) is served
COMPRESSED = frozenset({".css", ".js", ".svg"})
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    gzipped: bytes | None
    version: str
    content_type: str


@lru_cache(maxsize=256)
def _read(path: Path, changed_ns: int) -> Asset:
    body = path.read_bytes()
    gzipped = gzip.compress(body, 9, mtime=0) if path.suffix in COMPRESSED else None
    return Asset(body, gzipped, hashlib.sha256(body).hexdigest()[:12], TYPES[path.suffix])


class PageSessions(SecureCookieSessionInterface):
    """Sessions that static files do not touch. Flask-Login looks into the session of each request, which would add
    `Vary: Cookie`, and a browser would fetch every file again after each sign-in."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static":
            super().save_session(app, session, response)


def find(name: str) -> Asset | None:
    """The asset `name` ('css/app.css'), or None. Only what was in the folder at start exists, so that no request can
    name a path."""
    path: Path | None = current_app.extensions[EXTENSION].get(name)
    return None if path is None else _read(path, path.stat().st_mtime_ns)


def asset_url(name: str) -> str:
    """The URL of a static file with its version; a name that does not exist is a mistake and raises LookupError."""
    asset = find(name)
    if asset is None:
        raise LookupError(f"no static file {name!r}")
    return _url(request.script_root, name, asset.version) if has_request_context() else _built(name, asset.version)


@lru_cache(maxsize=1024)
def _url(_root: str, name: str, version: str) -> str:
    """Kept: a page names dozens, most of them the icons."""
    return _built(name, version)


def _built(name: str, version: str) -> str:
    return url_for("static", filename=name, v=version)


@public
def serve(filename: str) -> Response:
    """Flask's `static` view. Only a URL with the current version may be kept for ever."""
    asset = find(filename)
    if asset is None:
        abort(404)
    response = Response(asset.body, content_type=asset.content_type)
    if asset.gzipped is not None:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") > 0:
            response.set_data(asset.gzipped)
            response.content_encoding = "gzip"
    response.set_etag(asset.version + ("-gz" if response.content_encoding else ""))
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") == asset.version else "public, no-cache"
    response.make_conditional(request)
    return response


def init_app(app: Flask) -> None:
    folder = Path(app.static_folder or "")
    files = (path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file())
    app.extensions[EXTENSION] = {path.relative_to(folder).as_posix(): path for path in files}
    app.view_functions["static"] = serve
    app.session_interface = PageSessions()
    app.jinja_env.globals["asset_url"] = asset_url
