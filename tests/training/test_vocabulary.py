from engine.features.wordpiece import tokenizer
from engine.training.vocabulary import missing_singulars

VOCABULARY = (
    "[UNK]", "binoculars", "bin", "##oc", "##ular", "shoes", "shoe", "glasses", "parties",
    "sunglasses", "dress", "gas", "famous", "tennis", "##wears", "x2ples", "naïves", "##s",
)  # fmt: skip


def test_a_missing_singular_points_to_its_plural() -> None:
    assert missing_singulars(VOCABULARY) == {
        "binocular": 1, "glass": 7, "party": 8, "sunglass": 9
    }  # fmt: skip


def test_the_longer_vocabulary_keeps_such_a_word_whole() -> None:
    before = tokenizer(VOCABULARY)
    after = tokenizer([*VOCABULARY, *missing_singulars(VOCABULARY)])
    assert len(before.encode("a binocular", add_special_tokens=False).ids) > 2
    for text in ("binocular", "Sunglass"):
        assert len(after.encode(text, add_special_tokens=False).ids) == 1
    for text in ("binoculars", "shoes", "bin", "dress"):
        old, new = (t.encode(text, add_special_tokens=False).ids for t in (before, after))
        assert old == new
