"""Letters that nothing has sent yet, for who passes them on by hand."""
