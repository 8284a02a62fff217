"""Runs one of the bench_* programs for one measurement."""

import json
import os
import subprocess


class Worker:
    """One of the bench_* programs."""

    def __init__(self, program, scratch, patience):
        self.program = program
        self.patience = patience  # seconds that starting and ending may take
        self.environment = dict(os.environ, TMPDIR=scratch)

    def measure(self, workload, seconds, warm_up):
        command = [
            str(self.program),
            f"work={workload.work}",
            f"transport={workload.transport}",
            f"mechanism={workload.mechanism}",
            f"size={workload.size}",
            f"peers={workload.peers}",
            f"window={workload.window}",
            f"topics={workload.topics}",
            f"threads={workload.threads}",
            f"seconds={seconds}",
            f"warm_up={warm_up}",
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )
        try:
            out, err = process.communicate(timeout=seconds + warm_up + self.patience)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"no result in time: {' '.join(command)}") from None
        finally:
            if process.poll() is None:
                process.kill()  # its own second process ends with it
                process.wait()
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {err.strip()}")
        return json.loads(out)
