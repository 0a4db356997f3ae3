from __future__ import annotations
import re, json
from html.parser import HTMLParser
from sqlalchemy import select
from app.core.db import db, write
from app.funnels.models import *
from tests.people import *
X = '<img src=x onerror=alert(1)>"\'`</script>'
def test_xss(app):
    p = new_user(app, "admin", name=X, email="x@x.example"); t = bearer(app, p); br = sign_in(app, p)
    def api(m, u, b=None):
        x = app.test_client().open(u, method=m, json=b, headers=t)
        if x.status_code >= 400: print("!!", m, u[-20:], x.status_code, x.text[:200])
        return x.json
    f = api("POST", "/api/funnels", {"name": "F" + X, "description": X, "reasons": [X], "pattern": "leads"}); F = f"/api/funnels/{f['id']}"
    st = [s["id"] for s in f["stages"]]
    for s in st: api("PUT", f"{F}/stages/{s}", {"name": X + s[-4:], "stalledAfter": 1})
    c = api("POST", "/api/contacts", {"name": X, "company": X, "tags": [X]})["id"]
    c2 = api("POST", "/api/contacts", {"name": "=HYPERLINK(1)", "company": "+cmd|x", "tags": ["@t"]})["id"]
    api("POST", f"{F}/rules", {"name": X, "trigger": "entered", "stageId": st[1], "actions": [{"kind": "add_tag", "tag": X + "2"}, {"kind": "move", "stageId": st[4], "reason": X}, {"kind": "set_owner", "userId": str(p.id)}, {"kind": "notify", "to": str(p.id)}]})
    k = api("POST", f"{F}/contacts", {"contactId": c, "value": 9, "notes": X, "ownerId": str(p.id), "expectedClose": "2020-01-01"})["id"]
    k2 = api("POST", f"{F}/contacts", {"contactId": c2, "value": 9, "ownerId": str(p.id)})["id"]
    with app.app_context(), write() as s:
        from datetime import timedelta
        s.get(Card, UUID(k)).entered_at -= timedelta(days=5)
    P = f"/funnels/{f['id']}"; J = {"Accept": "application/json"}
    texts = {}
    def keep(n, x): texts[n] = x; 
    r = br.get(f"{P}/changes?since=0&shape=x", headers=J)
    page = br.get(P).text; keep("board", page); keep("frag", br.get(P, headers=HTMX).text)
    shape = re.search(r"shape=(\w+)", page)[1]
    ch = br.get(f"{P}/changes?since=0&shape={shape}", headers=J); print("changes", ch.status_code)
    keep("changes.html", "".join(x["html"] for x in ch.json["cards"]) + "".join(ch.json["heads"].values()))
    m = br.submit(f"{P}/cards/{k2}/move", {"stage": st[4], "reason": "=1+1"}, headers=J); print(m.status_code, m.json["said"])
    m = br.submit(f"{P}/cards/{k}/move", {"stage": st[1]}, headers=J).json
    keep("move", (m["card"] or {}).get("html", "") + "".join(m["heads"].values())); print(m["said"])
    for n, u in [("panel", f"{P}/cards/{k}"), ("panel2", f"{P}/cards/{k2}"), ("new", f"{P}/cards/new?q=%3Cimg+src"), ("found", f"{P}/cards/contacts?q=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E"), ("filters", f"{P}?q=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E&tag=%22%3E%3Cimg+src%3Dx+onerror%3D1%3E&owner=x%22%3E%3Cimg&value_from=%3Cimg+src%3Dx"), ("index", "/funnels?q=%3Cimg"), ("edit", f"{P}/edit"), ("del", f"{P}/delete"), ("sdel", f"{P}/stages/{st[4]}/delete"), ("sedit", f"{P}/stages/{st[0]}/edit"), ("rules", f"{P}/rules"), ("rnew", f"{P}/rules/new"), ("figs", f"{P}/figures"), ("add", f"{P}/add?tag=%3Cimg+src%3Dx%3E"), ("contact", f"/contacts/{c}"), ("cards", f"{P}/stages/{st[4]}/cards"), ("audit", "/audit"), ("home", "/")]:
        for h in ({}, HTMX):
            x = br.get(u, headers=h); texts[n + str(bool(h))] = x.text
            if x.status_code >= 400: print(n, x.status_code)
    rid = api("GET", f"{F}/rules")["data"][0]["id"]; texts["redit"] = br.get(f"{P}/rules/{rid}/edit").text
    b = api("POST", f"{F}/contacts/bulk", {"tag": "@t"}); texts["job"] = br.get(f"/jobs/{b['id']}").text
    x = br.submit(f"{P}/add", {"tag": X, "value": ""}); print("add", x.status_code); texts["afteradd"] = br.get(P).text
    br.submit(f"{P}/cards/{k}/stage", {"stage": st[0], "reason": X}); texts["aftermove"] = br.get(P).text
    br.submit(f"{P}/cards/{k}/move", {"stage": st[1]}, ); texts["aftermove2"] = br.get(P).text
    br.submit(f"{P}/cards/{k}/remove", {}, htmx=True); texts["removed"] = br.get(f"{P}/cards/{k}").text
    class Seek(HTMLParser):
        def __init__(s): super().__init__(); s.bad = []
        def handle_starttag(s, tag, attrs):
            for a, v in attrs:
                if a.startswith("on") or "`" in a or "<" in a or '"' in a or "'" in a: s.bad.append((tag, attrs))
                if a in ("style",): s.bad.append((tag, a, v))
            if tag == "img" and dict(attrs).get("src") == "x": s.bad.append((tag, attrs))
    for n, x in texts.items():
        q = Seek(); q.feed(x)
        if q.bad: print("XSS", n, q.bad[:2])
    print("pages", len(texts), sum("onerror" in x for x in texts.values()))
    # exports
    import io
    for fmt in ("csv", "xlsx"):
        e = br.submit(f"{P}/figures/export", {"format": fmt}); print(e.status_code, e.headers.get("Content-Type"), e.headers.get("Content-Disposition"))
        if fmt == "csv": print(e.data.decode()[:900])
    e = br.get(f"{P}/figures/report.csv"); print([l for l in e.data.decode().splitlines() if "1+1" in l or "HYPER" in l or "cmd" in l])
    # mail
    from app.outbound.mail.models import MailMessage
    with app.app_context():
        for row in db.session.execute(select(MailMessage.__table__)).all(): print("MAIL", str(row)[:300])
        from app.core.models import Job
        for j in db.session.scalars(select(Job)): print("JOB", j.kind, j.params)
    # CSRF on every POST
    for rr in app.url_map.iter_rules():
        if rr.rule.startswith("/funnels") and "POST" in rr.methods:
            u = re.sub(r"<[^>]+>", f["id"], rr.rule)
            for h in ({}, J, HTMX):
                z = br.post(u, data={}, headers=h)
                if z.status_code not in (400, 403): print("CSRF", u, h, z.status_code)
