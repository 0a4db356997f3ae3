"""How often a target may be called: windows of a second, a minute, an hour and a day, counted in the database."""
