"""Quick add: a card for a contact that is found by typing, or for a new one."""
