"""The table for people."""

import os
import platform
import statistics

from driver.machine import cpu_model, pinning
from driver.results import IMPLEMENTATIONS


def print_heading(results, options, share):
    names = [f"{name} {results.versions[name]}" for name in ("cozmq", "libzmq") if name in results.versions]
    print(" and ".join(names) + f"; two processes, {pinning()}; {options.rounds} rounds in turns, windows of " +
          f"{options.seconds:g} s after {options.warm_up:g} s" + ("; ended early" if results.cut_short else ""))
    others = "" if share is None else f"; other programs used {100 * share:.0f} % of one CPU meanwhile"
    print(f"{cpu_model()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}{others}\n")


def number_text(value):
    if value is None:
        return "-"
    if value >= 10e6:
        return f"{value / 1e6:.1f}M"
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    if value >= 10e3:
        return f"{value / 1e3:.0f}k"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio_text(ratios):
    return f"{statistics.median(ratios):.2f}x" if ratios else "-"


def range_text(ratios):
    return f"{min(ratios):.2f}-{max(ratios):.2f}" if len(ratios) > 1 else ""


def print_table(results, workload_list):
    layout = "{:<24}{:>7} |{:>9}{:>9}{:>8}  {:<12}|{:>8}{:>8}{:>8} |{:>9}"
    print(layout.format("", "", "", "", "cozmq /", "lowest -", "CPU", "ns/msg", "libzmq", "raw"))
    print(layout.format("", "", "cozmq", "libzmq", "libzmq", "highest", "cozmq", "libzmq", "/ cozmq", "sockets"))
    previous = None
    for workload in workload_list:
        if previous != (workload.work, workload.transport):
            print("-" * 107)
            previous = (workload.work, workload.transport)
        for index, (metric, heading) in enumerate(workload.measures):
            ratios = results.ratios(workload, "cozmq", "libzmq", metric)
            cpu = ["", "", ""]
            if index == 0:
                cpu = [number_text(results.median(workload, i, "cpu_ns_per_message")) for i in ("cozmq", "libzmq")]
                cpu.append(ratio_text(results.ratios(workload, "libzmq", "cozmq", "cpu_ns_per_message")))
            values = {i: number_text(results.median(workload, i, metric)) for i in IMPLEMENTATIONS}
            print(
                layout.format(
                    workload.title if index == 0 else "",
                    heading,
                    values["cozmq"],
                    values["libzmq"],
                    ratio_text(ratios),
                    range_text(ratios),
                    *cpu,
                    values["raw"],
                ).rstrip()
            )
    print("-" * 107)
    print("cozmq / libzmq: for msg/s more is better, for us less is. libzmq / cozmq of the CPU time of both")
    print("processes: more is better. PUB: what all subscribers got, together, from a publisher that waits for them.")
    print("ROUTER, proxy: round trips of a DEALER that has w requests in flight. topics: one SUB with so many of them.")
    print("two threads: inproc between them. blocking: threads that wait. clients: until each has connected and said a word.")
    print("I/O threads: 16 PUSHes to one port, which cozmq serves with a PULL on each of so many I/O threads (reuse_port),")
    print("libzmq with one PULL whose context has so many, and the thread of the application.")
    print("raw sockets: ZMTP frames without a library, every message in memory of its own.")


def print_losses(results, workload_list):
    for workload in workload_list:
        for implementation in ("cozmq", "libzmq"):
            loss = results.median(workload, implementation, "loss")
            if loss:
                print(f"{workload.title}: {implementation} dropped {100 * loss:.2g} % of what was published.")
