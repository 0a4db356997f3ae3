"""A Flask route that serves an image and records nothing: what the framework alone costs. Written as Flask's quick
start has a route (flask.palletsprojects.com, "Quickstart"). Needs REFERENCE_IMAGE."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, request

app = Flask(__name__)
IMAGE = Path(os.environ["REFERENCE_IMAGE"]).read_bytes()


@app.get("/image/<file>")
def show(file: str) -> Response:
    request.args.get("id_fatura")
    return Response(IMAGE, mimetype="image/png", headers={"Cache-Control": "no-store"})
