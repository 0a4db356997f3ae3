"""The simulator's own pages: `/_simulator/…` in JSON for programs, `/` for people."""

from __future__ import annotations

import itertools
import json
from html import escape
from typing import Any

from app.core.redaction import redact
from app.simulator.platforms import Answer, Request
from app.simulator.stage import Stage

PREFIX = "/_simulator/"
PAGE_OF_ARRIVALS = 10_000
SHOWN_CALLS = 50


def control(stage: Stage, request: Request) -> Answer | None:
    """The answer of a control page; None for a path that is none."""
    if request.path == "/":
        return Answer(200, index(stage), (), {"Content-Type": "text/html; charset=utf-8"})
    if not request.path.startswith(PREFIX):
        return None
    verb = request.method, request.path.removeprefix(PREFIX)
    try:
        return _answer(stage, verb, request)
    except (TypeError, ValueError) as error:
        return Answer(400, {"error": str(error)})


def _answer(stage: Stage, verb: tuple[str, str], request: Request) -> Answer:
    query = request.query
    match verb:
        case "GET", "received":
            calls = stage.received(query.get("platform"), query.get("pixel"), int(query.get("limit", 100)))
            return Answer(200, {"data": [call.told() for call in calls]})
        case "GET", "counts":
            return Answer(200, stage.counts())
        case "GET", "arrivals":
            return Answer(200, arrivals(stage, int(query.get("offset", 0))))
        case "GET", "behaviour":
            return Answer(200, {"data": stage.rules()})
        case "POST", "behaviour":
            if not isinstance(request.body, dict):
                raise ValueError("the body is a JSON object")
            stage.behave(**request.body)
            return Answer(200, {"data": stage.rules()})
        case "POST", "calm":
            stage.calm()
            return Answer(200, {})
        case "POST", "reset":
            stage.reset()
            return Answer(200, {})
    return Answer(404, {"error": "no such control page"})


def arrivals(stage: Stage, offset: int) -> dict[str, Any]:
    """`{event id: [times, first Unix time]}`, a page at a time; `next` is the offset of the following page."""
    times, first_at = stage.arrivals, stage.first_at
    page = itertools.islice(times.items(), offset, offset + PAGE_OF_ARRIVALS)
    following = offset + PAGE_OF_ARRIVALS
    return {
        "data": {identity: [count, first_at[identity]] for identity, count in page},
        "next": following if following < len(times) else None,
    }


def index(stage: Stage) -> str:
    counts = stage.counts()
    rules = "".join(f"<li><code>{_shown(rule)}</code></li>" for rule in stage.rules()) or "<li>as the platforms do</li>"
    pixels = "".join(
        f"<tr><td>{escape(pixel)}</td><td>{row['calls']}</td><td>{row['events']}</td><td>{row['duplicates']}</td></tr>"
        for pixel, row in counts["pixels"].items()
    )
    calls = "".join(
        f"<tr><td>{escape(call.told()['time'])}</td><td>{escape(call.platform)}</td><td>{escape(call.pixel)}</td>"
        f"<td>{call.status or call.behaviour}</td><td>{call.events}</td><td><code>{_shown(call.body)}</code></td></tr>"
        for call in reversed(stage.received(limit=SHOWN_CALLS))
    )
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Platform simulator</title>
<style>body{{font:14px system-ui;margin:2em}}td,th{{padding:2px 10px;text-align:left;vertical-align:top}}</style>
<h1>Platform simulator</h1>
<p>{counts["calls"]} calls, {counts["events"]} events taken, {counts["unique"]} different, {counts["duplicates"]} twice
or more.</p>
<h2>Behaviour</h2><ul>{rules}</ul>
<h2>Pixels</h2><table><tr><th>pixel</th><th>calls</th><th>events</th><th>duplicates</th></tr>{pixels}</table>
<h2>Latest calls</h2><table><tr><th>time</th><th>platform</th><th>pixel</th><th>answer</th><th>events</th><th>body</th>
</tr>{calls}</table>
<p>Control: <code>GET {PREFIX}received counts arrivals behaviour</code>,
<code>POST {PREFIX}behaviour calm reset</code></p></html>"""


def _shown(value: Any) -> str:
    text = json.dumps(redact(value), ensure_ascii=False)
    return escape(text if len(text) <= 600 else text[:600] + "…")
