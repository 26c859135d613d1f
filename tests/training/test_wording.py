"""Free wording: whatever a sentence claims, the pin that it was made for has."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.training.phrases import facts_of, phrase_for, words
from engine.training.pins import TrainingPin
from engine.training.wording import COLOURS, KINDS, OCCASIONS, WEARERS, Sentence, called

VALUES = {
    "articleType": sorted({value for covers in KINDS.values() for value in covers} | {"Gloves"}),
    "baseColour": sorted({value for covers in COLOURS.values() for value in covers}),
    "gender": sorted({value for covers in WEARERS.values() for value in covers}),
    "usage": sorted({value for covers in OCCASIONS.values() for value in covers} | {"Party"}),
}


@given(
    attributes=st.fixed_dictionaries(
        {}, optional={key: st.sampled_from(values) for key, values in VALUES.items()}
    ),
    seed=st.integers(0, 2**32),
)
def test_a_phrase_claims_only_what_its_pin_has(attributes: dict[str, str], seed: int) -> None:
    pin = TrainingPin("fashion", "p", Path("p"), "digest", "train", attributes=attributes)
    phrase = phrase_for(pin, {}, random.Random(seed), free=0.5)
    assert set(phrase.facts) <= set(facts_of(pin))
    assert phrase.facts


@given(
    attributes=st.fixed_dictionaries({key: st.sampled_from(v) for key, v in VALUES.items()}),
    seed=st.integers(0, 2**32),
)
def test_a_sentence_says_what_it_claims(attributes: dict[str, str], seed: int) -> None:
    sentence = Sentence(attributes, random.Random(seed))
    spoken = words(sentence.text)
    for key, value in sentence.facts:
        assert words(value) <= spoken, (key, value, sentence.text)


def test_a_word_covers_all_that_it_may_mean_and_nothing_else() -> None:
    for kind in ("Casual Shoes", "Sports Shoes"):
        assert "sneakers" in called({"articleType": kind})
    assert "sneakers" not in called({"articleType": "Formal Shoes"})
    reds = called({"baseColour": "Red", "usage": "NA"})
    assert {"crimson", "scarlet"} <= set(reds)
    assert not {"navy", "for the gym", "tee"} & set(reds)
    assert called({}) == []


def test_plain_speech_varies() -> None:
    attributes = {"articleType": "Tshirts", "baseColour": "Blue", "gender": "Men"}
    texts = {Sentence(attributes, random.Random(seed)).text for seed in range(200)}
    assert len(texts) > 150


def test_free_wording_comes_as_often_as_asked() -> None:
    attributes = {"articleType": "Handbags", "baseColour": "Red"}
    pin = TrainingPin("fashion", "p", Path("p"), "digest", "train", attributes=attributes)
    brief = {"red handbags", "red handbag", "handbags", "handbag", "red", "handbags red"}

    def freely(share: float) -> float:
        chance = random.Random(4)
        told = [phrase_for(pin, {}, chance, share).text for _ in range(2_000)]
        return sum(" ".join(sorted(text.split())) not in brief for text in told) / len(told)

    brief = {" ".join(sorted(text.split())) for text in brief}
    assert freely(0.0) == 0.0
    assert freely(0.4) < freely(0.8) <= 0.8
