import time
from datetime import timedelta
from app.core.db import db, write
from app.core import clock
from app.funnels.cards import moving
from app.funnels.cards.placing import Place
from app.funnels.models import Card
from app.funnels.rules import service, sweep
from sqlalchemy import update, insert, select
from tests.funnels.cards.conftest import make_deal
import pytest

def test_perf(app):
    d = make_deal(app)
    def t(label, f, n=1):
        a=time.perf_counter(); r=f(); print(label, round((time.perf_counter()-a)*1000/n,2),'ms'); return r
    at=d.stages
    def mv(to):
        with d.writing(): moving.move(d.doer, d.id, Place(at[to]), reason='x')
    mv("talking"); mv("new")
    t("move without rules", lambda: [ (mv("talking"), mv("new")) for _ in range(10)], 20)
    acts=[{"kind":"add_tag","tag":"q"},{"kind":"set_owner","userId":str(d.actor.user_id)},{"kind":"notify","to":"owner"},{"kind":"emit","event":"lead.qualified"}]
    with d.writing(): service.create(d.actor,d.funnel,{"name":"R","trigger":"entered","stageId":str(at["talking"]),"actions":acts})
    mv("talking"); mv("new")
    t("move with 1 rule of 4 actions (half)", lambda: [ (mv("talking"), mv("new")) for _ in range(10)], 10)
    with d.writing() as s:
        s.execute(update(Card).values(entered_at=clock.now()-timedelta(days=9)))
        row=s.execute(select(Card.__table__).where(Card.id==d.id)).mappings().one()
        from app.core.ids import uuid7
        from app.contacts.models import Contact
        rows=[dict(row)|{"id":uuid7(),"contact_id":None,"rank":f"b{i:06d}","revision":i+1000} for i in range(10000)]
        s.execute(insert(Card.__table__), rows)
        r=service.create(d.actor,d.funnel,{"name":"R2","trigger":"stayed","days":3,"stageId":str(at["new"]),"actions":[{"kind":"emit","event":"lead.qualified"}]})
        rid=r.id
    with app.app_context():
        from app.funnels.models import CardRule
        r=db.session.get(CardRule,rid)
        print(t("count 10k fitting", lambda: sweep.count_fitting(db.session(), r)))
    a=time.perf_counter(); n=sweep.sweep(app); e=time.perf_counter()-a
    print("sweep", n, round(e*1000/max(n,1),2),"ms each")
    with app.app_context():
        r=db.session.get(CardRule,rid)
        t("nothing due of 10k", lambda: db.session.scalar(sweep.due(r, clock.now()).limit(1)))
