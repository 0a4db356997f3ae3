"""What an operator does: backup, restore, retention, doctor, keys. Commands of `flask --app wsgi`."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Adds the commands, and what they and Prometheus share."""
    from app.upkeep import gauges, retention_cli, rotation_cli
    from app.upkeep.backup import cli as backup_cli
    from app.upkeep.doctor import cli as doctor_cli

    for command in (
        backup_cli.backup,
        backup_cli.restore,
        retention_cli.retention,
        doctor_cli.doctor,
        rotation_cli.rotate_keys,
    ):
        app.cli.add_command(command)
    gauges.register()
