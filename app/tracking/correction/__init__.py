"""Edit and replay: correcting a field of an event that failed, was cancelled or still waits."""
