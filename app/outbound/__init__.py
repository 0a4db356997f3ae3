"""The delivery engine: everything owed to an outside system, tried until a final state."""
