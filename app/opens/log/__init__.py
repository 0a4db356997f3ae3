"""The opens themselves, one by one: the log with its filters and exports, and the timeline of one id."""
