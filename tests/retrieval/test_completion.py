"""Texts by how they begin."""

from hypothesis import given
from hypothesis import strategies as st

from engine.retrieval.completion import Beginnings, Completions, folded

WORDS = st.text("abcé", min_size=1, max_size=4)


@given(st.dictionaries(WORDS, st.integers(1, 9)), st.text("abcé", max_size=2), st.integers(1, 6))
def test_it_finds_what_a_search_through_all_finds(
    words: dict[str, int], prefix: str, limit: int
) -> None:
    found = Beginnings.of((folded(word), word, pins) for word, pins in words.items())
    wanted = folded(prefix)
    expected = sorted((pins for w, pins in words.items() if folded(w).startswith(wanted)))[::-1]
    answer = found.commonest(wanted, limit)
    assert [pins for _, pins in answer] == expected[:limit]
    assert all(folded(word).startswith(wanted) and words[word] == pins for word, pins in answer)


def test_accents_and_case_are_no_hurdle() -> None:
    made = Completions.of({"café": 3, "cafeteria": 2}, {"Café  Noir": 4})
    assert [word for word, _ in made.words.commonest(folded("CAFÉ"), 5)] == ["café", "cafeteria"]
    assert made.titles_with([], folded("cafe"), 5) == [("Café  Noir", 4)]


class TestTitles:
    MADE = Completions.of({}, {"Summer dresses": 9, "Summer in Rome": 5, "Roman summer": 2})

    def test_by_the_beginning_of_any_word(self) -> None:
        assert self.MADE.titles_with([], "rom", 5) == [("Summer in Rome", 5), ("Roman summer", 2)]

    def test_words_before_must_be_there_whole(self) -> None:
        assert self.MADE.titles_with(["summer"], "ro", 5) == [
            ("Summer in Rome", 5),
            ("Roman summer", 2),
        ]
        assert self.MADE.titles_with(["summ"], "ro", 5) == []
        assert self.MADE.titles_with(["rome", "summer"], "", 5) == [("Summer in Rome", 5)]
