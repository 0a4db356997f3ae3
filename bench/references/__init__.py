"""What the same work costs when it is written the usual way."""

NAIVE_TOKEN = "reference-token-0123456789"  # noqa: S105  # of a server that lives for seconds
