"""Start and stop: the supervisor of `make run`, the embedded Valkey and the web server."""
