"""The company's own Hub, told of what it takes: one more subscriber."""
