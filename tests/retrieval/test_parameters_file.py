"""A collection's own parameters: what is written is read, and what is wrong is named."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadParameters
from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.certainty import Certainty
from engine.retrieval.fusion import (
    PIN_FEATURES,
    QUERY_FEATURES,
    Convex,
    Distribution,
    Learned,
    Reciprocal,
)
from engine.retrieval.parameters import Mixing, Parameters
from engine.retrieval.parameters_file import Current, Tuned, read, withdraw, write
from engine.retrieval.silence import Expected, Renormalised, Zero
from engine.store.identity import Identity
from engine.store.plan import Bm25

IDENTITY = Identity("embedded/1", 4, "english/1")
number = st.floats(0.01, 10)
share = st.floats(0, 1)
mixings = st.builds(
    Mixing,
    visual=st.builds(Logistic, number, number),
    lexical=st.builds(Saturation, number),
    silence=st.one_of(
        st.builds(Expected, number, number, number), st.sampled_from([Renormalised(), Zero()])
    ),
    fusion=st.one_of(
        st.sampled_from([Convex(), Distribution()]),
        st.builds(Reciprocal, number),
        st.builds(
            Learned,
            number,
            st.tuples(*[number] * PIN_FEATURES),
            st.tuples(*[number] * QUERY_FEATURES),
        ),
    ),
    lexical_weight=share,
    certainty=st.builds(Certainty, st.tuples(*[number] * 4), st.tuples(*[number] * 3)),
    cut_off=share,
)
parameters = st.builds(
    Parameters,
    bm25=st.builds(Bm25, number, share, number, number),
    lexical_depth=st.integers(1, 2000),
    vector_depth=st.integers(1, 2000),
    text=mixings,
    image=mixings,
    mixed=mixings,
    text_gain=number,
)


def tuned(own: Parameters, identity: Identity = IDENTITY) -> Tuned:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Tuned(own, identity.encoder_fingerprint, identity.analysis_fingerprint, now, {"n": 1})


@settings(deadline=None)  # each of them is synced to disk
@given(own=parameters)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, own: Parameters) -> None:
    path = tmp_path_factory.mktemp("own") / "parameters.json"
    assert read(path) is None
    assert read(path) is None
    written = write(path, tuned(own))
    assert read(path) == written == tuned(own)


def test_the_parameters_before_stay(tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    for gain in (0.1, 0.2, 0.3):
        write(path, tuned(Parameters(text_gain=gain)))
    found = {each.name: read(each) for each in tmp_path.iterdir()}
    assert {
        name: each and (each.number, each.parameters.text_gain) for name, each in found.items()
    } == {
        "parameters-1.json": (1, 0.1),
        "parameters-2.json": (2, 0.2),
        "parameters.json": (3, 0.3),
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r'"slope": (\S+),', r'"slope": -\1,', "the slope must be above 0"),
        (r'"lexical_depth": \d+', '"lexical_depth": 0', "within 1 and 2,000"),
        ('"method": "convex"', '"method": "magic"', "fusion"),
        (r'"k1": [\d.]+', '"k1": "much"', "k1"),
        ('"format": 1', '"format": 9', "has format 9"),
        (r"\{", "", "Invalid JSON"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "parameters.json"
    write(path, tuned(Parameters()))
    text = path.read_text()
    changed, count = re.subn(old, new, text, count=1)
    assert count == 1
    path.write_text(changed)
    with pytest.raises(BadParameters, match=said) as caught:
        read(path)
    assert "parameters.json" in str(caught.value)
    assert "engine tune" in str(caught.value)


@pytest.mark.parametrize("then", ["write", "withdraw"])
def test_what_is_wrong_is_put_aside_by_tuning_again_and_by_a_reset(
    tmp_path: Path, then: str
) -> None:
    path = tmp_path / "parameters.json"
    path.write_text("{")
    if then == "write":
        assert write(path, tuned(Parameters())).number == 1
        assert read(path) is not None
    else:
        assert withdraw(path) is None
        assert read(path) is None
    assert (tmp_path / "parameters-unreadable.json").read_text() == "{"


def test_new_parameters_hold_at_once_and_bad_ones_never(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "parameters.json"
    current = Current(path, IDENTITY)
    assert (current(), current.number) == (Parameters(), 0)
    own = Parameters(text_gain=0.7)
    write(path, tuned(own))
    assert (current(), current.number) == (own, 1)
    path.write_text("{")
    assert (current(), current.number) == (own, 1)
    assert "the parameters before it stay" in caplog.text
    path.unlink()
    assert (current(), current.number) == (Parameters(), 0)


def test_parameters_of_another_encoder_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "parameters.json"
    other = replace(IDENTITY, encoder_fingerprint="embedded/2")
    write(path, tuned(Parameters(text_gain=0.7), other))
    current = Current(path, IDENTITY)
    assert (current(), current.number) == (Parameters(), 0)
    assert "another encoder" in caplog.text
