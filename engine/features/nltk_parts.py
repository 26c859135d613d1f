"""The two NLTK modules that text analysis uses, without the import of all the rest.

`import nltk` pulls in SciPy and scikit-learn, which costs more than a second and a half: most of
what a search from the command line may take. Its regular-expression tokenizer and its Snowball
stemmers need neither, so they are loaded here inside empty packages of the same names, which are
taken away again: a later `import nltk` by anyone else finds nothing half-loaded.
Knows nothing of how a text is analysed.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol, cast

_PACKAGES = ("nltk", "nltk.corpus", "nltk.stem", "nltk.tokenize")


class Stemmer(Protocol):
    """Cuts the endings off a lower-case word."""

    def stem(self, word: str) -> str: ...


class Tokenizer(Protocol):
    """Cuts a text into tokens."""

    def tokenize(self, text: str) -> list[str]: ...


class _StemmerClass(Protocol):
    languages: tuple[str, ...]

    def __call__(self, language: str) -> Stemmer: ...


class _TokenizerClass(Protocol):
    def __call__(self, pattern: str) -> Tokenizer: ...


def _load() -> tuple[ModuleType, ModuleType]:
    if "nltk" in sys.modules:
        return _modules()
    try:
        with _empty_packages():
            return _modules()
    except ImportError:
        # A release that is laid out in another way still works, only slower.
        return _modules()


def _modules() -> tuple[ModuleType, ModuleType]:
    return (
        importlib.import_module("nltk.stem.snowball"),
        importlib.import_module("nltk.tokenize.regexp"),
    )


@contextmanager
def _empty_packages() -> Iterator[None]:
    """Put packages that have a path but no content in place of NLTK's for the while."""
    try:
        for name in _PACKAGES:
            spec = importlib.util.find_spec(name)
            if spec is None:
                raise ImportError(f"{name} is not installed")
            sys.modules[name] = importlib.util.module_from_spec(spec)
        # The stemmers' module names NLTK's stop words, which it only reads where asked to ignore
        # them; that needs a download, so it is never asked.
        vars(sys.modules["nltk.corpus"])["stopwords"] = None
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "nltk"]:
            del sys.modules[name]


_snowball, _regexp = _load()

SnowballStemmer = cast(_StemmerClass, _snowball.SnowballStemmer)
RegexpTokenizer = cast(_TokenizerClass, _regexp.RegexpTokenizer)
