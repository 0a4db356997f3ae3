"""One event, one job, as RQ's documentation would have it (python-rq.org, "Jobs"): a function of a module that workers
import. `Queue.enqueue(send, …)`, then `rq worker --burst`, forking for each job or with SimpleWorker."""

from __future__ import annotations

from bench.references.one_call import send

__all__ = ["send"]
