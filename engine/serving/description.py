"""The app's OpenAPI document: what FastAPI finds in the routes, and what they can't tell it."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from engine.serving.callers import asking_paths, needed
from engine.serving.feedback import FeedbackEvent
from engine.serving.gate import KEYED
from engine.serving.models import SearchRequest
from engine.serving.problems import ProblemDetails

SCHEME = "key"


class DescribedApp(FastAPI):
    """A FastAPI whose document also has the bodies that routes read themselves, and the key."""

    key_required = False

    def openapi(self) -> dict[str, Any]:
        """Return the document, made at its first use."""
        # FastAPI keeps what it made, so the parts are added once.
        known = self.openapi_schema
        return self._completed(super().openapi()) if known is None else known

    def _completed(self, document: dict[str, Any]) -> dict[str, Any]:
        _, extra = models_json_schema(
            [(each, "validation") for each in (SearchRequest, FeedbackEvent, ProblemDetails)],
            ref_template="#/components/schemas/{model}",
        )
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(extra["$defs"])
        components["securitySchemes"] = {
            SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "a key of `engine keys add`, or ENGINE_SERVE__API_KEY; `x-scope` "
                "of an operation says which scope it needs. On loopback reading needs none",
            }
        }
        required: list[dict[str, list[str]]] = [{SCHEME: []}]
        asked = asking_paths()
        for path, methods in document["paths"].items():
            if path.startswith(KEYED + "/"):
                for method, operation in methods.items():
                    operation["x-scope"] = needed(method.upper(), path, asked)
                    operation["security"] = required if self.key_required else [{}, *required]
        return document
