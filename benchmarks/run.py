#!/usr/bin/env python3
"""Measures cozmq, libzmq and bare sockets in turns, and prints one table of ratios. Asserts nothing.

Every round runs each workload with each implementation, one right after the other; a ratio is taken within a
round, and the table shows medians over the rounds. Sender and receiver are two processes (inproc: one process;
cozmq has both sockets in one thread there, libzmq one thread for each). The workers are bench_cozmq,
bench_libzmq and bench_raw; call one by hand to look at a single workload: `bench_cozmq work=latency transport=ipc`.
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # before our own imports: the source tree stays clean

from driver.machine import OtherPrograms
from driver.results import IMPLEMENTATIONS
from driver.rounds import measure_all
from driver.table import print_heading, print_losses, print_table
from driver.workload import workloads
from driver.worker import Worker


def parse_options():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Measures cozmq against libzmq and prints the ratios.")
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build" / "release" / "benchmarks",
                        help="where the workers were built (default: build/release/benchmarks)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the medians as JSON rows, too")
    parser.add_argument("--quick", action="store_true", help="fewer sizes and short windows: under 50 s in all")
    parser.add_argument("--one-core", action="store_true", help="everything on CPU 0, as under `taskset -c 0`")
    parser.add_argument("--only", metavar="TEXT", default="", help="only workloads whose title has TEXT: 'ipc 64 B'")
    parser.add_argument("--rounds", type=int, help="default: 5, quick 3")
    parser.add_argument("--seconds", type=float, help="length of a window; default: 0.7, quick 0.25")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (0.25 if options.quick else 0.7)
    options.warm_up = 0.1 if options.quick else 0.25
    return options


def main():
    started = time.monotonic()
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    if options.one_core:
        os.sched_setaffinity(0, {0})  # inherited by the workers
    with tempfile.TemporaryDirectory(prefix="bench.") as scratch:
        workers = {}
        for implementation in IMPLEMENTATIONS:
            program = options.bin / f"bench_{implementation}"
            if program.exists():
                workers[implementation] = Worker(program, scratch, patience=5 if options.quick else 20)
            else:
                print(f"{program} is not built: no {implementation} in the table", file=sys.stderr)
        workload_list = [w for w in workloads(options.quick) if options.only in w.title]
        if not workers or not workload_list:
            sys.exit("nothing to measure")
        others = OtherPrograms()
        results = measure_all(workers, workload_list, options, started)
        share = others.share()
    print_heading(results, options, share)
    print_table(results, workload_list)
    print_losses(results, workload_list)
    if options.json:
        options.json.write_text(json.dumps(list(results.rows(workload_list)), indent=1) + "\n")
    if results.failures:
        sys.exit(f"{len(results.failures)} measurements failed, see above")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
