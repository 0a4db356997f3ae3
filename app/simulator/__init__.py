"""Kwai and Meta on loopback: for tests, demonstrations and benchmarks, well behaved or not."""

from app.simulator.remote import RemoteSimulator, spawn
from app.simulator.simulator import Simulator

__all__ = ["RemoteSimulator", "Simulator", "spawn"]
