"""A Flask route that reads an event, checks token and fields by hand, and answers: nothing is looked up or kept. JSON
as in Flask's quick start ("APIs with JSON")."""

from __future__ import annotations

import hashlib
import hmac

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from bench.references import REFERENCE_TOKEN

TOKEN_HASH = hashlib.sha256(REFERENCE_TOKEN.encode()).hexdigest()
TEXTS = ("pixel_id", "event_name", "event_id", "click_id")
app = Flask(__name__)


@app.post("/api/tracking/events")
def create() -> ResponseReturnValue:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(hashlib.sha256(token.encode()).hexdigest(), TOKEN_HASH):
        return jsonify(error="Unauthorized"), 401
    body = request.get_json()
    for name in TEXTS:
        if not isinstance(body.get(name), str) or not body[name]:
            return jsonify(error=f"Missing {name}"), 400
    if not isinstance(body.get("value", 0), int | float) or body.get("value", 0) < 0:
        return jsonify(error="value must be a number of 0 or more"), 400
    return jsonify(success=True, event_id=body["event_id"]), 202
