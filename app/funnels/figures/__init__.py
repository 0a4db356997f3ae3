"""Figures of a funnel: conversion, time, value, won and lost, forecast."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.funnels.figures import pages

    app.register_blueprint(pages.bp)
