"""The app on the server's event loop: hot paths are answered on it, everything else in threads."""
