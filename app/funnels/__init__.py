"""Funnels: deals on their way through stages, the board they are worked on, what happens by itself, and the figures."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Every part registers its own pages and API; one menu entry leads to all."""
    from flask_babel import lazy_gettext as _l

    from app.core import privacy as desk
    from app.core.menu import MenuItem, add_to_menu
    from app.funnels import adding, board, cards, catalogue, figures, following, models, rules, structure
    from app.funnels.privacy import CardHolder

    assert models
    for part in (structure, board, cards, rules, figures, adding):
        part.init_app(app)
    following.init_app()
    catalogue.declare_events()
    desk.register(CardHolder())
    also = ("funnel_stages", "board", "cards", "card_rules", "funnel_figures", "funnel_adding")
    add_to_menu(app, MenuItem("sales", _l("Funnels"), "funnels.index", "layout-kanban", "funnels.view", 10, also=also))
