"""Work that goes on in threads of its own for as long as a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(ended: threading.Event, *work: Callable[[], None]) -> Iterator[None]:
    """Run each piece of work, which is to return soon after `ended` is set: when the block ends."""
    threads = [threading.Thread(target=each) for each in work]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        ended.set()
        for each in threads:
            each.join()
