"""Plain speech: whatever a request claims its pin has, and what stands beside is not claimed."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from engine.features.wordpiece import tokenizer
from engine.training.free_wording import read_free_queries
from engine.training.left_out import LeftOut
from engine.training.pins import TrainingPin
from engine.training.reader import ReadingTower
from engine.training.reading import KeptTexts, Shop, teach
from engine.training.recipe import Recipe
from engine.training.speech import NAMES, TINTS, USES, Speaker
from engine.training.towers import TextTower

JUDGMENTS = Path(__file__).parents[2] / "engine" / "training" / "judgments"
DEVELOPMENT = "fashion_speech_development.jsonl"
VALUES = {
    "articleType": sorted({*NAMES, *USES, "Ipad"}),
    "baseColour": sorted({*TINTS, "Taupe"}),
    "gender": ["Men", "Women", "Boys", "Girls", "Unisex", "Someone"],
    "usage": ["Casual", "Sports", "Formal", "Ethnic", "Travel"],
    "season": ["Summer", "Winter", "Fall", "Spring", "Never"],
}


@given(
    values=st.fixed_dictionaries(
        {}, optional={key: st.sampled_from(values) for key, values in VALUES.items()}
    ),
    seed=st.integers(0, 2**32),
)
def test_a_request_claims_only_what_its_pin_has(values: dict[str, str], seed: int) -> None:
    said = Speaker(random.Random(seed)).utter(values)
    assert said.text.strip() == said.text
    assert "{" not in said.text
    for key, covers in said.claims:
        assert values[key] in covers


def test_a_use_fits_every_kind_that_has_it() -> None:
    values = {"articleType": "Sandals", "gender": "Men"}
    told = [Speaker(random.Random(seed)).utter(values) for seed in range(300)]
    barefoot = [dict(each.claims) for each in told if "for his feet" in each.text]
    assert barefoot
    assert all("Sandals" in claims["articleType"] for claims in barefoot)
    assert any("Flip Flops" in claims["articleType"] for claims in barefoot)
    assert all(claims["gender"] == {"Men"} for claims in barefoot)


def test_requests_are_as_short_as_people_type_and_some_tell_a_story() -> None:
    values = {
        "articleType": "Shirts",
        "baseColour": "Blue",
        "gender": "Men",
        "usage": "Formal",
        "season": "Summer",
    }
    told = [Speaker(random.Random(seed)).utter(values).text for seed in range(400)]
    lengths = sorted(len(text.split()) for text in told)
    typed = sorted(len(query.text.split()) for query in read_free_queries(JUDGMENTS / DEVELOPMENT))
    assert lengths[100] <= typed[len(typed) // 2] <= lengths[200]
    assert lengths[360] >= 15


def test_development_requests_are_none_of_the_judged() -> None:
    judged = {query.text for query in read_free_queries()}
    mine = {query.text for query in read_free_queries(JUDGMENTS / DEVELOPMENT)}
    assert len(mine) >= 150
    # Counted, so that a failure shows none of the judged to those who write requests.
    shared = len(judged & mine)
    assert shared == 0


def test_a_reader_learns_requests_and_leaves_other_texts() -> None:
    shop, text = small_shop()
    recipe = Recipe(
        reader_steps=60, reader_rows=24, reader_width=24, reader_layers=1, reader_rate=5e-3
    )
    kept = ["a big dog runs fast", "the piano in a house", "dog and cat play", "a house with a cat"]
    texts = KeptTexts(kept, lambda count: kept[:count], shop, ["piano", "dog"], LeftOut(), 1)
    reader = teach(text, shop, texts, recipe, print)
    tower = ReadingTower(text, reader)
    asked = ["something for his feet", "something to tell the time"]
    with torch.inference_mode():
        before, after = text(asked) @ shop.vectors.T, tower(asked) @ shop.vectors.T
        stays = (tower(kept) * text(kept)).sum(1)
    shoes = torch.tensor([pin.attribute("articleType") == "Formal Shoes" for pin in shop.pins])
    gap = after[0, shoes].mean() - after[0, ~shoes].mean()
    assert gap > 0.3 + (before[0, shoes].mean() - before[0, ~shoes].mean())
    assert after[1, ~shoes].mean() > after[1, shoes].mean()
    assert float(stays.min()) > 0.9


def small_shop() -> tuple[Shop, TextTower]:
    """Return two kinds of pins whose pictures lie at their names, and random words."""
    torch.manual_seed(5)
    words = {
        word
        for told in (NAMES, USES)
        for kind in ("Formal Shoes", "Watches")
        for saying, _ in told[kind]
        for word in saying.format(he="he", him="him", his="his").split()
    }
    vocabulary = [
        "[PAD]",
        "[UNK]",
        *sorted(
            words
            | {
                "formal",
                "shoes",
                "watches",
                "something",
                "dog",
                "cat",
                "piano",
                "house",
                "big",
                "runs",
                "fast",
                "play",
                "and",
            }
        ),
    ]
    text = TextTower(tokenizer(vocabulary), 16)
    kinds = ["Formal Shoes", "Watches"] * 8
    pins = [
        TrainingPin(
            "fashion", f"p{i}", Path("p"), f"d{i}", "train", attributes={"articleType": kind}
        )
        for i, kind in enumerate(kinds)
    ]
    with torch.inference_mode():
        vectors = text([kind.lower() for kind in kinds])
    noise = 0.1 * torch.randn(vectors.shape)
    return Shop(pins, normalize(vectors + noise, dim=1)), text
