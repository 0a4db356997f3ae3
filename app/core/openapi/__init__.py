"""The OpenAPI 3.1 document of every endpoint, and pages to read it."""

from __future__ import annotations

from app.core.openapi.build import build
from app.core.openapi.callers import Callers, CallersOf
from app.core.openapi.routes import document, routes, undocumented
from app.core.openapi.serving import register

__all__ = ["Callers", "CallersOf", "build", "document", "register", "routes", "undocumented"]
