"""A body that nobody wants: read and thrown away within bounds, so that its refusal arrives.

A connection that is closed while its client still sends is reset, and the answer goes with it.
"""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Receive

# What most clients send at once; who sends more, or slowly, may lose the answer.
MOST_BYTES: Final = 1024 * 1024
MOST_S: Final = 2.0


async def read_away(receive: Receive) -> bool:
    """Read the rest of a body, up to MOST_BYTES and MOST_S; say whether that was all of it.

    Only then the connection can take another request.
    """
    count = 0
    try:
        async with asyncio.timeout(MOST_S):
            while count <= MOST_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return False
                if not message.get("more_body", False):
                    return True
                count += len(message.get("body", b""))
    except (TimeoutError, HTTPException):  # slower or larger than this, or than the gate allows
        return False
    return False
