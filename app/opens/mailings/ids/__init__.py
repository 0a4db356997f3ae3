"""Pages of ids: those not opened, and every list as a file."""
