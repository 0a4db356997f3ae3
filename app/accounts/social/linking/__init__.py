"""What somebody is linked with, seen and unlinked by themselves."""
