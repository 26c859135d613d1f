"""How long recognising and shopping take: `python benchmarks/recognition_speed.py`.

Nothing is encoded meanwhile. The pins are those of `benchmarks/scale.py`; half of them have words,
a part a price and a merchant. `--folder` keeps the collection for the next time. The table says
what else the machine did.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.machine import OtherWork
from benchmarks.synthetic import corpus, questions
from engine.discovery.confidence import CONFIDENCES
from engine.discovery.recognition import Namer, recognise
from engine.discovery.shopping import Wanted, shop
from engine.discovery.sight import Sight
from engine.discovery.tower import Tower
from engine.discovery.vocabulary import FACETS, Labels, read_vocabulary
from engine.discovery.wording import Wording
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.retrieval.parameters import Parameters
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record

FIRST = 20


def linked(record: Record) -> Record:
    """Return a pin for sale with a link, others as they are."""
    pin = record.pin
    if pin.price is None:
        return record
    return replace(record, pin=replace(pin, link=f"https://shop.example/{pin.id}"))


def timed(ask: Callable[[int], object], count: int) -> npt.NDArray[np.float64]:
    """Return the milliseconds of so many calls, after some that are not counted."""
    took = []
    for number in range(FIRST + count):
        started = time.perf_counter()
        ask(number)
        took.append((time.perf_counter() - started) * 1000)
    return np.array(took[FIRST:])


def main() -> None:
    """Fill a collection unless it is there, ask it, and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pins", type=int, default=100_000)
    arguments.add_argument("--asked", type=int, default=200)
    arguments.add_argument("--folder", type=Path)
    given = arguments.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="discovery-"))
    made = corpus(given.pins)
    there = folder.exists() and any(folder.iterdir())
    identity = None if there else Identity("synthetic", made.vectors.shape[1], "synthetic")
    collection = EdgeCollection.open(folder, identity, create=True)
    if not there:
        for batch in made.records(1_000):
            collection.upsert([linked(each) for each in batch])
        collection.optimize()
    asked = questions(made, FIRST + given.asked)
    encoder = load_encoder("embedded")
    vocabulary = read_vocabulary()
    labels = {facet: Labels.of(vocabulary, facet, encoder) for facet in FACETS}
    wording = Wording(vocabulary, Analyzer())
    namer = Namer(wording, Tower(lambda facet: labels[facet], lambda: encoder), CONFIDENCES)
    picture = Image.new("RGB", (256, 256), "teal")
    parameters = Parameters()

    def named(number: int) -> object:
        return recognise(Sight(asked[number].vector, picture), collection, namer)

    def looked(number: int) -> object:
        wanted = Wanted("image", asked[number].vector)
        return shop(wanted, collection, parameters, wording)

    def worded(number: int) -> object:
        question = asked[number]
        wanted = Wanted("text", question.vector, question.terms, question.terms)
        return shop(wanted, collection, parameters, wording)

    print(f"{given.pins:,} pins\n")
    print("| | p50 ms | p95 ms | other work on the machine |\n|---|---|---|---|")
    rows = {"recognise": named, "shop by picture": looked, "shop by words": worded}
    for name, ask in rows.items():
        others = OtherWork()
        took = timed(ask, given.asked)
        p50, p95 = np.percentile(took, (50, 95))
        print(f"| {name} | {p50:.1f} | {p95:.1f} | {others.share():.0%} |", flush=True)
    collection.close()


if __name__ == "__main__":
    main()
