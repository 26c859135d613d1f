"""How a collection is laid out over a Qdrant server or cluster, and how sure a write has to be.

Knows nothing of Qdrant's own types. Only `read_consistency` and `ordering` can be changed later
without making the collection anew.
"""

from dataclasses import dataclass
from typing import Literal

Ordering = Literal["weak", "medium", "strong"]
ReadConsistency = Literal["one", "majority", "quorum", "all"]
Quantization = Literal["int8", "none"]


@dataclass(frozen=True)
class Cluster:
    """The layout of one collection.

    shards: parts that nodes share; None leaves it to the server (one for each node). BM25's
        statistics are each shard's own, so fewer and larger shards rank words more evenly.
    replicas: copies of each shard on different nodes.
    write_consistency: copies that must have a write before it counts as done.
    read_consistency: copies that must agree on a read; "one" asks the nearest.
    ordering: "weak" lets every node take a write; "medium" and "strong" have the shard's leader
        put writes of one point in order.
    quantization: "int8" packs the vectors that the graph is walked by; results are rescored.
    on_disk: whether full vectors stay on disk, for collections larger than memory.
    """

    shards: int | None = None
    replicas: int = 1
    write_consistency: int = 1
    read_consistency: ReadConsistency = "one"
    ordering: Ordering = "medium"
    quantization: Quantization = "int8"
    on_disk: bool = False
