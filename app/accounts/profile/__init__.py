"""A person's own page: name, language, time zone, theme, password."""
