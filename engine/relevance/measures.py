"""Measures of answers, all of them ir-measures' own (MacAvaney, Macdonald & Ounis, ECIR 2022).

A measure has the name that ir-measures gives it: `nDCG@10`, `R@100`, `AP(rel=2)`.
"""

from collections.abc import Iterable, Mapping, Sequence

import ir_measures
import numpy as np
import numpy.typing as npt

from engine.errors import UsageError
from engine.relevance.judgments import Judgments
from engine.relevance.runs import Answered

Array = npt.NDArray[np.float64]
Measure = ir_measures.measures.Measure

# The first one is what systems are compared by.
DEFAULT = ("nDCG@10", "R@10", "R@100", "RR", "P@10", "AP")

# As ir-measures chooses them itself, but for gdeval: a Perl script, which takes nothing but numbers
# for the ids of queries.
_PROVIDERS: ir_measures.providers.Provider = ir_measures.providers.FallbackProvider(  # type: ignore[no-untyped-call]
    [each for each in ir_measures.DefaultPipeline.providers if each.NAME != "gdeval"]
)


def parse_measures(names: Iterable[str], depth: int) -> tuple[Measure, ...]:
    """Return measures by their names, each once; raise UsageError for one that can't be taken.

    depth: how many pins an answer has; no measure may look further.
    """
    return tuple(dict.fromkeys(_parsed(name, depth) for name in names))


def _parsed(name: str, depth: int) -> Measure:
    try:
        measure = ir_measures.parse_measure(name)
        _PROVIDERS.evaluator([measure], {})
    except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:
        told = " ".join(str(error).split())
        raise UsageError(
            f"--measure {name[:60]!r} can't be taken ({told}): write it as ir-measures does, "
            "such as nDCG@10, R@100, RR, P@5 or AP(rel=2)"
        ) from None
    cutoff = measure.params.get("cutoff")
    if isinstance(cutoff, int) and cutoff < 1:
        raise UsageError(f"--measure {name} looks at no pin: raise its cutoff")
    if isinstance(cutoff, int) and cutoff > depth:
        raise UsageError(
            f"--measure {name} looks at {cutoff:,} pins and answers have {depth:,}: raise --depth"
        )
    return measure


def measured(
    measures: Sequence[Measure], judgments: Judgments, runs: Iterable[Mapping[str, Answered]]
) -> Array:
    """Return what each measure says of each run's answer to each judged query.

    Shape (runs, queries, measures), queries in the order of the judgments. Where a run has no
    answer the measure's value for finding nothing stands, which is 0 for most.
    """
    columns = {measure: number for number, measure in enumerate(measures)}
    rows = {query: number for number, query in enumerate(judgments)}
    tables = []
    evaluator = _PROVIDERS.evaluator(
        list(measures), {query: dict(grades) for query, grades in judgments.items()}
    )
    for answers in runs:
        table = np.full((len(rows), len(columns)), np.nan)
        asked = {query: dict(answers[query]) for query in rows if answers.get(query)}
        for metric in evaluator.iter_calc(asked):
            table[rows[metric.query_id], columns[metric.measure]] = metric.value
        tables.append(table)
    shape = (len(tables), len(rows), len(columns))
    return np.array(tables, dtype=np.float64).reshape(shape)
