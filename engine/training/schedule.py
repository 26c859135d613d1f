"""How a rate rises and falls over a stage; pure arithmetic."""

from __future__ import annotations

import math


def cosine(progress: float, warm_up: float, floor: float = 0.02) -> float:
    """Factor of the peak rate at `progress` in [0, 1]: a linear climb, then half a cosine."""
    if progress < warm_up:
        return max(floor, progress / warm_up)
    rest = (progress - warm_up) / (1 - warm_up)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(rest, 1.0)))
