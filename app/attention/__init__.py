"""What needs a person: found by checks, shown until its cause is gone."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """The bell, its page, the API, and what the heartbeats tell. Needs the runtime and accounts."""
    from flask_babel import lazy_gettext as _l

    from app.attention import api, checks, pages, present, service, vital_words, vitals, words
    from app.attention.reconcile import Reconciler
    from app.core import events, metrics
    from app.core.menu import MenuItem, add_to_menu
    from app.core.runtime import runtime

    app.extensions[present.EXTENSION] = Reconciler(runtime(app))
    checks.register("workers", (vitals.NO_WORKER,), vitals.check_workers, vitals.START_S)
    checks.register("machines", (vitals.CLOCK_OFF, vitals.DISK_LOW), vitals.check_machines)
    words.describe(vital_words.WORDS)
    events.subscribe(service.DISCARDED, service.discard)
    app.register_blueprint(pages.bp)
    app.register_blueprint(api.bp)
    app.jinja_env.globals["attention_bell"] = pages.bell_of_viewer
    add_to_menu(app, MenuItem("overview", _l("Attention"), "attention.index", "bell", "attention.view", 90, "a"))
    for samples in (service.samples, vitals.samples):
        if samples not in metrics.gauges:
            metrics.gauges.append(samples)
