"""What the service says of itself: what it serves, that it lives, whether it is ready."""

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from engine.serving.answers import Alive, Info, Ready
from engine.serving.deadlines import InTime
from engine.serving.service import Serving

router = APIRouter(tags=["service"], route_class=InTime)
probes = APIRouter(tags=["service"])


@router.get("/info", response_model=Info)
def get_info(service: Serving) -> dict[str, Any]:
    """Return what this server serves."""
    return service.workspace.info()


@probes.get("/livez")
async def live() -> Alive:
    """Answer as long as the process runs; touches neither store nor encoder."""
    return Alive()


@probes.get("/readyz")
def ready(service: Serving) -> Ready:
    """Answer 200 once the encoder is loaded, answers, and the store does, else 503."""
    if not service.warm:
        raise HTTPException(503, "the encoder is still loading: try again in a few seconds")
    if service.behind:
        raise HTTPException(
            503, "another encoder answers by now, and is not loaded here: see the log"
        )
    service.workspace.collection.facts(["readiness"])
    return Ready()
