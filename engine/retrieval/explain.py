"""Why a hit stands where it stands, told in the values that put it there."""

from engine.retrieval.answers import Why
from engine.retrieval.ranking import Ranking
from engine.store.collection import StoredPin


def explain(row: int, ranking: Ranking, stored: StoredPin, terms: tuple[str, ...]) -> Why:
    """Return the explanation of one row of a ranking."""
    candidates = ranking.candidates
    lexical_rank = int(candidates.lexical_rank[row])
    vector_rank = int(candidates.vector_rank[row])
    legs = {"text": lexical_rank, "image": vector_rank}
    if ranking.weight == 0.0:
        source = "none"
    else:
        source = "text" if candidates.has_text[row] else "neighbours"
    return Why(
        found_by=tuple(leg for leg, rank in legs.items() if rank),
        description_bm25=float(candidates.description[row]),
        board_bm25=float(candidates.board[row]),
        matched_terms={
            "description": _shared(terms, stored.description_terms),
            "board_title": _shared(terms, stored.board_terms),
        },
        cosine=float(candidates.cosine[row]),
        lexical=float(ranking.signals.lexical[row]),
        visual=float(ranking.signals.visual[row]),
        mixed=float(ranking.mixed[row]),
        lexical_weight=ranking.weight,
        lexical_from=source,
        lexical_rank=lexical_rank or None,
        vector_rank=vector_rank or None,
    )


def _shared(terms: tuple[str, ...], text: str) -> list[str]:
    present = set(text.split())
    return [term for term in terms if term in present]
