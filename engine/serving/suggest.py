"""What helps to ask: suggestions while one types, and how many pins each value of a filter has."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from engine.queries import parse_filter
from engine.retrieval.facets import MAX_VALUES, FacetRequest
from engine.retrieval.suggest import MAX_SUGGESTIONS
from engine.serving.answers import FacetsAnswer, SuggestAnswer
from engine.serving.deadlines import InTime
from engine.serving.models import filter_pairs
from engine.serving.search import Filters, MinRelevance
from engine.serving.service import Serving

router = APIRouter(tags=["search"], route_class=InTime)


@router.get("/suggest", response_model=SuggestAnswer)
def get_suggestions(
    service: Serving,
    q: Annotated[
        str, Query(description="what was typed so far; the last word may be unfinished")
    ] = "",
    limit: Annotated[int, Query(description=f"1 to {MAX_SUGGESTIONS}")] = 8,
) -> dict[str, Any]:
    """Complete a query by the collection's own words and board titles, commonest first.

    Where nothing begins as typed, `did_you_mean` has the words that may have been meant.
    """
    return service.workspace.suggester.suggest(q, limit).to_json()


@router.get("/facets", response_model=FacetsAnswer)
def get_facets(
    service: Serving,
    key: Annotated[
        list[str] | None,
        Query(
            description="`board_title`, `merchant`, `currency`, `language`, `attributes.NAME`, or "
            "`attributes` for all names; may be repeated; all of them if left out",
            examples=[["board_title", "attributes.kind"]],
        ),
    ] = None,
    q: Annotated[
        str | None,
        Query(description="count pins that answer these words alone", examples=["red dress"]),
    ] = None,
    filters: Filters = None,
    min_relevance: MinRelevance = 0.0,
    limit: Annotated[int, Query(description=f"values of each facet, 1 to {MAX_VALUES}")] = 20,
) -> dict[str, Any]:
    """Count the pins of each board, merchant, currency, language and attribute.

    Under a filter, each facet is counted without what the filter asks of its own key, so that it
    shows what another choice would lead to. With `q`, the pins are those that the search for it
    pages through.
    """
    request = FacetRequest(
        keys=tuple(key or ()),
        filter=parse_filter(filter_pairs(filters or ())),
        text=q,
        min_relevance=min_relevance,
        limit=limit,
    )
    return service.workspace.facets(request)
