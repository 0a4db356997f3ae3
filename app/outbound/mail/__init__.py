"""E-mail as deliveries: what core.mail asks for is kept sealed, sent by the engine, and wiped."""
