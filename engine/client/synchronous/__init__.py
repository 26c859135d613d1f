# Made from `client/asynchronous` by tests/client/unasync.py.
"""The client without asyncio."""

from engine.client.synchronous.pins import Pins
from engine.client.synchronous.questions import Questions


class Client(Questions, Pins):
    """A service at an address; `key` is what `engine keys add` gave.

    Every method raises ProblemError for what the service refuses, and httpx.HTTPError when it can't
    be reached. A picture is bytes or a path; `crop` is x,y,w,h in fractions of it, upright.
    timeout_s: for each request; the service is told, and does not begin what would come too late.
    """
