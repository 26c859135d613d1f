"""The log of the service: lines for people or for programs, each with the request it belongs to."""

import logging
import sys
import time
from typing import Final, Literal, TextIO

from pythonjsonlogger.json import JsonFormatter

from engine.serving.observed import Answered
from engine.serving.request_ids import request_id
from engine.serving.spans import trace_id

Form = Literal["errors", "plain", "json"]
requests = logging.getLogger("engine.requests")
PLAIN: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s%(named)s"


def configure(form: Form) -> None:
    """Have all loggers write to stderr in one form.

    `errors` is for people, and has warnings and errors alone; the others have a line for each
    request as well.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[writing(form, sys.stderr)], force=True)
    logging.getLogger("engine").setLevel(logging.NOTSET if form == "errors" else logging.INFO)


def writing(form: Form, stream: TextIO) -> logging.Handler:
    """Return what writes records to a stream in one form."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_named)
    handler.setFormatter(_json() if form == "json" else _Plain(PLAIN))
    return handler


def told(answered: Answered) -> None:
    """Write down what became of a request."""
    ms = round(answered.seconds * 1000, 1)
    requests.info(
        "%s %s %d in %s ms%s",
        answered.method,
        answered.route,
        answered.status,
        ms,
        f" for {answered.key}" if answered.key else "",
        extra={
            "method": answered.method,
            "route": answered.route,
            "status": answered.status,
            "ms": ms,
            "key": answered.key,
        },
    )


def _named(record: logging.LogRecord) -> bool:
    record.request_id = request_id() or None
    if (trace := trace_id()) is not None:
        record.trace_id = trace
    return True


class _Plain(logging.Formatter):
    """Lines that end in the request's id, in UTC."""

    default_msec_format = "%s.%03dZ"

    def __init__(self, form: str) -> None:
        super().__init__(form)
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        name = getattr(record, "request_id", None)
        record.named = f" [{name}]" if name else ""
        return super().format(record)


def _json() -> JsonFormatter:
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
        json_ensure_ascii=False,
    )
