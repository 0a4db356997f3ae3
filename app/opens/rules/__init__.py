"""Who loaded an image: rules as data, user agents, addresses."""
