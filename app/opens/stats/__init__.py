"""The figures of opens for programs: /api/stats and /api/views."""
