"""Tuning on a user's own pins: it learns them, forgets little, and can be taken up again."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadImage, UsageError
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder
from engine.features.embedded_folder import weights_in
from engine.features.images import ImageLimits
from engine.features.wordpiece import tokenizer
from engine.ingestion.arrivals import Arrivals
from engine.ingestion.pictures import read_picture
from engine.training import tune as tuning_run
from engine.training.finetune import OwnWords, Tuner, Tuning
from engine.training.memory import Memory
from engine.training.options import OtherRun, TuneOptions
from engine.training.own_judge import Guard, HeldOut, gain, hold_out, kept
from engine.training.own_pins import LEAST_PINS, TooFewPins, Views, gather_own
from engine.training.own_texts import Claim, OwnPin, OwnTexts, words
from engine.training.own_units import Likeness, OwnUnits
from engine.training.towers import INPUT_WIDTH, ImageHead, TextTower

SMALL = Tuning(steps=60, rows=96, memory_rows=32, rate=1e-3, mixes=(0.0, 0.5, 1.0), least_kept=0.7)
CODES = ("zorb", "quix", "flim", "wud", "brank", "snell", "pock", "gurt", "yab", "lunt")
VOCABULARY = ["[PAD]", "[UNK]", "red", "blue", "hat", "dog", "cat", "car", "old", "new"]


def read(image: str, base: Path | None) -> bytes:
    return read_picture(image, base, ImageLimits())


def quiet(line: str) -> None:
    assert line


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """Sample pictures of ten kinds, each called by a word that no model has ever heard."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "images").mkdir()
    pins = [json.loads(line) for line in (samples / "pins.jsonl").read_text().splitlines()]
    plain = [pin for pin in pins if "colour" in pin["attributes"]]
    kinds = Counter(pin["attributes"]["kind"] for pin in plain)
    codes = dict(zip([kind for kind, _ in kinds.most_common(len(CODES))], CODES, strict=True))
    chosen = [pin for pin in plain if pin["attributes"]["kind"] in codes]
    lines = []
    for pin in chosen:
        shutil.copy(samples / pin["image"], folder / pin["image"])
        told = {"code": codes[pin["attributes"]["kind"]], "hue": pin["attributes"]["colour"]}
        lines.append({"id": pin["id"], "image": pin["image"], "attributes": told})
    file = folder / "pins.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def run(mine: Path, folder: Path, tuning: Tuning = SMALL) -> tuning_run.Tuned:
    options = TuneOptions("embedded", mine, folder / "out", folder / "work")
    return tuning_run.tune(options, Arrivals(mine), read, tuning)


def test_own_words_are_learnt_and_the_rest_stays(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(mine, tmp_path)
    assert found.after > found.before + 0.1
    assert min(found.guard, found.guard_own) >= SMALL.least_kept
    assert found.told_apart[0] > 0.8
    assert found.told_apart[1] < 0.2
    assert 0 < found.share <= 1
    told = json.dumps(found.facts())
    assert f"{found.before:.3f} before" in told
    assert f"{found.guard:.3f}" in told

    folder = tmp_path / "out"
    assert weights_in(folder) == found.weights
    old, new = EmbeddedEncoder.load(), EmbeddedEncoder.load(found.weights)
    asked = ["sunset over the sea", "a bowl of rice", "wooden chair"]
    same = (old.encode_texts(asked) * new.encode_texts(asked)).sum(1)
    assert same == pytest.approx(1, abs=1e-3)
    card = json.loads((folder / "card.json").read_text())
    figures = card["figures"]["held-out pins of the collection, nDCG@10"]
    assert figures["after"] == pytest.approx(found.after, abs=1e-3)
    assert "share" in (folder / "README.md").read_text()
    log = next(tmp_path.glob("work/runs/*/log.jsonl"))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"begun", "own pins", "packed"} <= {line["stage"] for line in lines}
    assert all(line["seconds"] >= 0 for line in lines)

    # Once more: nothing is looked at and nothing is trained again.
    monkeypatch.setattr(Tuner, "_step", never)
    monkeypatch.setattr(Views, "finish", lambda self: None if not self._waiting else never())
    again = run(mine, tmp_path)
    assert again.after == pytest.approx(found.after)
    assert EmbeddedEncoder.load(again.weights).fingerprint == new.fingerprint
    # What the pins' own words no longer find is reason enough to take nothing of it.
    with monkeypatch.context() as patch:
        patch.setattr(Guard, "kept", lambda *_: (1.0, SMALL.least_kept - 0.01))
        assert run(mine, tmp_path).share == 0
    with pytest.raises(OtherRun, match=r"tuning\.rate"):
        run(mine, tmp_path, Tuning(steps=60, rate=1.0))


def never(*_: object) -> None:
    raise AssertionError("was done again")


def test_the_base_is_never_written_over(mine: Path) -> None:
    folder = MODEL_FILE.parent
    with pytest.raises(UsageError, match="holds the base"):
        tuning_run.tune(TuneOptions("embedded", mine, folder, folder), Arrivals(mine), read)


def see(pixels: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(pixels), INPUT_WIDTH), np.float16)
    rows[:, :3] = pixels.mean((1, 2)) / 255
    return rows


def test_bad_pins_are_told_of_and_left_out(mine: Path, tmp_path: Path) -> None:
    good = mine.read_text().splitlines()
    twin = json.loads(good[0]) | {"id": "twin"}
    bad = [
        json.dumps({"id": "silent", "image": twin["image"]}),
        json.dumps({"id": "gone", "image": "gone.jpg", "description": "a hat"}),
        json.dumps({"id": "torn", "image": "torn.jpg", "description": "a hat"}),
        "{not json",
        json.dumps(twin),
    ]
    file = mine.with_name("bad.jsonl")
    (mine.parent / "torn.jpg").write_bytes((mine.parent / twin["image"]).read_bytes()[:200])
    file.write_text("\n".join([*good, *bad]) + "\n")
    lines: list[str] = []
    own = gather_own(Arrivals(file), read, Views(tmp_path / "v", see, 64), lines.append)
    assert len(own.pins) == len(own.inputs) == len(good)
    assert own.counts == {
        "without text": 1, "picture unreadable": 2, "not a pin": 1, "same picture again": 1,
    }  # fmt: skip
    assert any("gone.jpg" in line for line in lines)
    assert "of no use" in lines[-1]


def test_too_few_pins_are_an_error_that_says_how_many(mine: Path, tmp_path: Path) -> None:
    file = mine.with_name("few.jsonl")
    file.write_text("\n".join(mine.read_text().splitlines()[: LEAST_PINS - 1]) + "\n")
    with pytest.raises(TooFewPins, match=f"{LEAST_PINS - 1} pins can be used, {LEAST_PINS}"):
        gather_own(Arrivals(file), read, Views(tmp_path / "v", see, 64), quiet)


def test_what_was_seen_is_kept_between_runs(tmp_path: Path, samples: Path) -> None:
    data = (samples / "images").glob("*.jpg")
    pictures = {path.name: path.read_bytes() for path in sorted(data)[:5]}
    views = Views(tmp_path, see, 64)
    for name, picture in pictures.items():
        views.look(name, picture)
    views.finish()
    rows = views.of(pictures)
    later = Views(tmp_path, never, 64)  # type: ignore[arg-type]
    for name, picture in pictures.items():
        later.look(name, picture)
    later.finish()
    assert np.array_equal(later.of(pictures), rows)
    with pytest.raises(BadImage):
        later.look("bad", b"no picture")


def pin(number: int, **told: str) -> OwnPin:
    return OwnPin(f"d{number:03}", attributes=told)


@pytest.fixture
def own() -> OwnTexts:
    pins = []
    for number in range(40):
        shade, kind = ("red", "blue")[number % 2], ("hat", "dog")[number // 20]
        title = f"{shade.title()} {kind}" if number % 4 else "Look what my aunt gave to me today"
        told = {"shade": shade.title(), "kind": kind, "serial": f"no {number}", "shop": "ours"}
        pins.append(OwnPin(f"d{number:03}", title, f"board {kind}", told))
    return OwnTexts(pins)


def test_claims_fit_every_pin_that_has_what_they_say(own: OwnTexts) -> None:
    rows = np.arange(40)
    claims = [
        Claim("red hat", ("shade=red", "kind=hat")),
        Claim("dogs", ("board:board dog",)),
        Claim("this", ("picture:d007",)),
    ]
    fits = own.fits(claims, rows)
    assert fits[0].tolist() == [number < 20 and number % 2 == 0 for number in rows]
    assert np.flatnonzero(fits[1]).tolist() == list(range(20, 40))
    assert np.flatnonzero(fits[2]).tolist() == [7]


@given(st.integers(0, 39), st.randoms(use_true_random=False))
def test_a_claim_always_fits_its_own_pin(row: int, chance: random.Random) -> None:
    pins = [
        OwnPin(f"d{n}", "old hat" if n % 3 else "", "b" if n % 2 else "", {"k": f"v{n % 5}; w"})
        for n in range(40)
    ]
    texts = OwnTexts(pins)
    claim = texts.claim(row, chance)
    assert claim.text.strip()
    assert texts.fits([claim], np.array([row])).all()


def test_a_title_that_names_facts_fits_their_pins_and_a_caption_its_own(own: OwnTexts) -> None:
    chance = random.Random(1)
    drawn = {own.claim(row, chance) for row in range(40) for _ in range(20)}
    facts = {claim.text: claim.facts for claim in drawn}
    assert set(facts["Red hat"]) == {"shade=red", "kind=hat"}
    assert facts["Look what my aunt gave to me today"] == (
        "title:Look what my aunt gave to me today",
    )
    assert not any("no " in claim.text or "ours" in claim.text for claim in drawn)


def test_words_lose_plural_and_filler() -> None:
    assert words("The T-Shirts of a dress and shoes") == {"tshirt", "dress", "shoe"}


def test_held_out_pins_are_the_same_each_time_and_answer_their_queries(own: OwnTexts) -> None:
    held = hold_out(own.pins)
    assert held.sum() == 20
    assert (hold_out(own.pins) == held).all()
    asked = HeldOut.ask(own, np.flatnonzero(held), seed=1)
    assert asked.grades.shape == (len(asked.texts), 20)
    assert (asked.grades.sum(1) >= 1).all()
    assert (asked.grades.sum(1) <= 10).all()
    # A picture that says exactly which queries it answers ranks all of them first.
    found = asked.ndcg(
        asked.grades.T.astype(np.float32), lambda texts: np.eye(len(texts), dtype=np.float32)
    )
    assert found == pytest.approx(1)


def test_gain_and_its_noise() -> None:
    before, after = np.array([0.2, 0.4, 0.6]), np.array([0.4, 0.6, 1.0])
    more, error = gain(before, after)
    assert more == pytest.approx(0.8 / 3)
    assert error == pytest.approx(np.std([0.2, 0.2, 0.4], ddof=1) / 3**0.5)
    assert gain(before[:1], after[:1]) == (0.0, float("inf"))


def test_what_is_kept_counts_the_first_ten() -> None:
    scores = np.arange(30, dtype=np.float32)[None]
    assert kept(scores, scores) == 1
    assert kept(scores, -scores) == 0
    moved = scores.copy()
    moved[0, :3] += 100
    assert kept(scores, moved) == pytest.approx(0.7)


def test_only_rows_of_used_words_move() -> None:
    torch.manual_seed(1)
    text = TextTower(tokenizer(VOCABULARY), 8)
    own_words = OwnWords(text, ["red hat", "old dog"])
    assert torch.allclose(own_words(["red dog", "hat"]), text(["red dog", "hat"]))
    assert float(own_words.drift().detach()) == 0
    assert own_words.used.tolist() == [2, 4, 5, 8]
    assert [tuple(p.shape) for p in own_words.parameters()] == [(4, 8)]


def small_tuner(
    own: OwnTexts, seed: int = 1, ranking: float = 1.0
) -> tuple[Tuner, torch.Tensor, Memory]:
    torch.manual_seed(5)
    head = ImageHead(24, 8, 0.1)
    inputs = torch.zeros(40, INPUT_WIDTH)
    inputs[::2, 0] = inputs[:20, 1] = 3.0
    text = TextTower(tokenizer([*VOCABULARY, "board", "look"]), 8)
    tuning = Tuning(
        steps=70, rows=32, memory_rows=8, rate=1e-2, text_rate=1e-2, memory_weight=1.0,
        ranking_weight=ranking, pairs=8,
    )  # fmt: skip
    memory = Memory(head.mean[None] - 1, torch.zeros(INPUT_WIDTH, 1), head.spread)
    likeness = Likeness.between(head, inputs, memory, seed)
    return Tuner(head, text, own, likeness, tuning, seed), inputs, memory


def weights(tuner: Tuner) -> Sequence[torch.Tensor]:
    return [p.detach() for p in (*tuner.units.parameters(), *tuner.words.parameters())]


def test_a_run_that_was_cut_off_ends_as_one_in_one_go(own: OwnTexts, tmp_path: Path) -> None:
    whole, inputs, memory = small_tuner(own)
    whole.fit(inputs, range(40), memory, tmp_path / "whole.pt", quiet)

    def cut(line: str) -> None:
        if line.startswith("own pins 60/"):
            raise KeyboardInterrupt

    first, inputs, memory = small_tuner(own)
    with pytest.raises(KeyboardInterrupt):
        first.fit(inputs, range(40), memory, tmp_path / "cut.pt", cut)
    second, inputs, memory = small_tuner(own)
    lines: list[str] = []
    second.fit(inputs, range(40), memory, tmp_path / "cut.pt", lines.append)
    assert [line.split()[2] for line in lines] == ["60/70", "70/70"]
    for one, other in zip(weights(whole), weights(second), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_mix_lies_between_old_and_new(own: OwnTexts, tmp_path: Path) -> None:
    tuner, inputs, memory = small_tuner(own)
    old, old_text = tuner.mixed(0.0)
    tuner.fit(inputs, range(40), memory, tmp_path / "own.pt", quiet)
    half, half_text = tuner.mixed(0.5)
    new, new_text = tuner.mixed(1.0)
    with torch.inference_mode():
        middle = (old.learnt(inputs) + new.learnt(inputs)) / 2
        assert torch.allclose(half.learnt(inputs), middle, atol=1e-5)
    rows = [t.table.weight.detach() for t in (old_text, half_text, new_text)]
    assert torch.allclose(rows[1], (rows[0] + rows[2]) / 2, atol=1e-6)
    assert torch.equal(rows[0][6], rows[2][6])  # "cat" is in none of the texts
    with torch.inference_mode():
        scores = new(inputs) @ new_text(["red", "blue"]).T
    assert scores.argmax(1).tolist() == [0, 1] * 20


def two_kinds() -> tuple[ImageHead, torch.Tensor, torch.Tensor, Memory]:
    """A head, pictures of the user's and others, and a memory of the others, which look alike."""
    torch.manual_seed(3)
    head = ImageHead(24, 8, 0.1)
    places = torch.randn(2, INPUT_WIDTH) * 0.3
    mine, others = (place + torch.randn(200, INPUT_WIDTH) for place in places)
    return head, mine, others, Memory(places[1:], torch.zeros(INPUT_WIDTH, 1), head.spread)


def test_the_users_pictures_are_told_from_remembered_ones_that_never_trained() -> None:
    head, mine, others, memory = two_kinds()
    likeness = Likeness.between(head, mine[:100], memory, seed=1)
    assert likeness.share(head, mine[100:]) > 0.97
    assert likeness.share(head, others) < 0.03


def test_units_change_pictures_like_the_users_and_no_others() -> None:
    head, mine, others, memory = two_kinds()
    units = OwnUnits(head, Likeness.between(head, mine[:100], memory, 1), pairs=8, steep=1.5)
    with torch.no_grad():
        assert torch.equal(units.eval()(mine), head.eval()(mine))  # nothing is learnt yet
        units.outer.weight.normal_()
        before, now = units.both(torch.cat([mine[100:], others]))
        cosines = (before * now).sum(1)
        assert float(cosines[:100].median()) < 0.9
        assert float(cosines[100:].median()) > 0.999
        merged = units.merged(1.0)
        assert torch.allclose(merged(mine), units(mine), atol=1e-5)
        assert torch.allclose(units.merged(0.0)(mine), head(mine), atol=1e-6)


def test_words_go_on_ranking_remembered_pictures(own: OwnTexts, tmp_path: Path) -> None:
    moved = []
    for weight in (0.0, 100.0):
        tuner, inputs, memory = small_tuner(own, ranking=weight)
        old, old_text = tuner.mixed(0.0)
        tuner.fit(inputs, range(40), memory, tmp_path / f"{weight}.pt", quiet)
        new, new_text = tuner.mixed(1.0)
        rows = memory.draw(200)
        with torch.inference_mode():
            before, after = (
                text(["red", "blue", "hat", "dog"]) @ head(rows).T
                for head, text in ((old, old_text), (new, new_text))
            )
        gaps = (after - after.mean(1, keepdim=True)) - (before - before.mean(1, keepdim=True))
        moved.append(float(gaps.abs().mean()))
    assert moved[1] < moved[0] / 3


def test_a_memory_is_like_what_it_sums_up(tmp_path: Path) -> None:
    torch.manual_seed(1)
    head = ImageHead(8, 4, 0.1)
    centres = torch.randn(3, INPUT_WIDTH) * 5
    inputs = centres[torch.randint(3, (400,))] + torch.randn(400, INPUT_WIDTH) * 0.3
    head.standardise(inputs)
    memory = Memory.of(inputs, head, seed=1)
    drawn = memory.draw(500)
    far = torch.cdist(drawn, centres).min(1).values
    assert float(far.max()) < 1.5 * float(torch.cdist(inputs, centres).min(1).values.max())
    assert float((drawn.std(0) / inputs.std(0)).median()) == pytest.approx(1, abs=0.3)
    memory.write(tmp_path)
    again = Memory.beside(tmp_path / "encoder.safetensors", head)
    assert again.digest() == memory.digest()
    unknown = Memory.beside(tmp_path / "elsewhere" / "encoder.safetensors", head)
    assert torch.allclose(unknown.draw(4000).mean(0), head.mean, atol=1.0)
