"""Categories: groups of contacts that the team keeps by hand."""
