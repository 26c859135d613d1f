"""The board routes: the largest boards, a search within one, and boards like one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from engine.queries import MAX_BOARDS, check_boards
from engine.retrieval.answers import answer_to_json
from engine.retrieval.boards import board_answer_to_json, related_boards
from engine.serving.answers import BoardList, RelatedBoards, SearchAnswer
from engine.serving.deadlines import InTime
from engine.serving.models import SearchRequest
from engine.serving.search import Cursor, Explain, Limit
from engine.serving.service import Serving

router = APIRouter(prefix="/boards", tags=["boards"], route_class=InTime)

Title = Annotated[str, Query(description="the board's exact title", examples=["Summer dresses"])]


@router.get("", response_model=BoardList)
def get_boards(
    service: Serving,
    limit: Annotated[int, Query(description=f"1 to {MAX_BOARDS:,}", examples=[10])] = 100,
) -> dict[str, Any]:
    """List the largest boards."""
    check_boards(limit)
    boards = service.workspace.collection.boards(limit)
    return {"boards": [{"title": title, "pins": pins} for title, pins in boards]}


@router.get("/search", response_model=SearchAnswer, response_model_exclude_unset=True)
def search_board(
    service: Serving,
    title: Title,
    q: Annotated[str, Query(description="words", examples=["red dress"])],
    limit: Limit = 20,
    cursor: Cursor = None,
    explain: Explain = False,
) -> dict[str, Any]:
    """Find pins of one board by words."""
    # As a list, since a title may hold a comma.
    asked = SearchRequest(
        text=q, filter={"board_title": [title]}, limit=limit, cursor=cursor, explain=explain
    )
    workspace = service.workspace
    return answer_to_json(service.search(asked.to_query(workspace.limits.bytes)))


@router.get("/related", response_model=RelatedBoards, response_model_exclude_unset=True)
def get_related_boards(
    service: Serving,
    title: Title,
    limit: Annotated[int, Query(description="1 to 100", examples=[5])] = 10,
) -> dict[str, Any]:
    """Find boards like a board, each with its pins that speak for it."""
    workspace = service.workspace
    found = related_boards(title, workspace.collection, workspace.parameters, limit=limit)
    return board_answer_to_json(found)
