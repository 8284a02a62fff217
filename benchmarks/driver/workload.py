"""What is measured: a kind of traffic, a transport, a size."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    work: str
    transport: str
    size: int
    peers: int = 1
    window: int = 100
    topics: int = 1
    threads: int = 1
    mechanism: str = "null"

    @property
    def name(self):
        """Its name in the JSON rows."""
        number = {"fanout": self.peers, "pipelined": self.window, "proxied": self.window,
                  "connections": self.peers, "serving": self.threads}.get(self.work)
        number = self.topics if self.work.startswith("topics") else number
        name = f"{self.work}_{number}" if number else self.work
        return name if self.mechanism == "null" else f"{self.mechanism}_{name}"

    @property
    def title(self):
        pattern = {
            "throughput": "PUSH/PULL",
            "latency": "REQ/REP",
            "fanout": f"PUB/{self.peers} SUB",
            "pipelined": f"ROUTER w={self.window}",
            "proxied": f"proxy w={self.window}",
            "crossing": "two threads",
            "crossing_latency": "two threads REQ",
            "blocking": "blocking PUSH",
            "serving": f"{self.threads} I/O {'thread' if self.threads == 1 else 'threads'}",
            "connections": f"{self.peers} clients",
            "topics_hit": f"{self.topics // 1000}k topics hit",
            "topics_missed": f"{self.topics // 1000}k topics miss",
        }[self.work]
        secured = "" if self.mechanism == "null" else f"{self.mechanism.upper()} "
        return f"{secured}{pattern} {self.transport} {size_text(self.size)}"

    @property
    def measures(self):
        """(metric, heading) of each line of the table."""
        if self.work == "connections":
            return (("messages_per_second", "conn/s"), ("octets_per_peer", "B/conn"))
        if self.work.endswith("latency"):
            return (("p50_us", "p50 us"), ("p99_us", "p99 us"))
        return (("messages_per_second", "msg/s"),)

    def offered_by(self, implementation):
        if implementation != "raw":
            return True
        return self.mechanism == "null" and self.transport != "inproc" and self.work in ("throughput", "latency", "fanout")


def size_text(size):
    if size >= 1 << 20:
        return f"{size >> 20} MiB"
    return f"{size >> 10} KiB" if size >= 1 << 10 else f"{size} B"


def workloads(quick):
    stream_sizes = (64, 1024, 8192, 65536) if quick else (8, 64, 256, 1024, 8192, 65536, 1 << 20)
    inproc_sizes = (64,) if quick else (8, 64, 1024, 65536)
    result = [Workload("throughput", transport, size) for transport in ("tcp", "ipc") for size in stream_sizes]
    result += [Workload("throughput", "inproc", size) for size in inproc_sizes]
    result += [Workload("crossing", "inproc", size) for size in ((64,) if quick else (8, 64, 1024, 8192, 65536))]
    result += [Workload("blocking", "tcp", 64)]
    if not quick:
        result += [Workload("crossing_latency", "inproc", 64)]
        result += [Workload("serving", "tcp", 64, peers=16, threads=threads) for threads in (1, 2)]
        result += [Workload("connections", "tcp", 4, peers=1000)]
        result += [Workload("throughput", "tcp", size, mechanism="curve") for size in (64, 1024, 65536)]
        result += [Workload("connections", "tcp", 4, peers=1000, mechanism="curve")]
    result += [Workload("latency", transport, 64) for transport in ("tcp", "ipc")]
    result += [Workload("fanout", "tcp", 64, peers) for peers in (1, 8, 64)]
    result += [Workload("pipelined", "tcp", 64, window=window) for window in ((100,) if quick else (100, 1000))]
    result += [Workload("proxied", "tcp", 64, window=100)]
    if not quick:
        result += [Workload(work, "tcp", 64, topics=100_000) for work in ("topics_hit", "topics_missed")]
    return result
