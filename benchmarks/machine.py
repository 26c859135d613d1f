"""What else the machine does while something is measured (Linux). Knows nothing of what it is."""

import os
import time
from pathlib import Path


def busy_s() -> float:
    """Return the seconds that all processors have worked since the machine started."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def anonymous_bytes(process: str = "self") -> int:
    """Return the anonymous memory of a process: what it holds, without files that are mapped."""
    return _status_bytes(process, "RssAnon")


def mapped_bytes(process: str = "self") -> int:
    """Return what of its mapped files a process has touched and the machine still holds."""
    return _status_bytes(process, "RssFile")


def most_resident_bytes(process: str = "self") -> int:
    """Return the most that was ever resident of a process, mapped files included."""
    return _status_bytes(process, "VmHWM")


def _status_bytes(process: str, name: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


class OtherWork:
    """Counts from when it is made what processes other than this one and its ended children do."""

    def __init__(self) -> None:
        self._busy, self._own = busy_s(), sum(os.times()[:4])
        self._began = time.perf_counter()

    def share(self) -> float:
        """Return the part of all processors' time that others had."""
        others = busy_s() - self._busy - (sum(os.times()[:4]) - self._own)
        wall = (time.perf_counter() - self._began) * (os.cpu_count() or 1)
        return max(0.0, others) / wall
