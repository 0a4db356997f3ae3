from tests.browser.test_pixels import *
from tests.browser.test_pixels import CSV
def test_t(page, site, app, admin, screenshot, in_every_look, tmp_path, console):
    console.expect("422")
    def shots(n):
        in_every_look(page, lambda l: screenshot(page, f"{n}-{l}"))
        page.set_viewport_size({"width":1280,"height":800})
    page.goto(f"{site}/pixels/new"); 
    page.click("details summary"); page.click("[data-submit]"); page.locator("[data-focus]").wait_for(); shots("t-kwai-wrong")
    file = tmp_path / "t.csv"; file.write_text(CSV)
    page.goto(f"{site}/pixels/import"); page.set_input_files("#file", file); page.click("[data-submit]"); page.locator("#pixels-imported").wait_for(); shots("t-imported")
    page.goto(f"{site}/clients/new"); page.fill("#name","Loja"); page.click("[data-submit]"); page.locator("#clients-created").wait_for(); shots("t-created")
    page.set_viewport_size({"width":360,"height":740}); page.goto(f"{site}/pixels"); page.click(".navbar-toggler"); page.locator("#menu .viewer").wait_for(); page.wait_for_timeout(500); shots("t-menu") 
    page.set_viewport_size({"width":360,"height":740}); page.goto(f"{site}/pixels"); page.click(".navbar-toggler"); page.wait_for_timeout(600); screenshot(page,"t-menu-phone-light"); 
    page.set_viewport_size({"width":1280,"height":800}); page.goto(f"{site}/events"); page.click("button[value=en]"); page.wait_for_timeout(500); shots("t-events-en")
    page.goto(f"{site}/pixels"); page.locator("td .dropdown button").first.click(); page.wait_for_timeout(300); screenshot(page,"t-drop-desktop-light")
