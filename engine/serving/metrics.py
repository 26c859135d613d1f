"""The route of the figures, as Prometheus reads them.

With middleware of our own (`observed.py`): no instrumentation package keeps up with the framework.
"""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from engine.serving.service import Serving

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def get_metrics(request: Request, service: Serving) -> Response:
    """Return the figures as Prometheus reads them."""
    figures = service.figures
    facts = service.workspace.collection.info()
    figures.pins.set(facts.points)
    figures.unindexed.set(max(facts.points - facts.indexed, 0))
    figures.building.set(facts.building)
    registries = (figures.registry, *request.app.state.beside)
    return Response(b"".join(map(generate_latest, registries)), media_type=CONTENT_TYPE_LATEST)
