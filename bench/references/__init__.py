"""What the same work costs when it is written the usual way."""

REFERENCE_TOKEN = "reference-token-0123456789"  # noqa: S105  # of servers that live for seconds
