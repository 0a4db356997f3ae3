"""What rules do: a class for each kind of action, and the table of them."""

from __future__ import annotations
