from __future__ import annotations
import random, threading, time, logging, os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
import pytest
from sqlalchemy import func, select
from app.core.db import db, write
from app.funnels.models import *
from app.funnels.states import State
from app.contacts.models import Contact, Tag
from tests.people import *
from app.core.access import Actor

SECS = float(os.environ.get("SECS", "20"))

def whole(fid):
    s = db.session()
    cards = {c.id: c for c in s.scalars(select(Card).where(Card.funnel_id == fid))}
    ch = s.scalars(select(CardChange).where(CardChange.funnel_id == fid).order_by(CardChange.revision)).all()
    assert max(Counter((c.stage_id, c.rank) for c in cards.values()).values()) == 1
    f = s.get(Funnel, fid)
    assert [c.revision for c in ch] == list(range(1, f.revision + 1))
    stages = {x.id: x for x in s.scalars(select(Stage).where(Stage.funnel_id == fid))}
    live = sorted(x.position for x in stages.values() if x.deleted_at is None)
    assert live == list(range(len(live))), live
    contacts = {c.id: c for c in s.scalars(select(Contact))}
    bad = []
    for i, c in cards.items():
        own = [x for x in ch if x.card_id == i]
        if [x.from_stage_id for x in own[1:]] != [x.to_stage_id for x in own[:-1]]:
            bad.append(("chain", i, [(x.kind, str(x.from_stage_id)[-4:], str(x.to_stage_id)[-4:], x.to_state) for x in own]))
        if (own[-1].to_stage_id, own[-1].to_state) != (c.stage_id, c.state): bad.append(("last", i))
        if c.version != len(own): bad.append(("version", i, c.version, [(x.kind, x.fields) for x in own]))
        if c.revision != own[-1].revision: bad.append(("rev", i))
        if stages[c.stage_id].kind != c.state: bad.append(("kind", i, stages[c.stage_id].kind, c.state, c.removed_at))
        if c.removed_at is None:
            if stages[c.stage_id].deleted_at is not None: bad.append(("in a deleted stage", i, [(x.kind) for x in own]))
            if c.contact_id is None or contacts[c.contact_id].deleted_at is not None: bad.append(("of a deleted contact", i, [(x.kind, x.actor) for x in own]))
    told = s.scalar(select(func.sum(CardChange.open_delta)).where(CardChange.funnel_id == fid))
    ov = sum((c.value for c in cards.values() if c.state == State.OPEN and c.removed_at is None), Decimal(0))
    if told != ov: bad.append(("sum", told, ov))
    opens = Counter(c.contact_id for c in cards.values() if c.state == "open" and c.removed_at is None)
    if opens and max(opens.values()) > 1: bad.append("two open")
    return bad

def test_storm(app, caplog):
    person = new_user(app, "admin")
    token = bearer(app, person)
    client = app.test_client
    def api(method, path, body=None, c=None):
        return (c or client()).open(path, method=method, json=body, headers=token)
    fs = [api("POST", "/api/funnels", {"name": f"F{i}", "pattern": "leads"}).json for i in range(2)]
    tags = [api("POST", "/api/tags", {"name": f"t{i}"}).json["id"] for i in range(4)]
    people = []
    for i in range(40):
        r = api("POST", "/api/contacts", {"name": f"P{i}", "phoneNumber": f"+55119{80000000+i}", "tags": [f"t{i%4}"]})
        assert r.status_code == 201, r.json
        people.append(r.json["id"])
    for f in fs:
        for p in people[:25]:
            assert api("POST", f"/api/funnels/{f['id']}/contacts", {"contactId": p, "value": "10.50"}).status_code == 201
    st = [s["id"] for s in fs[0]["stages"]]
    r = api("POST", f"/api/funnels/{fs[0]['id']}/rules", {"name": "R1", "trigger": "entered", "stageId": st[1], "actions": [{"kind": "add_tag", "tag": "t1"}, {"kind": "move", "stageId": st[2]}, {"kind": "set_owner", "userId": str(person.id)}]})
    assert r.status_code == 201, r.json
    api("POST", f"/api/funnels/{fs[0]['id']}/rules", {"name": "R2", "trigger": "tagged", "tag": "t2", "actions": [{"kind": "add_tag", "tag": "t3"}]})
    end = time.monotonic() + SECS
    jobs, changes = [], []
    seen = Counter(); slow = Counter(); bodies = {}
    def worker(n):
        rnd = random.Random(n)
        c = client()
        b = sign_in(app, person)
        csrf = b.csrf_token()
        while time.monotonic() < end:
            f = rnd.choice(fs); F = f"/api/funnels/{f['id']}"
            p = rnd.choice(people)
            with app.app_context():
                stages = list(map(str, db.session.scalars(select(Stage.id).where(Stage.funnel_id == UUID(f["id"]), Stage.deleted_at.is_(None)))))
                cards = list(map(str, db.session.scalars(select(Card.id).where(Card.funnel_id == UUID(f["id"])))))
            s = rnd.choice(stages) if stages else f["stages"][0]["id"]; k = rnd.choice(cards); k2 = rnd.choice(cards)
            op = rnd.choices(["move","bmove","undo","bundo","remove","restore","put","create","cdel","cres","merge","quick","snew","sdel","sdel2","order","skind","bulk","bulkundo","rule","tagmerge","fdel","fren","board","changes","list","fig","panel","pstage","tagdel"],
                             [8,8,4,4,4,4,3,5,3,4,2,3,2,1,2,2,1,2,2,2,.5,1,1,2,3,2,1,2,3,.3])[0]
            t = time.monotonic()
            g = lambda m, u, bd=None: api(m, u, bd, c)
            form = {"headers": {"Accept": "application/json"}}
            try:
                if op == "move": r = g("PUT", f"{F}/contacts/{rnd.choice([p,k])}/move", {"stageId": s, "afterId": rnd.choice([None, k2]), "reason": "x", "version": rnd.choice([None,2])})
                elif op == "bmove":
                    r = b.post(f"/funnels/{f['id']}/cards/{k}/move", data={"stage": s, "after": rnd.choice([k2,"","last"]), "reason": "Preço", "csrf_token": csrf}, **form)
                elif op == "undo": r = g("POST", f"{F}/contacts/{p}/undo", {"changeId": changes[-rnd.randint(1, min(8,len(changes)))][0] if changes else p})
                elif op == "bundo":
                    cid = rnd.choice(changes[-10:])[0] if changes else p
                    r = b.post(f"/funnels/{f['id']}/undo/{cid}", data={"csrf_token": csrf}, **form)
                elif op == "remove": r = g("DELETE", f"{F}/contacts/{p}")
                elif op == "restore": r = g("POST", f"{F}/contacts/{p}/restore")
                elif op == "put": r = g("PUT", f"{F}/contacts/{k}", {"value": rnd.randint(0, 99), "notes": "n"})
                elif op == "create": r = g("POST", f"{F}/contacts", {"contactId": p, "stageId": s, "value": 3})
                elif op == "cdel": r = g("DELETE", f"/api/contacts/{p}")
                elif op == "cres": r = g("POST", f"/api/contacts/{p}/restore")
                elif op == "merge": r = g("POST", f"/api/contacts/{p}/merge", {"otherId": rnd.choice(people)})
                elif op == "quick":
                    r = b.post(f"/funnels/{f['id']}/cards", data={"stage": s, "name": "Novo", "phone": f"1198{rnd.randint(1000000,1000030)}", "value": "1,00", "csrf_token": csrf}, headers=HTMX)
                elif op == "snew": r = g("POST", f"{F}/stages", {"name": f"s{rnd.randint(0,8)}", "kind": rnd.choice(["open","open","won","lost"])})
                elif op == "sdel": r = g("DELETE", f"{F}/stages/{s}")
                elif op == "sdel2": r = g("DELETE", f"{F}/stages/{s}?to={rnd.choice(stages)}&reason=x")
                elif op == "skind": r = g("PUT", f"{F}/stages/{s}", {"kind": rnd.choice(["open","won","lost"])})
                elif op == "order":
                    rnd.shuffle(stages); r = g("PUT", f"{F}/stages/order", {"stageIds": stages})
                elif op == "bulk":
                    r = g("POST", f"{F}/contacts/bulk", {"tag": f"t{rnd.randint(0,3)}", "value": 2})
                    if r.status_code == 202: jobs.append((f["id"], r.json["id"]))
                elif op == "bulkundo":
                    x = rnd.choice(jobs) if jobs else (f["id"], p)
                    r = g("POST", f"/api/funnels/{x[0]}/contacts/bulk/undo", {"job": x[1]})
                elif op == "rule": r = g("POST", f"{F}/rules", {"name": "R", "trigger": rnd.choice(["entered"]), "stageId": s, "actions": [{"kind": "move", "stageId": rnd.choice(stages), "reason": "y"}, {"kind":"add_tag","tag":f"t{rnd.randint(0,3)}"}]})
                elif op == "tagmerge":
                    a, z = rnd.sample(tags, 2); r = g("POST", f"/api/tags/{a}/merge", {"into": z})
                elif op == "tagdel": r = g("POST", "/api/tags", {"name": f"t{rnd.randint(0,3)}"})
                elif op == "fdel":
                    if f is fs[0]: continue
                    r = g("DELETE", F); seen["fdel", r.status_code] += 1; time.sleep(.05); r = g("POST", f"{F}/restore")
                elif op == "fren": r = g("PUT", F, {"name": rnd.choice(["A","B","C"])})
                elif op == "board": r = b.get(f"/funnels/{f['id']}", headers=HTMX)
                elif op == "changes": r = b.get(f"/funnels/{f['id']}/changes?since={rnd.randint(0,300)}&shape=x", **form)
                elif op == "list": r = g("GET", f"{F}/contacts?limit=20")
                elif op == "fig": r = g("GET", f"/api/reports/funnels?funnelId={f['id']}")
                elif op == "panel": r = b.get(f"/funnels/{f['id']}/cards/{k}", headers=HTMX)
                elif op == "pstage": r = b.post(f"/funnels/{f['id']}/cards/{k}/stage", data={"stage": s, "reason": "z", "csrf_token": csrf}, headers=HTMX)
            except Exception as e:
                seen[op, "EXC " + type(e).__name__ + str(e)[:200]] += 1; continue
            took = time.monotonic() - t
            if took > 3: slow[op] += 1
            if op in ("move",) and r.status_code == 200: changes.append((r.json["changeId"], f["id"]))
            if op in ("bmove",) and r.status_code == 200: changes.append((r.json["change"], f["id"]))
            seen[op, r.status_code] += 1
            if r.status_code >= 500: bodies.setdefault((op, r.status_code), r.text[:200])
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(int(os.environ.get("THREADS", "16"))) as pool:
        for x in [pool.submit(worker, n + int(os.environ.get("SEED", "0"))) for n in range(16)]: x.result()
    for key, n in sorted(seen.items(), key=str): print(key, n)
    print("slow", slow); print("bodies", bodies)
    texts = Counter()
    for rec in caplog.records:
        txt = rec.getMessage()[:150]
        if rec.exc_info and rec.exc_info[1] is not None:
            import traceback
            tb = "".join(traceback.format_exception(*rec.exc_info)[-14:])
            texts[(rec.name, txt.split(" in exchange")[0], tb[-2500:])] += 1
        else: texts[(rec.name, txt.split(" in exchange")[0])] += 1
    for k, n in texts.most_common(12): print("LOG", n, *k, sep="\n  ")
    with app.app_context():
        for f in fs:
            bad = whole(UUID(f["id"]))
            print(f["name"], db.session.get(Funnel, UUID(f["id"])).revision, len(bad), Counter(b[0] for b in bad)); print(*bad[:5], sep="\n")
