"""A thread that looks, over a server, whether another of its collections is to answer.

Knows nothing of how the service goes from one to the other.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from engine.errors import EngineError

# For so long an answer may come from what has answered until then: by one encoder throughout, but
# without what other processes wrote since.
LOOK_S: Final = 1.0
log = logging.getLogger("engine.serving")


@contextmanager
def following(follow: Callable[[], None], every_s: float = LOOK_S) -> Iterator[None]:
    """Call `follow` again and again until the block ends; what it raises is logged once."""
    ended = threading.Event()

    def run() -> None:
        said = ""
        while not ended.wait(every_s):
            try:
                follow()
            except EngineError as error:
                if str(error) != said:
                    log.warning("what is to answer next can't be opened: %s", error)
                said = str(error)
            else:
                said = ""

    thread = threading.Thread(target=run, name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
