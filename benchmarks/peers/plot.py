"""How the peers' times grow with the collection, as a small SVG."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.peers.measure import DEEP, PEERS

US = "this engine"
PANELS = (
    ("top_p50", "top 10, p50 (ms)"),
    ("deep_p50", f"depth {DEEP}, p50 (ms)"),
    ("add_ms", "a pin added and found (ms)"),
)


def draw(found: Mapping[str, Mapping[str, Any]], place: Path) -> None:
    """Draw the times of every peer over the sizes that it was asked at."""
    mpl.use("svg")
    # Equal results give an equal file.
    mpl.rcParams |= {"svg.hashsalt": "peers", "svg.fonttype": "none", "font.size": 8}
    from matplotlib import pyplot

    sizes = sorted({int(key.split("/")[1]) for key in found if key.startswith("ask/")})
    figure, axes = pyplot.subplots(1, len(PANELS), figsize=(9, 3), layout="constrained")
    colours = mpl.color_sequences["tab10"]
    for axis, (measure, title) in zip(axes, PANELS, strict=True):
        for name, colour in zip(PEERS, colours, strict=False):
            points = [
                (size, found[key][measure])
                for size in sizes
                if (key := f"ask/{size}/{name}") in found
            ]
            if points:
                axis.plot(
                    *zip(*points, strict=True),
                    marker="o",
                    markersize=3,
                    color="black" if name == US else colour,
                    linewidth=2 if name == US else 1,
                    label=name,
                )
        axis.set(xscale="log", yscale="log", title=title, xlabel="pins")
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.savefig(place, format="svg", metadata={"Date": None})
    pyplot.close(figure)
