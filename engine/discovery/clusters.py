"""Vectors in groups: many small clusters by k-means, joined where they are most alike.

Average linkage over the small clusters of a few runs keeps large kinds whole and small ones apart,
where k-means alone cuts large kinds up to make clusters of like size (figures in
docs/decisions/0032-segments.md). A vector belongs where its nearest small cluster does, so that new
ones find their place without a new fit.
Knows nothing of pins and names.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]

SMALL = 120
PER_SMALL = 8
SEED = 7
ROUNDS = 25
RUNS = 3
# Of the numbers of groups from this share of the wanted one on, the one that is clearest is taken.
FEWEST = 2 / 3
# Clusters of two runs are the same if their directions are at least so close.
SAME = 0.7


@dataclass(frozen=True)
class Clusters:
    """Small clusters, and which group each belongs to.

    centres: (m, dimension) unit rows. group: (m,) numbers from 0 on. sizes: (m,) vectors of each
    when it was fitted. fit: mean cosine of those with their centres.
    """

    centres: FloatArray
    group: IntArray
    sizes: IntArray
    fit: float

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.group.max()) + 1 if len(self.group) else 0

    def nearest(self, vectors: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return the group of each unit row, and its cosine with the nearest small cluster."""
        cosines = vectors @ self.centres.T
        nearest = np.argmax(cosines, axis=1)
        return self.group[nearest], cosines[np.arange(len(vectors)), nearest]

    def directions(self) -> FloatArray:
        """Return (groups, dimension) unit rows: the mean of what each group was fitted to."""
        sums = np.zeros((self.count, self.centres.shape[1]), np.float32)
        np.add.at(sums, self.group, self.centres * self.sizes[:, None])
        return unit(sums)

    def renumbered(self, numbers: IntArray) -> "Clusters":
        """Return the same with other numbers of groups: `numbers[old]` is the new one."""
        return replace(self, group=numbers[self.group])


def fitted(vectors: FloatArray, count: int, seed: int = SEED) -> Clusters:
    """Part unit rows into at most `count` groups, the largest first; equal rows, equal groups."""
    from sklearn.cluster import MiniBatchKMeans  # only here: it takes a second to import

    small = max(1, min(SMALL, len(vectors) // PER_SMALL))
    runs = [
        MiniBatchKMeans(
            small, batch_size=4_096, max_iter=ROUNDS, n_init=3, random_state=seed + run
        ).fit(vectors)
        for run in range(RUNS)
    ]
    # What one run cuts by chance another leaves whole.
    centres = unit(np.concatenate([np.asarray(run.cluster_centers_, np.float32) for run in runs]))
    sizes = np.bincount(np.argmax(vectors @ centres.T, axis=1), minlength=len(centres))
    centres, sizes = centres[sizes > 0], sizes[sizes > 0]
    labels = np.argmax(vectors @ centres.T, axis=1)
    fit = float((vectors * centres[labels]).sum(axis=1).mean())
    group = _joined(centres, count)
    order = np.argsort(-np.bincount(group, weights=sizes), kind="stable")
    numbers = np.empty_like(order)
    numbers[order] = np.arange(len(order))
    return Clusters(centres, numbers[group], sizes, fit)


def matched(new: FloatArray, old: FloatArray) -> dict[int, int]:
    """Return which of the old directions each new one goes on, where any does (Kuhn 1955)."""
    from scipy.optimize import linear_sum_assignment

    if not len(new) or not len(old):
        return {}
    cosines = new @ old.T
    rows, columns = linear_sum_assignment(-cosines)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if cosines[row, column] >= SAME
    }


def unit(rows: FloatArray) -> FloatArray:
    """Return rows of length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _joined(centres: FloatArray, count: int) -> IntArray:
    """Return the group of each centre by average linkage of cosine distances.

    The tree is cut where the next join would reach furthest beyond the last, into at most `count`.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(centres) <= count:
        return np.arange(len(centres))
    tree = linkage(centres.astype(np.float64), "average", metric="cosine")
    heights = tree[:, 2]
    fewest = max(2, int(np.ceil(FEWEST * count)))
    clearest = max(
        range(fewest, count + 1), key=lambda groups: heights[1 - groups] - heights[-groups]
    )
    return np.asarray(fcluster(tree, clearest, "maxclust") - 1, np.intp)
