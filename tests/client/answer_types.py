"""Makes `engine/client/answers.py` of the OpenAPI document: python -m tests.client.answer_types."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import engine.workspace
from engine.serving.app import create_app
from engine.settings import QueueSettings, load_settings
from engine.workspace import open_workspace
from tests.client.unasync import formatted
from tests.conftest import ROOT
from tests.tiny_encoder import TinyEncoder

TARGET = ROOT / "engine" / "client" / "answers.py"
HEAD = (
    '"""What the service answers, as types. Made from its OpenAPI document: see tests/client."""'
    "\n\nfrom typing import Literal, NotRequired, TypedDict\n"
)
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def document() -> dict[str, Any]:
    """Return the description of a service that has every route."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder()),
    ):
        queue = QueueSettings(url="nats://127.0.0.1:1")
        settings = load_settings(data=Path(folder), queue=queue)
        with open_workspace(settings, create=True) as workspace:
            return create_app(workspace).openapi()


def module(found: dict[str, Any]) -> str:
    """Return the module's text: each answer after those that it holds."""
    schemas = found["components"]["schemas"]
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in order:
            for other in named(schemas[name]):
                visit(other)
            order[name] = None

    for methods in found["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    for name in named(response.get("content", {})):
                        visit(name)
    used = HEAD + "".join(written(name, schemas[name]) for name in order)
    return formatted(used, TARGET)


def named(schema: Any) -> Iterator[str]:
    """Yield the names of the schemas that one refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from named(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from named(value)


def written(name: str, schema: dict[str, Any]) -> str:
    lines = [f"\n\nclass {name}(TypedDict):", f'    """{schema["description"]}"""\n']
    for key, value in schema["properties"].items():
        kind = type_of(value)
        absent = key not in schema.get("required", ())
        lines.append(f"    {key}: {f'NotRequired[{kind}]' if absent else kind}")
    return "\n".join(lines) + "\n"


def type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(type_of(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(json.dumps(each) for each in values)}]"
    kind = schema.get("type")
    if kind == "null":
        return "None"
    if kind == "array":
        return f"list[{type_of(schema['items'])}]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"dict[str, {type_of(schema['additionalProperties'])}]"
    return PLAIN[str(kind)]


if __name__ == "__main__":
    TARGET.write_text(module(document()))
