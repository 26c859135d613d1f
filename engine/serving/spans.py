"""The span that the framework makes of a request, where there is somebody to take it."""

from typing import Final

from opentelemetry import trace

UNTOLD: Final = "not told"


def name_span(request_id: str) -> None:
    """Give the span of the present request its id, and take out what was asked."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attribute("engine.request_id", request_id)
        span.set_attribute("url.query", UNTOLD)


def trace_id() -> str | None:
    """Return the trace that the present request belongs to, None for none."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
