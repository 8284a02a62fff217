"""Takes turns: every round runs each workload with each implementation, one right after the other."""

import sys
import time

from driver.results import Results

QUICK_DEADLINE = 44.0  # seconds; a quick run starts nothing after it


class Progress:
    """One line that is overwritten, on a terminal only."""

    def __init__(self, total):
        self.total = total
        self.done = 0

    def show(self, text):
        self.done += 1
        if sys.stderr.isatty():
            print(f"\r\033[K[{self.done}/{self.total}] {text}", end="", file=sys.stderr, flush=True)

    def clear(self):
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def measure_all(workers, workload_list, options, started):
    """All rounds; in a quick run the limit is measured once, and the clock ends it early."""
    results = Results()
    plan = [
        (round_number, workload, implementation)
        for round_number in range(options.rounds)
        for workload in workload_list
        for implementation in workers
        if workload.offered_by(implementation)
        and not (options.quick and implementation == "raw" and round_number > 0)
    ]
    progress = Progress(len(plan))
    for round_number, workload, implementation in plan:
        if options.quick and time.monotonic() - started > QUICK_DEADLINE:
            results.cut_short = True
            break
        progress.show(f"round {round_number + 1} of {options.rounds}: {workload.title}, {implementation}")
        try:
            values = workers[implementation].measure(workload, options.seconds, options.warm_up)
            results.add(workload, implementation, round_number, values)
        except RuntimeError as error:
            progress.clear()
            print(f"FAILED {workload.title}, {implementation}: {error}", file=sys.stderr)
            results.failures.append((workload, implementation))
    progress.clear()
    return results
