from datetime import timedelta
import random
import pytest
from tests.browser.conftest import browser, page, console, axe, screenshot, holds_up, site  # noqa
from tests.opens.mailings.conftest import HOUR, DAY, list_ids
from tests.opens.opens_fixtures import asked, record, upload, CRAWLER
from app.core.rollup import hour_of
from app.core import clock
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

def test_shots(app, actor, make_mailing, begins, site, page, holds_up):
    rnd = random.Random(3)
    img = upload(app, file="banner.png")
    start = hour_of(clock.now()) - 12 * DAY
    m = make_mailing(name="Faturas de novembro, segunda via com desconto", starts_at=start, ends_at=start + 14 * DAY)
    refs = [f"FAT{2000+n}" for n in range(240)]
    list_ids(app, actor, m, *refs, sent_at=start)
    make_mailing(name="Boas-vindas", sent=300, starts_at=start + DAY, ends_at=start + 8 * DAY)
    b = make_mailing(name="Banner da Black Friday", image_id=img, starts_at=start + 2 * DAY, ends_at=start + 8 * DAY)
    record(app, [asked(r, at=start + timedelta(hours=rnd.expovariate(1/20))) for r in refs if rnd.random() < .6])
    record(app, [asked(f"X{r}", "banner.png", at=start + 2*DAY + timedelta(hours=rnd.expovariate(1/20))) for r in refs if rnd.random() < .6])
    record(app, [asked(f"BOT{n}", at=start, agent=CRAWLER) for n in range(9)])
    for name, url in {"index": "/mailings", "show": f"/mailings/{m}", "show-image": f"/mailings/{b}", "new": "/mailings/new", "list": f"/mailings/{m}/list", "unopened": "/mailings/unopened", "machines": "/mailings/unopened?kind=machines", "delete": f"/mailings/{m}/delete"}.items():
        page.goto(site + url)
        holds_up(page, name)
    page.goto(f"{site}/mailings/{m}/list")
    page.set_input_files("[name=file]", {"name": "ids.csv", "mimeType": "text/csv", "buffer": b"id_fatura\nFAT1\n{{id}}\n\x20;\n" + b"y" * 5000})
    page.click("[data-submit]")
    page.wait_for_selector("text=ficaram de fora")
    holds_up(page, "listed")
