"""How much of the exact answer the usual plan finds: what the graph and quantisation leave out."""

from dataclasses import replace

from engine.queries import Query
from engine.retrieval.parameters import Parameters
from engine.retrieval.search import ranked
from engine.retrieval.understand import Reader

DEPTH = 10


def recall(query: Query, reader: Reader, parameters: Parameters, depth: int = DEPTH) -> float:
    """Return the share of the exact search's best that the usual one has among its best, 0 to 1.

    1 where there are none. The exact one looks at every pin.
    """
    plain = replace(query, cursor=None, offset=0, person=None, seen=frozenset())
    best = []
    for exact in (True, False):
        _, ranking = ranked(plain, reader, parameters, exact=exact)
        keys = ranking.candidates.keys
        best.append({keys[row] for row in ranking.order[:depth].tolist()})
    wanted, found = best
    return len(wanted & found) / len(wanted) if wanted else 1.0
