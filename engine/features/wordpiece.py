"""The tokens of a text: lower-case WordPiece over a fixed vocabulary; knows nothing of vectors.

Schuster and Nakajima, 2012; the rules are those of uncased BERT (Devlin et al., 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

UNKNOWN = "[UNK]"
_GOES_ON = "##"
_LONGEST_WORD = 100


def unknown_id(built: Tokenizer) -> int:
    """Return the id of the token that stands for what the vocabulary lacks."""
    number = built.token_to_id(UNKNOWN)
    if number is None:
        raise ValueError(f"the vocabulary lacks {UNKNOWN}; the weight file is not one of ours")
    return int(number)


def begin_words(built: Tokenizer) -> npt.NDArray[np.intp]:
    """Return 1 for each id whose token begins a word, 0 for those that go on with one."""
    begins = np.ones(built.get_vocab_size(), np.intp)
    for token, number in built.get_vocab().items():
        if token.startswith(_GOES_ON):
            begins[number] = 0
    return begins


def tokenizer(vocabulary: Sequence[str]) -> Tokenizer:
    """Build the tokeniser whose ids are the positions in `vocabulary`, which holds `[UNK]`."""
    numbers = {token: number for number, token in enumerate(vocabulary)}
    if UNKNOWN not in numbers:
        raise ValueError(f"the vocabulary lacks {UNKNOWN}; the weight file is not one of ours")
    built = Tokenizer(
        WordPiece(vocab=numbers, unk_token=UNKNOWN, max_input_chars_per_word=_LONGEST_WORD)
    )
    built.normalizer = BertNormalizer(lowercase=True)
    built.pre_tokenizer = BertPreTokenizer()
    return built
