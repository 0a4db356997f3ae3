"""P6 and P7: what is due reaches Meta (in batches) and Kwai (one call each), against one job an event elsewhere."""

from __future__ import annotations

import contextlib

from app.outbound.shares import MAX_SENDERS
from app.simulator import spawn
from bench import queues
from bench.drains import LATENCY_MS, Rates, drained
from bench.goals import Bench, Goal, median
from bench.machine import Machine
from bench.peers import can_run, not_run
from bench.stand import KWAI_EVENT, META_EVENT, stand, valkey

META, KWAI = f"Meta in batches, {LATENCY_MS} ms", f"Kwai one by one, {LATENCY_MS} ms"
CELERY, DRAMATIQ = "celery", "dramatiq"
NAMES = {
    CELERY: f"celery -P threads -c {queues.THREADS}, a task an event",
    DRAMATIQ: f"dramatiq with {queues.THREADS} threads, a message an event",
}


def run(bench: Bench) -> list[Goal]:
    scale = bench.scale
    meta, kwai = Rates(scale.meta_events), Rates(scale.kwai_events)
    simple, fork = Rates(scale.rq_events), Rates(scale.rq_fork_events)
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(spawn(latency_ms=LATENCY_MS))  # on the core of the load
        product = stack.enter_context(stand(bench.folder, **simulator.environment))
        store, url = stack.enter_context(valkey())
        turns = [(queues.rq(url, "rq.SimpleWorker"), simple), (queues.rq(url, "rq.Worker"), fork)]
        others = {name: Rates(scale.peer_events) for name in NAMES if can_run(bench, name)}
        turns += [({CELERY: queues.celery, DRAMATIQ: queues.dramatiq}[name](url), others[name]) for name in others]
        for number in range(scale.rounds):
            drained(product, simulator, META_EVENT, meta)
            drained(product, simulator, KWAI_EVENT, kwai)
            for peer, rates in turns:
                queues.queued(bench, simulator, store, peer, rates)
            told = ", ".join(f"{peer.name} {rates}" for peer, rates in turns)
            bench.say(f"delivery round {number + 1}: Meta {meta}, Kwai {kwai}, {told}")
    return [
        _against_peer(bench.machine, meta, others, CELERY, 15),
        _against_peer(bench.machine, meta, others, DRAMATIQ, None),
        *_against_rq(bench.machine, "P6", META, meta, simple, fork),
        _against_threads(bench.machine, kwai),
        *_against_rq(bench.machine, "P7", KWAI, kwai, simple, fork),
    ]


def _against_peer(machine: Machine, meta: Rates, others: dict[str, Rates], name: str, least: float | None) -> Goal:
    if name not in others:
        return not_run("P6", META, str(meta), name, "" if least is None else f"≥ {least:g}×")
    return _goal(machine, "P6", META, meta, others[name], f"{NAMES[name]} ({others[name].events:,} events)", least)


def _against_rq(machine: Machine, key: str, what: str, ours: Rates, simple: Rates, fork: Rates) -> list[Goal]:
    return [
        _goal(machine, key, what, ours, simple, f"RQ SimpleWorker, a job an event ({simple.events} events)", 25),
        _goal(machine, key, what, ours, fork, f"RQ Worker (forks), a job an event ({fork.events} events)", 50),
    ]


def _goal(machine: Machine, key: str, what: str, ours: Rates, other: Rates, name: str, least: float | None) -> Goal:
    """By the clock: what waits for a platform is not short of processor time."""
    ratio = median([mine / theirs for mine, theirs in zip(ours.per_s, other.per_s, strict=True)])
    cpu = median([theirs / mine for mine, theirs in zip(ours.cpu_us, other.cpu_us, strict=True) if mine])
    wanted = (least or 0) * median(other.per_s)
    passed, notes = _judged(machine, ours, ratio >= (least or 0), wanted)
    raw = {"per_s": [ours.per_s, other.per_s], "cpu_us": [ours.cpu_us, other.cpu_us], "events": ours.events}
    return Goal(
        key, what, str(ours), f"{other}: {name}", f"{ratio:.0f}×", "" if least is None else f"≥ {least:g}×",
        None if least is None else passed, [f"{cpu:.0f}× by processor time", *notes], raw,
    )  # fmt: skip


def _against_threads(machine: Machine, kwai: Rates) -> Goal:
    ceiling = MAX_SENDERS * 1000 / LATENCY_MS
    ratio = median(kwai.per_s) / ceiling
    reference = f"{ceiling:,.0f}/s: {MAX_SENDERS} senders / {LATENCY_MS} ms"
    passed, notes = _judged(machine, kwai, ratio >= 0.85, 0.85 * ceiling)
    raw = {"per_s": kwai.per_s, "cpu_us": kwai.cpu_us, "events": kwai.events}
    return Goal("P7", KWAI, str(kwai), reference, f"{ratio:.2f}", "≥ 0.85", passed, notes, raw)


def _judged(machine: Machine, rates: Rates, holds: bool, wanted_per_s: float) -> tuple[bool | None, list[str]]:
    """By the clock. Where a shared machine starved us, too slow by the clock is a failure only if a core of its own
    would not be enough either."""
    if holds:
        return True, []
    told = f"a core of its own would do {rates.per_core:,.0f}/s at most; the goal is {wanted_per_s:,.0f}/s"
    if not machine.is_shared or rates.per_core < wanted_per_s:
        return False, [told]
    return None, [f"starved: {told}"]
