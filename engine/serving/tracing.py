"""Traces for OpenTelemetry: the framework's span of each request, and the stages of a search in it.

Without the extra `telemetry` there is the interface alone, which does nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from engine.errors import BadSetting
from engine.serving.figures import RequestMetrics
from engine.stages import Watch

EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
NAME: Final = "engine"


def options(traced: bool) -> TelemetryConfig:
    """Return what the framework is told; raise BadSetting where the extra is missing.

    Traces go where OTEL_EXPORTER_OTLP_ENDPOINT says. What goes wrong is in the log already.
    """
    if traced:
        try:
            import_module(EXPORTER)
        except ImportError:
            raise BadSetting(
                "ENGINE_SERVE__TELEMETRY wants a package that is not installed: "
                "pip install 'pin-engine[telemetry]'"
            ) from None
    return TelemetryConfig(tracing=traced, metrics=traced, logs=False, auto_configure=traced)


def watch_of(figures: RequestMetrics, traced: bool) -> Watch:
    """Return who watches the stages of a search: the figures, and a trace if there is one."""
    if not traced:
        return Watch(figures.timed)
    tracer = trace.get_tracer(NAME)

    @contextmanager
    def entered(stage: str) -> Iterator[None]:
        with figures.timed(stage), tracer.start_as_current_span(f"{NAME}.{stage}"):
            yield

    return Watch(entered, apart=True)
