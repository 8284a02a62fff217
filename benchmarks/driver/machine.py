"""What the numbers depend on: the processor, pinning, and what else is running."""

import os
import pathlib
import platform
import resource
import time


class OtherPrograms:
    """How much CPU programs other than ours use meanwhile: on a busy machine the numbers mean less."""

    def __init__(self):
        self.start = self._sample()

    @staticmethod
    def _sample():
        try:
            fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        ours = children.ru_utime + children.ru_stime + own.ru_utime + own.ru_stime
        return time.monotonic(), busy, ours

    def share(self):
        """Of one CPU, since the start; None where the system does not tell."""
        now = self._sample()
        if now is None or self.start is None:
            return None
        elapsed, busy, ours = (after - before for after, before in zip(now, self.start))
        return max(0.0, busy - ours) / elapsed


def cpu_model():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def pinning():
    if not hasattr(os, "sched_getaffinity"):
        return "not pinned"
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) == os.cpu_count():
        return "not pinned"
    return "pinned to CPU " + ", ".join(map(str, allowed))
