"""The blueprint that the pages of opens share."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("opens", __name__)
