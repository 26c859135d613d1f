"""Vectors in groups: many small clusters by k-means, joined where they are most alike.

Average linkage over small clusters keeps a large kind whole and a small one apart, where k-means
alone cuts large kinds up to make clusters of like size (figures in docs/discovery.md). A vector
belongs where its nearest small cluster does, so that new ones find their place without a new fit.
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
    means = MiniBatchKMeans(
        small, batch_size=4_096, max_iter=ROUNDS, n_init=3, random_state=seed
    ).fit(vectors)
    sizes = np.bincount(means.labels_, minlength=small)
    kept = sizes > 0
    centres = unit(np.asarray(means.cluster_centers_, np.float32)[kept])
    labels = np.argmax(vectors @ centres.T, axis=1)
    sizes = np.bincount(labels, minlength=len(centres))
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
    """Return the group of each centre by average linkage of cosine distances, cut at `count`."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(centres) <= count:
        return np.arange(len(centres))
    tree = linkage(centres.astype(np.float64), "average", metric="cosine")
    return np.asarray(fcluster(tree, count, "maxclust") - 1, np.intp)
