"""What the layers see is what ONNX itself says they see, at any size."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load

from engine.errors import UnknownEncoder
from engine.features.embedded import MAP_SIDE, MODEL_FILE, EmbeddedEncoder, prepare
from engine.features.onnx_taps import averaged, opened
from engine.features.spatial import SpatialEncoder


@pytest.fixture(scope="module")
def graph() -> bytes:
    return load(MODEL_FILE.read_bytes())["image.onnx"].tobytes()


def picture() -> Image.Image:
    coarse = np.random.default_rng(3).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((300, 240), Image.Resampling.BICUBIC)


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def test_maps_are_those_that_onnx_itself_gives(graph: bytes) -> None:
    names = averaged(graph)
    read = onnx.load_from_string(graph)
    pooled = [node for node in read.graph.node if node.op_type == "GlobalAveragePool"]
    assert names == [node.input[0] for node in pooled]
    assert len(names) >= 2
    read.graph.output.extend([onnx.ValueInfoProto(name=name) for name in names])
    side = int(read.graph.input[0].type.tensor_type.shape.dim[1].dim_value)
    width = int(read.graph.input[1].type.tensor_type.shape.dim[1].dim_value)
    pixels = prepare(picture(), side)[None]
    feeds = {"pixels": pixels, "colours": np.zeros((1, width), np.float32)}
    expected = session(read.SerializeToString()).run(names, feeds)
    found = session(opened(graph, "pixels", names)).run(names, {"pixels": pixels})
    for one, other in zip(expected, found, strict=True):
        assert one.shape == other.shape
        # Both compute in bytes: a value may fall on either side of a step.
        assert np.mean(np.abs(one - other) > 1e-3 * np.abs(one).max()) < 0.01


def test_maps_of_the_encoder_cover_a_larger_picture() -> None:
    encoder = EmbeddedEncoder.load(threads=1)
    maps = encoder.maps(picture())
    assert isinstance(encoder, SpatialEncoder)
    heights = [each.shape[0] for each in maps]
    assert heights == sorted(heights, reverse=True)
    assert all(each.shape[0] == each.shape[1] for each in maps)
    assert heights[0] == MAP_SIDE // 4
    assert min(heights) == MAP_SIDE // 32


def test_a_graph_without_averages_has_no_maps() -> None:
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, [1])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.UINT8, [1])
    plain = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value], [result]))
    assert averaged(plain.SerializeToString()) == []


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_what_is_no_graph_never_hangs_or_breaks(data: bytes) -> None:
    try:
        names = averaged(data)
    except (UnknownEncoder, UnicodeDecodeError):
        return
    assert names == []
