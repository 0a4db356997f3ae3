import random
from datetime import timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo
import pytest
import time as _t
from sqlalchemy import insert, text
from app.core import clock
from app.core.db import db, write
from app.core.ids import uuid7
from app.core.period import Compare, asked
from app.funnels.figures import report as R
from app.funnels.figures import closings, conversion, staying, worth, forecast, summary
from app.funnels.figures.scope import *
from app.funnels.models import *
from app.funnels.structure import reading
from app.contacts import service as contacts
from app.contacts.service import Source
@pytest.mark.parametrize("shape", ["spread"])
def test_bench(app, actor, make_funnel, shape, admin):
    f=make_funnel(pattern="sales"); fid=f.id; acc=f.account_id
    st=[(s.id,s.kind) for s in reading.stages_of(db.session(), fid)]
    rnd=random.Random(1); now=clock.now()
    owners=[actor.user_id,None]
    from app.contacts.models import Contact
    import itertools
    cards=[];changes=[]
    for n in range(10000):
        cid=uuid7(); t0=now-timedelta(days=380*rnd.random()); v=Decimal(rnd.randrange(10**6))/100
        t=t0; stage=0; evs=[]
        seq=[]
        own=rnd.choice(owners)
        state="open"; cur=0
        seq.append((t,"created",None,0,None,"open",v,own,None))
        for k in range(9):
            t2=t+ (now-t)*rnd.random()*0.5
            r=rnd.random()
            if r<0.5:
                nxt=rnd.choice([x for x in range(7) if x!=cur])
                ns=st[nxt][1]
                d=(v if ns=="open" else 0)-(v if state=="open" else 0)
                seq.append((t2,"moved",cur,nxt,state,ns,d,own,int((t2-t).total_seconds())))
                cur=nxt;state=ns
            else:
                seq.append((t2,"ordered",cur,cur,state,state,Decimal(0),own,None))
            t=t2
        cards.append(dict(id=cid,account_id=acc,funnel_id=fid,stage_id=st[cur][0],state=state,rank=f"{n:06d}",value=v,owner_id=own,entered_at=t,created_at=t0,updated_at=t,closed_at=None if state=="open" else t,revision=1,expected_close=(now+timedelta(days=rnd.randrange(-60,400))).date(),notes="",entries=1,version=1))
        changes+= [(e,cid,v) for e in seq]
    changes.sort(key=lambda x:x[0][0])
    rows=[dict(id=uuid7(),account_id=acc,funnel_id=fid,card_id=c,revision=i+1,kind=e[1],from_stage_id=None if e[2] is None else st[e[2]][0],to_stage_id=st[e[3]][0],from_state=e[4],to_state=e[5],value=v,open_delta=e[6] if e[1]!="created" else v,owner_id=e[7],reason=rnd.choice(["Preço","Prazo",None]) ,fields=[],stayed_s=e[8],actor="x",at=e[0]) for i,(e,c,v) in enumerate(changes)]
    with write() as s:
        for i in range(0,len(cards),1000): s.execute(insert(Card),cards[i:i+1000])
        for i in range(0,len(rows),2000): s.execute(insert(CardChange),rows[i:i+2000])
    print("inserted",flush=True); db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        with db.engine.begin() as c: c.execute(text("ANALYZE card_change")); c.execute(text("ANALYZE card")); 
    db.session.rollback(); print("\n",db.engine.dialect.name,len(rows))
    zone=ZoneInfo("America/Sao_Paulo")
    for name in ("28d","all","28d-owner"):
        p=asked(now,zone,period="" if "all" in name else name[:3],start=(now-timedelta(days=390)).date().isoformat() if "all" in name else "", end="").period
        sc=Scope(acc,fid,actor.user_id if "owner" in name else None); sp=span_of(whole_days(p)); s=db.session()
        best={}
        for _ in range(2):
            t=_t.perf_counter(); R.report(s,sc,p,Compare.PREVIOUS,now); best["ALL"]=min(best.get("ALL",9),_t.perf_counter()-t)
        print(name,{k:round(v*1000) for k,v in best.items()})
    for q in ("", "?from="+(now-timedelta(days=390)).date().isoformat()):
        ts=[]
        for _ in range(2):
            t=_t.perf_counter(); a=admin.get(f"/funnels/{fid}/figures{q}"); ts.append(_t.perf_counter()-t)
        print("PAGE",q,a.status_code,len(a.data),round(min(ts)*1000))
