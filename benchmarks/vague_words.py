"""Asks judged queries in vague words: misspelt, another number, joined, split, other words.

    python benchmarks/vague_words.py --data DIR --split test --encoder FOLDER --fold 1

Each kind changes one word of every query that has one to change, by a seeded draw, and the judged
pins stay as they are. nDCG@10 of the engine: asked as judged, in vague words as they are, and with
these read as words that pins say; its two signals beside it, and two other ways to use a reading.
Pools and parameters are those of `fusion.py`; a synonym is unsaid if no pin of the pool has it.
"""

import argparse
import itertools
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.fusion import plain
from benchmarks.pools import (
    FOLDS,
    SETS,
    SPLITS,
    Judged,
    Pool,
    by_score,
    in_pool,
    load,
    without_text,
)
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.retrieval.parameters import for_encoder
from engine.retrieval.spelling import Reading, Speller
from engine.store.vocabulary import Vocabulary, words_of

Array = npt.NDArray[np.float64]
Vary = Callable[[str, random.Random], str | None]
RESAMPLES = 2_000
_WORD = re.compile(r"[a-z]{4,}")
IRREGULAR = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "foot": "feet",
    "tooth": "teeth",
    "knife": "knives",
    "shelf": "shelves",
    "scarf": "scarves",
    "leaf": "leaves",
    "loaf": "loaves",
}
SINGULAR = {many: one for one, many in IRREGULAR.items()}
# Everyday words for the same things; each is used where no pin of the pool says it.
SYNONYMS = {
    "automobile": "car",
    "auto": "car",
    "backpacks": "rucksacks knapsacks",
    "beach": "seashore seaside",
    "bicycle": "bike",
    "bike": "bicycle cycle",
    "boy": "lad youngster",
    "building": "edifice house",
    "cabbage": "kale",
    "camera": "camcorder",
    "caps": "hats beanies",
    "car": "automobile vehicle",
    "child": "kid toddler youngster",
    "children": "kids youngsters",
    "crowd": "throng audience",
    "dog": "hound canine puppy",
    "dogs": "hounds canines puppies",
    "dress": "gown frock",
    "dresses": "gowns frocks",
    "earrings": "studs",
    "field": "meadow pasture",
    "flops": "sandals thongs",
    "formal": "office elegant",
    "girl": "lass kid",
    "grass": "lawn turf",
    "green": "emerald",
    "grey": "gray silver",
    "handbags": "purses totes",
    "hat": "cap bonnet",
    "heels": "stilettos pumps",
    "jackets": "coats parkas",
    "jeans": "denims",
    "juice": "nectar",
    "jumping": "leaping hopping",
    "jumps": "leaps hops",
    "kurtas": "tunics robes",
    "lady": "woman female",
    "man": "guy gentleman fellow",
    "men": "gents guys males",
    "mountain": "peak hill",
    "orange": "tangerine",
    "people": "folks persons",
    "pepper": "capsicum paprika",
    "purple": "violet mauve",
    "red": "crimson scarlet",
    "road": "street highway",
    "rock": "boulder cliff",
    "running": "sprinting racing",
    "runs": "sprints races",
    "sandals": "slippers",
    "shirt": "blouse tee",
    "shirts": "blouses",
    "shoes": "footwear",
    "shorts": "trunks",
    "sitting": "seated",
    "smiling": "grinning",
    "snow": "frost ice",
    "socks": "stockings hosiery",
    "street": "road avenue",
    "sunglasses": "shades eyewear",
    "sweaters": "pullovers jumpers",
    "sweatshirts": "hoodies pullovers",
    "ties": "neckties cravats",
    "tops": "blouses camisoles",
    "track": "jogging",
    "trousers": "slacks pants",
    "tshirts": "tees jerseys",
    "wallets": "billfolds purses",
    "watches": "timepieces chronographs",
    "water": "lake sea",
    "woman": "lady female",
    "women": "ladies females",
    "yellow": "golden amber",
    "young": "little small",
    "zucchini": "courgette squash",
}


@dataclass(frozen=True)
class Asked:
    """A set with its texts: of the pins (one each), and of the queries in the order of `judged`."""

    judged: Judged
    pins: list[str]
    queries: list[str]


@dataclass(frozen=True)
class Wording:
    """Queries of one kind: their places among the judged, as judged and as asked."""

    kind: str
    places: list[int]
    texts: list[str]


def read(folder: Path, name: str, split: str, encoder: Encoder, fold: int | None) -> Asked:
    """Read one set with the texts of its pins."""
    judged = load(folder, name, split, encoder, fold)
    pins = []
    for line in (folder / name / "pins.jsonl").read_text().splitlines():
        pin = json.loads(line)
        if in_pool(name, (folder / name / pin["image"]).read_bytes(), split, fold):
            pins.append(pin)
    return Asked(judged, [_text(pin) for pin in pins], judged.texts)


def _text(pin: dict[str, str]) -> str:
    return f"{pin.get('description') or ''} {pin.get('board_title') or ''}"


def wordings(asked: Asked, corpus: frozenset[str], seed: int) -> Iterator[Wording]:
    """Yield the queries of each kind; `corpus` is what words there are to tell nouns by."""
    said, analyzer = said_in(asked.judged), Analyzer()

    def unsaid(word: str) -> bool:
        return said.isdisjoint(analyzer.terms(word))

    kinds: dict[str, Vary] = {
        "misspelt": lambda text, rng: _one(text, rng, lambda word: misspelt(word, rng)),
        "other number": lambda text, rng: _one(text, rng, lambda word: _number(word, corpus)),
        "joined": _joined,
        "split": lambda text, rng: _one(text, rng, lambda word: _split(word, corpus)),
        "unsaid synonym": lambda text, rng: _one(text, rng, lambda w: _synonym(w, rng, unsaid)),
    }
    yield Wording("as judged", list(range(len(asked.queries))), asked.queries)
    for kind, vary in kinds.items():
        rng = random.Random(f"{seed}:{asked.judged.name}:{kind}")
        varied = [(place, vary(text, rng)) for place, text in enumerate(asked.queries)]
        kept = [(place, text) for place, text in varied if text is not None]
        yield Wording(kind, [place for place, _ in kept], [text for _, text in kept])


def said_in(judged: Judged) -> frozenset[str]:
    """Return the terms that some pin of a pool has."""
    fields = itertools.chain(judged.description, judged.board)
    return frozenset(itertools.chain.from_iterable(fields))


def misspelt(word: str, rng: random.Random) -> str:
    """Return a word with one letter too many, too few, wrong, or swapped with its neighbour."""
    while True:
        place, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
        head, tail = word[:place], word[place:]
        drawn = rng.choice(
            (
                head + letter + tail,
                head + tail[1:],
                head + letter + tail[1:],
                head[:-1] + tail[0] + head[-1:] + tail[1:],
            )
        )
        if drawn != word:
            return drawn


def _one(text: str, rng: random.Random, vary: Callable[[str], str | None]) -> str | None:
    """Return the text with one of its words varied, None where none can be."""
    analyzer = Analyzer()
    places = [
        each
        for each in _WORD.finditer(text.lower())
        if analyzer.query_terms(f"{each[0]} x") != ("x",)
    ]
    rng.shuffle(places)
    for place in places:
        other = vary(place[0])
        if other is not None and other != place[0]:
            return text[: place.start()] + other + text[place.end() :]
    return None


def _number(word: str, corpus: frozenset[str]) -> str | None:
    stem = word.removesuffix("s")
    options = [IRREGULAR.get(word), SINGULAR.get(word)]
    if stem != word and not word.endswith("ss"):
        options += [word.removesuffix("es"), stem, word.removesuffix("ies") + "y"]
    else:
        options += [f"{word}es", f"{word}s"]
    return next((each for each in options if each and each != word and each in corpus), None)


def _joined(text: str, rng: random.Random) -> str | None:
    analyzer = Analyzer()
    words = text.split()
    pairs = [
        number
        for number, (one, other) in enumerate(itertools.pairwise(words))
        if all(word.isalpha() and analyzer.telling_terms(word) for word in (one, other))
    ]
    if not pairs:
        return None
    at = rng.choice(pairs)
    return " ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]])


def _split(word: str, corpus: frozenset[str]) -> str | None:
    for place in range(3, len(word) - 2):
        if word[:place] in corpus and word[place:] in corpus:
            return f"{word[:place]} {word[place:]}"
    return None


def _synonym(word: str, rng: random.Random, unsaid: Callable[[str], bool]) -> str | None:
    others = [each for each in SYNONYMS.get(word, "").split() if unsaid(each)]
    return rng.choice(others) if others else None


Scores = dict[str, Array]


def measure(asked: Asked, wording: Wording, encoder: Encoder) -> tuple[Scores, list[Reading]]:
    """Ask one kind's queries of a pool in every way: nDCG@10 of each, and how each was read."""
    analyzer, judged, said = Analyzer(), asked.judged, said_in(asked.judged)
    vocabulary = Vocabulary()
    silent = [not (a or b) for a, b in zip(judged.description, judged.board, strict=True)]
    vocabulary.add("" if gone else text for text, gone in zip(asked.pins, silent, strict=True))

    def known(word: str) -> bool:
        terms = analyzer.telling_terms(word)
        return not terms or not said.isdisjoint(terms)

    speller = Speller(vocabulary, known, encoder.knows_word)
    readings = [speller.read(text) for text in wording.texts]
    read, spoken = ([getattr(each, name) for each in readings] for name in ("text", "spoken"))
    parameters = for_encoder(encoder.fingerprint)
    by_name = plain(parameters)

    def encoded(texts: list[str]) -> Array:
        return encoder.encode_texts(texts).astype(np.float64)

    def asking(texts: list[str], vectors: Array) -> dict[str, Array]:
        pool = Pool(
            replace(
                judged,
                terms=[analyzer.query_terms(text) for text in texts],
                query_vectors=vectors,
                grades=[judged.grades[place] for place in wording.places],
            ),
            parameters,
        )
        shown = ("this engine", "BM25 alone", "vectors alone")
        return {name: pool.judge(by_score(by_name[name])) for name in shown}

    first = [asked.queries[place] for place in wording.places]
    mean = encoded(wording.texts) + encoded(spoken)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    before, after = asking(wording.texts, encoded(wording.texts)), asking(read, encoded(spoken))
    scores = {
        "as judged": asking(first, encoded(first))["this engine"],
        "vague, as asked": before["this engine"],
        "vague, read": after["this engine"],
        "BM25, as asked": before["BM25 alone"],
        "BM25, read": after["BM25 alone"],
        "vectors, as asked": before["vectors alone"],
        "vectors, read": after["vectors alone"],
        "read by BM25 alone": asking(read, encoded(wording.texts))["this engine"],
        "both vectors' mean": asking(read, mean)["this engine"],
    }
    return scores, readings


def interval(difference: Array) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a mean."""
    rng = np.random.default_rng(7)
    rows = rng.integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.percentile(difference[rows].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def main() -> None:
    """Print a table: one row a set and kind, with full text and with half of it gone."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    arguments.add_argument("--seed", type=int, default=5)
    given = arguments.parse_args()
    encoder = load_encoder(given.encoder)
    corpus: set[str] = set()
    for name in SETS:
        for line in (given.data / name / "pins.jsonl").read_text().splitlines():
            corpus |= words_of(_text(json.loads(line)))
    print(f"nDCG@10, {given.split} split, {encoder.fingerprint}, seed {given.seed}\n")
    headed = False
    for name in SETS:
        full = read(given.data, name, given.split, encoder, given.fold)
        half = replace(full, judged=without_text(full.judged, 0.5))
        for label, asked in (("full", full), ("half", half)):
            for wording in wordings(asked, frozenset(corpus), given.seed):
                if not wording.texts:
                    continue
                scores, readings = measure(asked, wording, encoder)
                if not headed:
                    heads = ["set", "text", "kind", "queries", "read otherwise", *scores, "lost"]
                    print("|", " | ".join(heads), "|\n|" + "---|" * len(heads))
                    headed = True
                changed = sum(bool(each.readings) for each in readings)
                cells = [name, label, wording.kind, str(len(wording.texts)), str(changed)]
                cells += [f"{values.mean():.3f}" for values in scores.values()]
                lost = scores["as judged"] - scores["vague, read"]
                low, high = interval(lost)
                cells.append(f"{lost.mean():.3f} ({low:.3f} to {high:.3f})")
                print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
