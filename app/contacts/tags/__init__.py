"""Tags: words that people put on contacts."""
