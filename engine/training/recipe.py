"""Every number that the training depends on, as one frozen value; knows nothing of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SETS = ("fashion", "grocery", "clothing", "caltech", "flickr", "imagenet", "drawn")


def _shares() -> Mapping[str, float]:
    return MappingProxyType(
        {
            "fashion": 0.31,
            "imagenet": 0.18,
            "caltech": 0.13,
            "grocery": 0.13,
            "clothing": 0.08,
            "flickr": 0.07,
            "drawn": 0.10,
        }
    )


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make the encoder; rates are peaks of a schedule, sizes are rows a step."""

    seed: int = 7
    dimension: int = 256
    hidden: int = 768
    dropout: float = 0.2
    image_side: int = 192
    """Pixels a side at inference, and of the decoded pictures."""
    train_side: int = 160
    """Pixels a side of the crops that the backbone is fine-tuned on."""
    shares: Mapping[str, float] = field(default_factory=_shares)
    temperature: float = 0.05
    class_temperature: float = 0.04

    singulars: bool = True
    """Whether a word whose plural alone is a token becomes one too."""
    naming: int = 80
    """How many of the dimensions say what is seen by name, beside those that are learnt."""
    name_strength: float = 0.6
    """How long a picture's names are, where what was learnt has length one."""
    name_length: float = 3.0
    """How much longer than its row from the teacher a token's name starts."""
    name_pace: float = 33.0
    """How much faster than a token's row the length of its name learns."""
    doubt: float = 10.0
    """How many mentions in training pins' texts leave half of what a token's row says."""
    name_doubt: float = 30.0
    """How many mentions let half of what a name's length has learnt count, while it learns."""
    last_name_doubt: float = 100.0
    """The same in the encoder that is made: what rare words lose, what training hid gains."""

    text_steps: int = 600
    text_rows: int = 1024
    text_rate: float = 2e-3
    caption_limit: int = 14_000

    head_steps: int = 500
    head_rows: int = 512
    phrases_each: int = 2
    """Texts drawn for each picture of a step."""
    head_rate: float = 1.5e-3
    joint_text_rate: float = 3e-3
    """Zero leaves the text table as its teacher made it."""
    free_wording: float = 0.47
    """How often fashion is told of in free wording."""

    network_minutes: float = 8.0
    network_rows: int = 96
    network_rate: float = 1e-4
    network_head_rate: float = 3e-4
    network_text_rate: float = 5e-4
    network_decay: float = 0.02
    warm_up: float = 0.06
    """Share of the steps over which a rate climbs to its peak."""
    bank_rows: int = 2_048
    """Recent picture vectors kept as further negatives."""
    end_to_end_share: float = 0.5
    """Share of the steps that reach every layer; the others stop at `shallow_blocks`."""
    shallow_blocks: int = 5

    network_share: float = 0.5
    """How far the backbone and its classifier go, from what they were to what they became."""

    again_steps: int = 500
    """Steps of the heads on the tuned backbone's features; 0 leaves them as they are."""
    again_views: tuple[tuple[str, int], ...] = (("flickr", 8),)
    """How many random views, beside the whole picture, those steps learn from too, by set."""
    again_rate: float = 8e-4
    again_text_rate: float = 1e-3

    reader_steps: int = 1600
    """Steps of the reader of words, after all else; 0 makes a text the mean of its words."""
    reader_rows: int = 160
    """Requests in a step."""
    reader_kept: int = 100
    """About how many texts that stay are in a step."""
    reader_rate: float = 1.5e-3
    reader_width: int = 160
    reader_layers: int = 2
    reader_heads: int = 4
    reader_again_steps: int = 250
    """Steps of a reader that starts as another encoder's."""
    reader_again_rate: float = 6e-4
    reader_keeps: float = 3.0
    """Weight of keeping what every other text means."""

    keep_weight: float = 0.5
    """Weight of the classifier's saying what it said, while the backbone under it changes."""
    class_weight: float = 0.0
    """Weight of the distillation of ImageNet's classes, both ways together; names do without."""
    alike_weight: float = 1.0
    """Weight of finding pictures of the same thing by picture, in the stages of heads."""
    alike_temperature: float = 0.1
    text_weight: float = 0.3
    """Weight of staying close to the text teacher while both towers train."""
    decay: float = 0.05


FLOOR = Recipe(
    dimension=384,
    shares=MappingProxyType(
        {
            "fashion": 0.32,
            "imagenet": 0.22,
            "caltech": 0.14,
            "grocery": 0.14,
            "clothing": 0.10,
            "flickr": 0.08,
        }
    ),
    singulars=False,
    naming=0,
    class_weight=0.5,
    joint_text_rate=0.0,
    free_wording=0.0,
    text_weight=0.0,
    alike_weight=0.0,
    head_steps=1050,
    head_rows=1024,
    phrases_each=1,
    again_steps=0,
    reader_steps=0,
)
"""A first study's recipe, as far as it was told: a head on a frozen backbone, which learns to meet
a text table that was made before; no drawings, no free wording."""
