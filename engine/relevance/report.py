"""An evaluation as one HTML page that needs nothing beside it: plots and pictures are inside.

Everything that came from outside is escaped; the page runs no script and fetches nothing, which it
says itself in a content security policy.
"""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from engine.relevance import plots
from engine.relevance.comparison import RESAMPLES
from engine.relevance.evaluation import Evaluation
from engine.relevance.examples import Examples
from engine.relevance.systems import OURS
from engine.relevance.tables import probability, ratio, signed

TEMPLATE = "report.html"


def render(evaluation: Evaluation, examples: Examples) -> str:
    """Return the page."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"signed": signed, "p": probability, "ratio": ratio}
    source = files("engine.relevance").joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        evaluation=evaluation,
        examples=examples,
        measure=evaluation.scores.measures[0],
        means=evaluation.scores.means().tolist(),
        best=evaluation.scores.means().max(axis=0).tolist(),
        low=evaluation.intervals[0].tolist(),
        high=evaluation.intervals[1].tolist(),
        ours=OURS,
        resamples=RESAMPLES,
        # The plots escape what they show; they alone are taken as they are.
        plots={
            "systems": Markup(plots.systems(evaluation)),  # noqa: S704
            "differences": Markup(plots.differences(evaluation)),  # noqa: S704
            "parts": Markup(plots.parts(evaluation)),  # noqa: S704
        },
    )
