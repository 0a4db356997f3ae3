"""What the board's script asks for: moves, their undoing, and what others changed."""
