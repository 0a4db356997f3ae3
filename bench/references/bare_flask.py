"""The least that Flask can do with a JSON body: read it, answer. Nothing is checked, nothing is kept."""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.post("/api/tracking/events")
def create() -> ResponseReturnValue:
    body = request.get_json()
    return jsonify(success=True, event_id=body["event_id"]), 202
