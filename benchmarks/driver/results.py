"""All that was measured, with medians, ratios and JSON rows."""

import statistics

IMPLEMENTATIONS = ("cozmq", "libzmq", "raw")
UNITS = {
    "messages_per_second": "msg/s",
    "cpu_ns_per_message": "ns/msg",
    "p50_us": "us",
    "p99_us": "us",
    "loss": "share",
    "octets_per_peer": "octets",
}


class Results:
    """What each implementation got for each workload, round by round."""

    def __init__(self):
        self.rounds = {}
        self.versions = {}
        self.failures = []
        self.cut_short = False  # the last round is not complete

    def add(self, workload, implementation, round_number, values):
        self.rounds.setdefault((workload, implementation), {})[round_number] = values
        self.versions[implementation] = values["version"]

    def metrics(self, workload, implementation):
        found = self.rounds.get((workload, implementation), {})
        return {name for values in found.values() for name in values} & UNITS.keys()

    def median(self, workload, implementation, metric):
        found = self.rounds.get((workload, implementation), {})
        values = [v[metric] for v in found.values() if metric in v]
        return statistics.median(values) if values else None

    def ratios(self, workload, over, under, metric):
        """over / under in each round that has both."""
        above = self.rounds.get((workload, over), {})
        below = self.rounds.get((workload, under), {})
        return [above[n][metric] / below[n][metric] for n in sorted(above.keys() & below.keys()) if below[n][metric]]

    def rows(self, workload_list):
        for workload in workload_list:
            for implementation in IMPLEMENTATIONS:
                for metric in sorted(self.metrics(workload, implementation)):
                    yield {
                        "work": workload.name,
                        "transport": workload.transport,
                        "size": workload.size,
                        "implementation": implementation,
                        "metric": metric,
                        "unit": UNITS[metric],
                        "value": self.median(workload, implementation, metric),
                    }
