"""The two towers as torch modules; knows nothing of data, losses or files.

Both end in the same space: unit vectors whose dot product says how well they fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.features.colour import WIDTH as COLOUR_WIDTH
from engine.features.wordpiece import begin_words, unknown_id
from engine.training.backbone import CLASSES as PUBLIC_CLASSES
from engine.training.backbone import FEATURE_WIDTH, HEAD_WIDTH, Backbone

INPUT_WIDTH = FEATURE_WIDTH + COLOUR_WIDTH
CLASSES = PUBLIC_CLASSES - 1
"""ImageNet's classes; the public classifier's first, the background, has no name."""
NAME_TEMPERATURE = 2.0
"""Softens the classifier, which is surer than it is right."""
NO_SAY = -1e4
_LEAST_SPREAD = 1e-3
_REMEMBERED = 200_000


class ImageHead(nn.Module):
    """Features and colours (n, 2277) to unit rows: what was learnt, then what things are called.

    The first numbers are learnt: one hidden layer over standardised inputs, of length one. The
    last `naming` numbers are the average name of the classes that the backbone's classifier sees
    (ConSE, Norouzi et al., 2013, https://arxiv.org/abs/1312.5650), of length `strength`. A thing
    that no training pin showed is so found by its name, and what was learnt can't drown it.
    """

    mean: Tensor
    spread: Tensor
    names: Tensor
    """(classes, naming): the vector of each class's name, less the mean of all."""
    hidden_classes: Tensor
    """(classes,): added to the classifier's scores; very low where a class has no say."""

    def __init__(
        self, hidden: int, dimension: int, dropout: float, strength: float = 0.0, naming: int = 0
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(INPUT_WIDTH))
        self.register_buffer("spread", torch.ones(INPUT_WIDTH))
        self.register_buffer("names", torch.zeros(CLASSES, naming))
        self.register_buffer("hidden_classes", torch.zeros(CLASSES))
        self.inner = nn.Linear(INPUT_WIDTH, hidden)
        self.drop = nn.Dropout(dropout)
        self.outer = nn.Linear(hidden, dimension - naming)
        self.classes = nn.Linear(HEAD_WIDTH, CLASSES)
        self.strength = strength

    def standardise(self, rows: Tensor) -> None:
        """Take mean and spread from `rows`, the inputs of the training pins."""
        self.mean.copy_(rows.mean(0))
        self.spread.copy_(rows.std(0).clamp(min=_LEAST_SPREAD))

    def name(self, classifier: nn.Linear, names: Tensor, has_say: Sequence[bool]) -> None:
        """Take the classifier and the names' unit rows."""
        self.classify(classifier)
        self.names.copy_(names - names.mean(0))
        self.give_say(has_say)

    def classify(self, classifier: nn.Linear) -> None:
        """Take the classifier, whose first class, the background, is left out."""
        with torch.no_grad():
            self.classes.weight.copy_(classifier.weight[1:])
            self.classes.bias.copy_(classifier.bias[1:])

    def give_say(self, has_say: Sequence[bool]) -> None:
        """Let only these classes, in the classifier's order, name what is seen."""
        self.hidden_classes.copy_(torch.where(torch.tensor(has_say), 0.0, NO_SAY))

    def scores(self, rows: Tensor) -> Tensor:
        """Return the classifier's scores (n, classes)."""
        return torch.as_tensor(self.classes(rows[:, :HEAD_WIDTH])) + self.hidden_classes

    def forward(self, rows: Tensor) -> Tensor:
        return self.joined(self.learnt(rows), self.named(rows))

    def standard(self, rows: Tensor) -> Tensor:
        """Return rows less the mean of the training's, in units of their spread."""
        return (rows - self.mean) / self.spread

    def learnt(self, rows: Tensor) -> Tensor:
        """Return what was learnt to say of pictures, of any length."""
        hidden = F.gelu(self.inner(self.drop(self.standard(rows))))
        return torch.as_tensor(self.outer(self.drop(hidden)))

    def named(self, rows: Tensor) -> Tensor:
        """Return what pictures are called, of length `strength`; nothing where `naming` is 0."""
        if not self.naming:
            return rows[:, :0]
        odds = torch.softmax(self.scores(rows) / NAME_TEMPERATURE, 1)
        return self.strength * F.normalize(odds @ self.names, dim=1)

    def joined(self, learnt: Tensor, named: Tensor) -> Tensor:
        """Return unit rows of what was learnt, at length one, and the names beside it."""
        learnt = F.normalize(learnt, dim=1)
        return F.normalize(torch.cat([learnt, named], 1), dim=1) if self.naming else learnt

    @property
    def naming(self) -> int:
        """How many of the numbers say what is seen by name."""
        return self.names.shape[1]


class ImageTower(nn.Module):
    """Backbone and head together: a picture and its colour histogram to a unit row."""

    def __init__(self, backbone: Backbone, head: ImageHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, pictures: Tensor, colours: Tensor, frozen_blocks: int = 0) -> Tensor:
        features = self.backbone(pictures, frozen_blocks).float()
        return torch.as_tensor(self.head(torch.cat([features, colours], 1)))


class TextTower(nn.Module):
    """WordPiece tokens, one vector each from a table; their mean, as a unit row.

    A text without any token counts as the single token `[UNK]`.
    """

    def __init__(self, tokenizer: Tokenizer, dimension: int, *, sparse: bool = False) -> None:
        """`sparse` gradients hold only the rows of the tokens that a step has seen."""
        super().__init__()
        self.sparse = sparse
        self.tokenizer = tokenizer
        self.unknown = unknown_id(tokenizer)
        self._begin_words = begin_words(tokenizer)
        self.table = nn.EmbeddingBag(
            tokenizer.get_vocab_size(), dimension, mode="mean", sparse=sparse
        )
        self._known: dict[str, npt.NDArray[np.int64]] = {}

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the flat token ids and where each text starts in them."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, found in zip(
            fresh, self.tokenizer.encode_batch(fresh, add_special_tokens=False), strict=True
        ):
            self._known[text] = np.array(found.ids or [self.unknown], np.int64)
        rows = [self._known[text] for text in texts]
        starts = np.cumsum([0] + [len(row) for row in rows[:-1]])
        return torch.from_numpy(np.concatenate(rows)), torch.from_numpy(starts)

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self.tokens(texts)
        return F.normalize(self.table(flat, starts), dim=1)

    def words(self, flat: Tensor, starts: Tensor) -> Tensor:
        """Return how many words each text has; a rare one may be several tokens."""
        return torch.from_numpy(np.add.reduceat(self._begin_words[flat.numpy()], starts.numpy()))

    def pooled(self, rows: Tensor, starts: Tensor, words: Tensor) -> Tensor:
        """Return the unit row of each text from its tokens' rows, one text after another.

        words: of each text, for towers to which their number matters.
        """
        mean = F.embedding_bag(torch.arange(len(rows)), rows, starts, mode="mean")
        return F.normalize(mean, dim=1)

    def learnt(self, texts: Sequence[str]) -> Tensor:
        """Return unit rows of the part that follows the text teacher: here, the whole."""
        return torch.as_tensor(self(texts))

    def paces(self) -> list[tuple[Tensor, float]]:
        """Return what learns, each with its rate in units of the table's."""
        return [(self.table.weight, 1.0)]
