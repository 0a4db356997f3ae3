from __future__ import annotations
import json, re, itertools, logging
from collections import Counter
import pytest
from sqlalchemy import select, update
from app.core.db import db, write
from app.funnels.models import *
from tests.people import *
J = {"Accept": "application/json"}
X = '<img src=x onerror=alert(1)>"\'`{{7*7}}${1}</script><b>'

@pytest.fixture
def world(app):
    a, b = new_user(app, "admin", email="a@x.example"), new_user(app, "admin", new_account(app), email="b@y.example")
    def build(person, tag):
        t = bearer(app, person); c = app.test_client()
        def api(m, u, body=None): return c.open(u, method=m, json=body, headers=t)
        r = api("POST", "/api/funnels", {"name": "F" + tag, "pattern": "leads", "reasons": ["Preço", X[:100]]}); assert r.status_code == 201, r.json
        f = r.json
        r = api("POST", "/api/contacts", {"name": "Ana" + tag, "phoneNumber": "+5511987654321", "email": "ana.secret@example.com", "tags": ["vip"]}); assert r.status_code == 201, r.json
        contact = r.json["id"]
        r = api("POST", f"/api/funnels/{f['id']}/contacts", {"contactId": contact, "value": 5, "notes": "ligue 11 98765-4321 ou ana.secret@example.com"}); card = r.json["id"]
        r = api("PUT", f"/api/funnels/{f['id']}/contacts/{card}/move", {"stageId": f["stages"][1]["id"]}); change = r.json["changeId"]
        r = api("POST", f"/api/funnels/{f['id']}/rules", {"name": "R", "trigger": "entered", "stageId": f["stages"][2]["id"], "actions": [{"kind": "emit", "event": "lead.qualified"}]}); assert r.status_code == 201; rule = r.json["id"]
        tagid = api("GET", "/api/tags").json["data"][0]["id"]
        r = api("POST", "/api/segments", {"name": "S", "filter": {"tag": "vip"}}); seg = (r.json or {}).get("id")
        r2 = api("POST", f"/api/funnels/{f['id']}/contacts/bulk", {"tag": "vip"}); job = r2.json["id"]
        return dict(person=person, token=t, api=api, funnel=f["id"], stages=[s["id"] for s in f["stages"]], contact=contact, card=card, change=change, rule=rule, tag=tagid, segment=seg, job=job, user=str(person.id))
    return build(a, "A"), build(b, "B"), app

def routes(app):
    for r in app.url_map.iter_rules():
        if "funnel" in r.rule and "/v1/" not in r.rule:
            for m in sorted(r.methods - {"HEAD", "OPTIONS"}): yield m, r

def fill(rule, w):
    p = rule.rule
    p = p.replace("<id>", w["funnel"]).replace("<contact>", w["card"]).replace("<card>", w["card"]).replace("<change>", w["change"]).replace("<rule>", w["rule"]).replace("<rule_id>", w["rule"]).replace("<stage>", w["stages"][0]).replace("<stage_id>", w["stages"][0])
    assert "<" not in p, p
    return p

def dump(w, app):
    out = []
    with app.app_context():
        for t in (Funnel, Stage, Card, CardChange, CardRule, RuleRun):
            rows = db.session.execute(select(t.__table__).where(t.account_id == w["person"].account_id).order_by(t.id)).all()
            out.append([tuple(map(str, r)) for r in rows])
    return out

def test_strangers(world):
    A, B, app = world
    before = dump(A, app)
    tok = B["token"]; br = sign_in(app, B["person"])
    seen = Counter()
    body = {"name": "x", "contactId": B["contact"], "stageId": B["stages"][0], "value": 1, "trigger": "entered", "actions": [{"kind": "emit", "event": "lead.qualified"}], "changeId": A["change"], "job": A["job"], "tag": "vip", "stageIds": A["stages"], "color": "#206bc4", "version": None}
    full = {"stage": A["stages"][1], "version": "", "value": "1", "name": "x", "reason": "y", "contact": B["contact"], "trigger": "entered", "row-0-kind": "emit", "row-0-value": "lead.qualified", "row-0-was": "emit", "format": "csv", "job": A["job"], "collapse": A["stages"][0], "color": "#206bc4", "tag": "vip", "active": "0", "to": "up", "pattern": "leads", "confirm": "FA", "typed": "FA"}
    for m, r in routes(app):
        if "<" not in r.rule and r.rule != "/funnels/add/undo": continue
        u = fill(r, A)
        if u.startswith("/api"):
            ks = None
            bd = body
            if m in ("POST", "PUT"):
                x = app.test_client().open(u, method=m, headers=tok, json=None if u.endswith("restore") else _only(app, r, body))
            else: x = app.test_client().open(u, method=m, headers=tok)
        elif m == "GET": x = br.get(u, headers=HTMX)
        else: x = br.submit(u, full, headers={**J})
        seen[x.status_code] += 1
        if x.status_code != 404: print("STRANGER", m, u[:30], r.rule, x.status_code, x.text[:200])
    # mixed: B's own funnel, A's ids elsewhere
    F = f"/api/funnels/{B['funnel']}"; api = B["api"]
    tries = [
      ("POST", f"{F}/contacts", {"contactId": A["contact"]}), ("POST", f"{F}/contacts", {"contactId": B["contact"], "stageId": A["stages"][0]}), ("POST", f"{F}/contacts", {"contactId": B["contact"], "ownerId": A["user"]}),
      ("PUT", f"{F}/contacts/{B['card']}", {"ownerId": A["user"]}), ("PUT", f"{F}/contacts/{A['card']}", {"value": 1}), ("PUT", f"{F}/contacts/{A['contact']}", {"value": 1}),
      ("PUT", f"{F}/contacts/{B['card']}/move", {"stageId": A["stages"][1]}), ("PUT", f"{F}/contacts/{B['card']}/move", {"stageId": B["stages"][0], "afterId": A["card"], "beforeId": A["card"]}),
      ("POST", f"{F}/contacts/{B['card']}/undo", {"changeId": A["change"]}), ("GET", f"{F}/contacts?stageId={A['stages'][1]}", None), ("GET", f"{F}/contacts?contactId={A['contact']}", None), ("GET", f"{F}/contacts?ownerId={A['user']}", None),
      ("PUT", f"{F}/stages/{A['stages'][0]}", {"name": "z"}), ("DELETE", f"{F}/stages/{A['stages'][0]}", None), ("DELETE", f"{F}/stages/{B['stages'][1]}?to={A['stages'][0]}", None), ("PUT", f"{F}/stages/order", {"stageIds": A["stages"]}),
      ("POST", f"{F}/rules", {"name": "q", "trigger": "entered", "stageId": A["stages"][0], "actions": [{"kind": "emit", "event": "lead.qualified"}]}),
      *[("POST", f"{F}/rules", {"name": "q", "trigger": "entered", "stageId": B["stages"][0], "actions": [act]}) for act in ({"kind": "set_owner", "userId": A["user"]}, {"kind": "notify", "to": A["user"]}, {"kind": "move", "stageId": A["stages"][1]}, {"kind": "add_tag", "tagId": A["tag"]})],
      ("POST", f"{F}/rules", {"name": "q", "trigger": "tagged", "tagId": A["tag"], "actions": [{"kind": "emit", "event": "lead.qualified"}]}),
      ("PUT", f"{F}/rules/{A['rule']}", {"name": "q"}), ("GET", f"{F}/rules/{A['rule']}/runs", None), ("DELETE", f"{F}/rules/{A['rule']}", None),
      ("POST", f"{F}/contacts/bulk", {"segmentId": A["segment"]}), ("POST", f"{F}/contacts/bulk", {"tag": "vip", "stageId": A["stages"][0]}), ("POST", f"{F}/contacts/bulk", {"tag": "vip", "ownerId": A["user"]}), ("POST", f"{F}/contacts/bulk/undo", {"job": A["job"]}),
      ("GET", f"/api/reports/funnels?funnelId={A['funnel']}", None), ("GET", f"/api/reports/funnels?ownerId={A['user']}", None),
    ]
    for m, u, bd in tries:
        x = api(m, u, bd); print("MIX", m, u[45:][:70], bd and {k: str(v)[-30:] for k, v in bd.items()}, x.status_code, x.text[:90])
    P = f"/funnels/{B['funnel']}"
    for u, form in [(f"{P}/cards/{B['card']}/move", {"stage": A["stages"][0]}), (f"{P}/cards/{A['card']}/move", {"stage": B["stages"][0]}), (f"{P}/undo/{A['change']}", {}), ("/funnels/cards", {"contact": A["contact"], "stage": B["stages"][0]}), ("/funnels/cards", {"contact": B["contact"], "stage": A["stages"][0]}), (f"{P}/cards", {"contact": A["contact"], "stage": B["stages"][0], "value": ""}), (f"{P}/cards", {"contact": B["contact"], "stage": A["stages"][0]}), (f"{P}/columns", {"collapse": A["stages"][0]}), (f"{P}/cards/{B['card']}", {"owner": A["user"], "value": "1", "notes": ""}), (f"{P}/cards/{B['card']}/stage", {"stage": A["stages"][0]}), (f"{P}/stages/order", {"order": A["stages"]}), (f"{P}/figures/export", {"format": "csv", "stage": A["stages"][0]}), (f"{P}/figures/export", {"format": "csv", "owner": A["user"]}), ("/funnels/add/undo", {"job": A["job"]}), (f"{P}/add", {"segment": A["segment"] or "", "stage": A["stages"][0]})]:
        x = br.submit(u, form, headers=J); print("PAGE", u[45:], x.status_code, x.text[:100].replace("\n", " "))
    assert dump(A, app) == before
    print(seen)

def _only(app, rule, body):
    view = app.view_functions[rule.endpoint]; op = getattr(view, "operation", None) or getattr(view, "__wrapped__", None)
    b = getattr(op, "body", None)
    if b is None: return None
    names = {f.alias or n for n, f in b.model_fields.items()}
    return {k: v for k, v in body.items() if k in names and v is not None}

def test_roles(world):
    A, B, app = world
    before = dump(A, app)
    for role in ("viewer", "operator"):
        p = new_user(app, role, A["person"].account_id); t = bearer(app, p); br = sign_in(app, p)
        rows = {}
        for m, r in routes(app):
            u = fill(r, A)
            if role == "operator" and m != "GET" and ("cards" in u or "contacts" in u or "undo" in u or u.endswith("/add") or "move" in u or "columns" in u): continue
            if u.startswith("/api"):
                x = app.test_client().open(u, method=m, headers=t, json=_only(app, r, {"name": "x", "contactId": A["contact"], "stageId": A["stages"][0], "changeId": A["change"], "job": A["job"], "trigger": "entered", "actions": [], "stageIds": A["stages"]}) if m in ("POST", "PUT") else None)
            elif m == "GET": x = br.get(u)
            else:
                x = br.submit(u, {"stage": A["stages"][1], "reason": "x", "job": A["job"], "format": "csv"}, headers=J)
                y = br.submit(u, {"stage": A["stages"][1], "reason": "x", "job": A["job"], "format": "csv"}, headers=HTMX)
                if y.status_code != x.status_code: print("differs", u, x.status_code, y.status_code)
            rows.setdefault(x.status_code, []).append(f"{m} {r.rule}")
            if role == "viewer" and x.status_code == 200:
                for leak in ("98765-4321", "987654321", "98765", "ana.secret@", "b@y.example"):
                    if leak in x.text: print("LEAK", role, m, r.rule, leak, [x.text[max(0, i.start()-80):i.end()+20] for i in re.finditer(re.escape(leak), x.text)][:2])
        for s, l in rows.items(): print(role, s, len(l), l if s not in (403,) else "")
        if role == "viewer":
            for q in ("987654321", "ana.secret", "11987654321", "4321", "@example"):
                print("oracle", q, "data-card=\"" in br.get(f"/funnels/{A['funnel']}?q={q}", headers=HTMX).text, app.test_client().get(f"/api/funnels/{A['funnel']}/contacts?q={q}", headers=t).json["pagination"] if True else "")
    assert dump(A, app) == before

HOSTILE = ["NaN", "Infinity", "1e999", "-0", "1e-999", "9"*30, "1e30", "-1", "0.001", "\x00", "\ud800", "\u202eabc", "a"*1_000_000, "=1+1", X, "", " ", "\u200b", True, False, None, 10**30, -10**30, 1.5, 1e308, -0.0, [], {}, [[]], {"a": {"b": []}}, "2026-13-01", "0000-00-00", "99999-01-01", "2026-11-22T00:00:00", "null", "'; DROP TABLE card;--", "%", "me", "none", "1" * 5000]
def test_values(world, caplog):
    A, B, app = world; api = A["api"]; F = f"/api/funnels/{A['funnel']}"
    seen = Counter()
    def note(what, x):
        seen[what.split(" ")[0], x.status_code] += 1
        if x.status_code >= 500: print("5XX", what[:120], x.status_code, x.text[:150])
    bodies = [("POST", f"{F}/contacts", {"contactId": A["contact"], "stageId": None, "value": 1, "notes": "n", "ownerId": None, "expectedClose": None}), ("PUT", f"{F}/contacts/{A['card']}", {"value": 1, "notes": "", "ownerId": "", "expectedClose": "", "version": None}), ("PUT", f"{F}/contacts/{A['card']}/move", {"stageId": A["stages"][4], "afterId": None, "beforeId": None, "reason": "x", "version": None}), ("POST", f"{F}/contacts/{A['card']}/undo", {"changeId": A["change"]}),
      ("POST", "/api/funnels", {"name": "n", "description": "d", "reasons": ["a"], "pattern": "leads"}), ("PUT", F, {"name": "FA", "description": "", "reasons": ["b"], "version": None}), ("POST", f"{F}/stages", {"name": "q", "color": "#206bc4", "kind": "open", "chance": 5, "stalledAfter": 3, "position": 0}), ("PUT", f"{F}/stages/{A['stages'][0]}", {"name": "q2", "color": "#206bc4", "kind": "open", "chance": 5, "stalledAfter": 3, "position": 0, "version": None}), ("PUT", f"{F}/stages/order", {"stageIds": A["stages"], "version": 1}),
      ("POST", f"{F}/rules", {"name": "R", "trigger": "stayed", "stageId": A["stages"][0], "days": 1, "tag": None, "tagId": None, "actions": [{"kind": "emit", "event": "lead.qualified"}], "isActive": True}), ("PUT", f"{F}/rules/{A['rule']}", {"name": "R", "trigger": "entered", "stageId": A["stages"][0], "days": 1, "tag": "t", "tagId": A["tag"], "actions": [{"kind": "emit", "event": "lead.qualified"}], "isActive": True, "version": None}), ("POST", f"{F}/contacts/bulk", {"segmentId": None, "categoryId": None, "tag": "vip", "stageId": None, "ownerId": None, "value": 1}), ("POST", f"{F}/contacts/bulk/undo", {"job": A["job"]})]
    def send(m, u, body):
        try: raw = json.dumps(body, ensure_ascii=True)
        except ValueError: return
        x = app.test_client().open(u, method=m, data=raw, content_type="application/json", headers=A["token"])
        note(f"{m}{u[-25:]} {str(body)[:80]!r}", x); return x
    for m, u, body in bodies:
        for k in body:
            for h in HOSTILE: send(m, u, {**body, k: h})
    for act in ("add_tag", "set_owner", "move", "notify", "emit", "x", None, [], {}):
        for member in ("tag", "tagId", "userId", "stageId", "reason", "to", "event", "kind"):
            for h in HOSTILE[:40]: send("POST", f"{F}/rules", {"name": "R", "trigger": "entered", "stageId": A["stages"][0], "actions": [{"kind": act, "stageId": A["stages"][1], member: h} if act == "move" else {"kind": act, member: h}]})
    for acts in ([{"kind": "emit", "event": "lead.qualified"}] * 5000, [None], [1], ["x"], [[]], "x", {}, [{}]): send("POST", f"{F}/rules", {"name": "R", "trigger": "entered", "stageId": A["stages"][0], "actions": acts})
    deep = "[" * 5000 + "]" * 5000
    note("deep", app.test_client().post(f"{F}/rules", data='{"name":"x","trigger":"entered","stageId":"%s","actions":[{"kind":"emit","event":%s}]}' % (A["stages"][0], deep), content_type="application/json", headers=A["token"]))
    from urllib.parse import quote
    br = sign_in(app, A["person"]); P = f"/funnels/{A['funnel']}"
    H = [quote(h, safe="", errors="surrogatepass") if isinstance(h, str) else str(h) for h in HOSTILE if not (isinstance(h, str) and len(h) > 2000)] + ["%ff%fe", "%00", "%ED%A0%80", "~", "a0", "!!", "~~~~"]
    for path, names in [(P, ["q", "owner", "tag", "value_from", "value_to", "stalled", "expand"]), (f"{P}/stages/{A['stages'][1]}/cards", ["after", "q", "owner"]), (f"{P}/changes", ["since", "shape", "empty", "q"]), (f"{P}/cards/new", ["stage", "q"]), (f"{P}/cards/contacts", ["stage", "q"]), (f"{P}/figures", ["period", "from", "to", "compare", "owner"]), (f"{P}/figures/report.csv", ["period", "from", "to", "owner"]), (f"{P}/add", ["segment", "category", "tag", "segmentId"]), ("/funnels", ["q", "sort", "page", "limit", "deleted"]), (f"{P}/rules", ["page"]), (f"{P}/rules/new", ["trigger", "stage"])]:
        for n in names:
            for h in H: note(f"GET{path[-12:]}?{n} {h[:30]}", br.get(f"{path}?{n}={h}", headers=HTMX))
    for path, names in [(f"{F}/contacts", ["stageId", "ownerId", "contactId", "state", "q", "sort", "after", "page", "limit"]), (f"{F}/rules", ["page", "limit"]), (f"{F}/stages", ["sort", "page", "limit"]), ("/api/funnels", ["q", "sort", "page", "limit"]), ("/api/reports/funnels", ["funnelId", "ownerId", "period", "from", "to"]), (f"{F}/rules/{A['rule']}/runs", ["page", "limit"])]:
        for n in names:
            for h in H: note(f"GET{path[-12:]}?{n} {h[:30]}", app.test_client().get(f"{path}?{n}={h}", headers=A["token"]))
    for m in ("DELETE",):
        for h in H: note(f"DEL {h[:30]}", app.test_client().delete(f"{F}/stages/{A['stages'][0]}?to={h}&version={h}", headers=A["token"])); note(f"DEL2 {h[:30]}", app.test_client().delete(f"{F}/contacts/{A['card']}?version={h or 5}", headers=A["token"]))
    forms = [(f"{P}/cards/{A['card']}/move", {"stage": A["stages"][0], "after": "", "before": "", "reason": "", "version": "", "next": ""}), (f"{P}/cards/{A['card']}", {"value": "1", "notes": "", "owner": "", "expected_close": "", "version": ""}), (f"{P}/cards/{A['card']}/stage", {"stage": A["stages"][4], "reason": "", "other_reason": "", "version": ""}), (f"{P}/cards", {"stage": A["stages"][0], "contact": "", "name": "n", "phone": "", "value": "", "q": ""}), (f"{P}/columns", {"collapse": A["stages"][0], "expand": ""}), (f"{P}/stages", {"name": "z", "color": "#206bc4", "kind": "open", "chance": "1", "stalled_after": "", "position": ""}), (f"{P}/stages/{A['stages'][0]}/edit", {"name": "z", "color": "#206bc4", "kind": "open", "chance": "1", "stalled_after": "", "version": ""}), (f"{P}/stages/order", {"stage": A["stages"][0], "to": "up", "order": "", "version": ""}), (f"{P}/stages/{A['stages'][0]}/delete", {"to": "", "reason": ""}), (f"{P}/rules", {"name": "n", "trigger": "stayed", "stage": A["stages"][0], "days": "1", "tag": "", "row-0-kind": "move", "row-0-was": "move", "row-0-value": A["stages"][1], "row-0-reason": "", "add_row": None, "remove_row": None}), (f"{P}/edit", {"name": "FA", "description": "", "reasons": "", "version": ""}), (f"{P}/figures/export", {"format": "csv", "owner": "", "state": "", "stage": "", "from": "", "to": ""}), (f"{P}/add", {"segment": "", "category": "", "tag": "vip", "stage": "", "owner": "", "value": ""}), (f"{P}/undo/{A['change']}", {"next": ""})]
    for u, form in forms:
        for k in form:
            for h in [h for h in HOSTILE if isinstance(h, str) and "\ud800" not in h] + ["\udcff", "1.234.567,89", "R$"]:
                if len(h) > 100_000: h = h[:300_000]
                try: note(f"FORM{u[-12:]}.{k} {h[:30]!r}", br.submit(u, {**{a: b for a, b in form.items() if b is not None}, k: h.encode("utf-8", "surrogateescape").decode("utf-8", "replace")}, headers=J if "move" in u else HTMX))
                except (RuntimeError,) as e: print("EXC", u, k, e)
    for k, n in sorted(seen.items()): 
        if k[1] >= 500: print(k, n)
    print(Counter(k[1] for k in seen.elements()))
    for rec in caplog.records:
        if rec.levelno >= logging.ERROR:
            import traceback
            print("LOG", rec.getMessage()[:200], "".join(traceback.format_exception(*rec.exc_info)[-3:])[-900:] if rec.exc_info else "")
