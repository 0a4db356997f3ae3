"""How long things are kept, beside what account and installation say."""

from __future__ import annotations

SHORTEST_DAYS = 30
AUDIT_DAYS = 365  # an account cannot make its own audit log forget sooner
