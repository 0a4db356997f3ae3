"""A forgotten password: a link by mail, and a new password by the link."""
