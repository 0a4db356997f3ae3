"""From a request for an image to rows on disk: the hot path, and what catches an open when the database cannot."""
