"""Replaying and cancelling by hand: one, selected, or all of a filter, with the number shown first."""
