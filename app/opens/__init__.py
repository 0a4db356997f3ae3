"""E-mail images: who opened what."""
