"""The catalogue of events, as a page and for programs."""
