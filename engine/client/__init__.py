"""A typed client of the HTTP service, in two kinds: `Client`, and `AsyncClient` for asyncio.

Knows nothing of the engine, and brings httpx alone. `client.answers` has the types of what comes
back.
"""

from engine.client.asking import ForPerson, Part, Picture
from engine.client.asynchronous import AsyncClient
from engine.client.problem import ProblemError
from engine.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "ForPerson", "Part", "Picture", "ProblemError"]
