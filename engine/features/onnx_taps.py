"""Opens an ONNX graph for looking inside: other outputs, and pictures of any size.

Reads and writes as much of the protobuf format as that takes, so that nothing of ONNX is needed but
its runtime. Knows nothing of what a graph computes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.errors import UnknownEncoder

# Field numbers of onnx.proto, which never change.
MODEL_GRAPH: Final = 7
GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT = 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_KIND = 1, 2, 4
VALUE_NAME, VALUE_TYPE, TYPE_TENSOR, TENSOR_KIND = 1, 2, 1, 1
BYTES_KIND: Final = 2
"""Of a tensor: unsigned bytes."""
_NUMBER, _EIGHT, _LONG, _FOUR = 0, 1, 2, 5
_SIZES: Final = {_EIGHT: 8, _FOUR: 4}


class Piece(NamedTuple):
    """One field of a message: its number, all of its bytes, and what is in one with a length."""

    number: int
    whole: bytes
    content: bytes


def averaged(model: bytes) -> list[str]:
    """Return the names of the values that a global average is taken of, in the graph's order."""
    names: list[str] = []
    for graph in _contents(model, MODEL_GRAPH):
        for node in _contents(graph, GRAPH_NODE):
            if _contents(node, NODE_KIND) == [b"GlobalAveragePool"]:
                names += [name.decode() for name in _contents(node, NODE_INPUT)]
    return names


def opened(model: bytes, picture: str, outputs: list[str]) -> bytes:
    """Return a model that gives `outputs` of bytes in its input `picture`, whatever their shape."""
    return b"".join(
        _written(MODEL_GRAPH, _reopened(piece.content, picture, outputs))
        if piece.number == MODEL_GRAPH
        else piece.whole
        for piece in _pieces(model)
    )


def _reopened(graph: bytes, picture: str, outputs: list[str]) -> bytes:
    tensor = _written(TYPE_TENSOR, bytes([TENSOR_KIND << 3 | _NUMBER, BYTES_KIND]))
    value = _written(VALUE_NAME, picture.encode()) + _written(VALUE_TYPE, tensor)
    kept: list[bytes] = []
    missing = {name.encode() for name in outputs}
    for piece in _pieces(graph):
        # Nodes stand in the order of their work: those past the last output are not needed.
        if piece.number == GRAPH_NODE and missing:
            kept.append(piece.whole)
            missing.difference_update(_contents(piece.content, NODE_OUTPUT))
        elif piece.number not in {GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT}:
            kept.append(piece.whole)
    given = [_written(GRAPH_OUTPUT, _written(VALUE_NAME, name.encode())) for name in outputs]
    return b"".join([*kept, _written(GRAPH_INPUT, value), *given])


def _contents(message: bytes, number: int) -> list[bytes]:
    return [piece.content for piece in _pieces(message) if piece.number == number]


def _pieces(message: bytes) -> Iterator[Piece]:
    """Yield the fields of a message in their order."""
    at = 0
    while at < len(message):
        start = at
        key, at = _number(message, at)
        kind = key & 7
        content = b""
        if kind == _NUMBER:
            _, at = _number(message, at)
        elif kind == _LONG:
            length, at = _number(message, at)
            content = message[at : at + length]
            at += length
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            raise _damaged()
        if at > len(message):
            raise _damaged()
        yield Piece(key >> 3, message[start:at], content)


def _number(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise _damaged()


def _written(number: int, content: bytes) -> bytes:
    return _digits(number << 3 | _LONG) + _digits(len(content)) + content


def _digits(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _damaged() -> UnknownEncoder:
    return UnknownEncoder("the encoder's graph is damaged: reinstall the package, or use another")
