"""Chooses the numbers of word queries that belong to an encoder, on development splits alone.

    python -m benchmarks.choosing --data DIR --encoder FOLDER --fold 1

Pools, splits and encoders as in `benchmarks/pools.py`. First the order: calibrations, what is
assumed of silent pins, and the weight, by Optuna's TPE sampler from the present numbers on, for the
mean nDCG@10 over fashion, grocery and flickr with all texts and with half of them. What falls below
a limit counts against it: .01 above BM25 alone with all texts (fashion, flickr), never .005 below
the better single leg, a reach of silent pins of .75 (.05 above what is asked). Then certainty: both
regressions, as `engine tune` fits them, with as many queries of each pool, and foreign queries of
other sets. Prints what to write into `engine/retrieval/parameters.py`.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import optuna

from benchmarks.certainty import FOREIGN, WORDED
from benchmarks.certainty import SETS as ALL_SETS
from benchmarks.fusion import OURS, STATES, Score, plain, reach
from benchmarks.pools import FOLDS, Judged, Pool, by_score, load, without_text
from engine.features.factory import load_encoder
from engine.relevance.fitting import Seen, fit_certainty, seen, untold
from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.certainty import Certainty, Evidence
from engine.retrieval.parameters import Parameters
from engine.retrieval.silence import Expected

SEED = 7
LIMITED = ("fashion", "flickr")
OVER_WORDS, UNDER_LEG, REACH = 0.01, 0.005, 0.75
# How much a limit counts: .01 below one costs as much as .01 of the mean.
PRICE = 1.0
QUERIES = 75


class Choice:
    """Pools of the development split and what parameters are worth on them."""

    def __init__(self, sets: Mapping[str, Judged], present: Parameters) -> None:
        self.present = present
        self.pools = {
            (name, state): Pool(without_text(sets[name], share), present)
            for share, state in STATES.items()
            if state != "none"
            for name in WORDED
        }
        self.legs = {
            key: {
                name: float(pool.judge(by_score(score)).mean())
                for name, score in plain(present).items()
                if name in ("BM25 alone", "vectors alone")
            }
            for key, pool in self.pools.items()
        }

    def worth(self, parameters: Parameters) -> tuple[float, dict[tuple[str, str], float], float]:
        """Return the mean less what the limits cost, each pool's nDCG@10, and that cost."""
        score: Score = plain(parameters)[OURS]
        values: dict[tuple[str, str], float] = {}
        cost = 0.0
        for key, pool in self.pools.items():
            name, state = key
            values[key] = float(pool.judge(by_score(score)).mean())
            legs = self.legs[key]
            cost += max(0.0, max(legs.values()) - UNDER_LEG - values[key])
            if state == "full" and name in LIMITED:
                cost += max(0.0, legs["BM25 alone"] + OVER_WORDS - values[key])
            if state == "half":
                cost += max(0.0, REACH - reach(pool, score))
        return float(np.mean(list(values.values()))) - PRICE * cost, values, cost

    def proposed(self, trial: optuna.trial.BaseTrial) -> Parameters:
        """Return the parameters of a trial."""
        own = self.present.text
        mixing = replace(
            own,
            visual=Logistic(
                trial.suggest_float("slope", 2.0, 20.0, log=True),
                trial.suggest_float("middle", 0.1, 0.7),
            ),
            lexical=Saturation(trial.suggest_float("rate", 0.15, 2.0, log=True)),
            silence=Expected(
                trial.suggest_float("prior", 0.3, 5.0, log=True),
                trial.suggest_float("width", 0.005, 0.1, log=True),
                trial.suggest_float("optimism", 0.2, 2.0),
            ),
            lexical_weight=trial.suggest_float("lexical_weight", 0.3, 0.85),
        )
        return replace(self.present, text=mixing)

    def start(self) -> dict[str, float]:
        """Return the trial that is the present parameters."""
        own = self.present.text
        if not isinstance(own.silence, Expected):
            raise TypeError("the present parameters expect nothing of silent pins")
        return {
            "slope": own.visual.slope,
            "middle": own.visual.middle,
            "rate": own.lexical.rate,
            "prior": own.silence.prior,
            "width": own.silence.width,
            "optimism": own.silence.optimism,
            "lexical_weight": own.lexical_weight,
        }


def looked_at(pool: Pool, parameters: Parameters, *, words: bool) -> Iterator[Seen]:
    """Yield some queries of a pool with what scores; relevant is what has the highest grade."""
    rows = np.random.default_rng(SEED).permutation(len(pool.candidates))[:QUERIES]
    for row in rows.tolist():
        candidates, grades = pool.candidates[row], pool.judged.grades[row]
        left = candidates if words else untold(candidates)
        best = max(grades.values())
        relevant = np.array([grades.get(int(key), 0) == best for key in left.keys])
        yield seen(left, relevant, parameters.text, parameters.bm25)


def foreign(
    sets: Mapping[str, Judged], parameters: Parameters, state: str, share: float
) -> Iterator[Evidence]:
    """Yield the evidence of queries that a pool can't answer."""
    for name, others in FOREIGN.items():
        if state != "none" and name not in WORDED:
            continue
        for other in others:
            asked = sets[other]
            rows = np.random.default_rng(SEED).permutation(len(asked.terms))[:QUERIES]
            judged = replace(
                without_text(sets[name], share),
                terms=[asked.terms[row] for row in rows],
                query_vectors=asked.query_vectors[rows],
                grades=[{} for _ in rows],
                texts=[asked.texts[row] for row in rows],
            )
            for each in Pool(judged, parameters).candidates:
                left = untold(each) if state == "none" else each
                nothing = np.zeros(len(left), dtype=np.bool_)
                yield seen(left, nothing, parameters.text, parameters.bm25).evidence


def certainties(sets: Mapping[str, Judged], parameters: Parameters) -> tuple[Certainty, Certainty]:
    """Return what is fitted where words match, and where pictures decide alone."""
    worded: list[Seen] = []
    alone: list[Seen] = []
    strangers: dict[bool, list[Evidence]] = {True: [], False: []}
    for share, state in STATES.items():
        words = state != "none"
        for name in WORDED if words else ALL_SETS:
            pool = Pool(without_text(sets[name], share), parameters)
            (worded if words else alone).extend(looked_at(pool, parameters, words=words))
        strangers[words] += foreign(sets, parameters, state, share)
    return fit_certainty(worded, strangers[True]), fit_certainty(alone, strangers[False])


def main() -> None:
    """Print the present and the chosen numbers with what they are worth."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--encoder", required=True, help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    arguments.add_argument("--trials", type=int, default=300)
    given = arguments.parse_args()
    encoder = load_encoder(given.encoder)
    sets = {name: load(given.data, name, "development", encoder, given.fold) for name in ALL_SETS}
    choice = Choice(sets, Parameters())
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED, multivariate=True)
    )
    study.enqueue_trial(choice.start())
    study.optimize(lambda trial: choice.worth(choice.proposed(trial))[0], n_trials=given.trials)
    best = choice.proposed(optuna.trial.FixedTrial(study.best_params))
    print(f"development, {encoder.fingerprint}, {given.trials} trials\n")
    print("| | worth | cost of limits |", " | ".join(" ".join(key) for key in choice.pools), "|")
    print("|---|" + "---|" * (2 + len(choice.pools)))
    for name, parameters in (("present", choice.present), ("chosen", best)):
        worth, values, cost = choice.worth(parameters)
        cells = [f"{worth:.4f}", f"{cost:.4f}", *(f"{each:.3f}" for each in values.values())]
        print(f"| {name} |", " | ".join(cells), "|")
    for name, parameters in (("present", choice.present), ("chosen", best)):
        own = parameters.text
        print(f"\n{name}: {own.visual} {own.lexical} {own.silence} weight {own.lexical_weight:.3f}")
        for told, each in zip(
            ("words", "pictures alone"), certainties(sets, parameters), strict=True
        ):
            numbers = {key: [round(x, 1) for x in value] for key, value in asdict(each).items()}
            print(f"certainty, {told}: {numbers}")


if __name__ == "__main__":
    main()
