"""A form with a picture: what is too large in it ends the reading, before the rest has arrived."""

from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from engine.errors import ImageTooLarge

MOST_FIELDS = 200
MOST_FIELD_BYTES = 1024 * 1024


class _Parts(MultiPartParser):
    """Parts of a form, none of them larger than a picture may be.

    Fields have a lower limit of their own, which the framework keeps.
    """

    def __init__(self, request: Request, most_bytes: int) -> None:
        super().__init__(
            request.headers,
            self._whole(request.stream()),
            max_files=1,
            max_fields=MOST_FIELDS,
            max_part_size=MOST_FIELD_BYTES,
        )
        self._most_bytes = most_bytes
        self._bytes = 0
        self._ended = False

    async def _whole(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield a form's pieces; raise MultiPartException if they end before it does."""
        async for piece in stream:
            yield piece
        if not self._ended:
            raise MultiPartException("the form ends early: its last boundary is missing")

    def on_end(self) -> None:
        self._ended = True
        super().on_end()

    def on_part_begin(self) -> None:
        self._bytes = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._bytes += end - start
        if self._bytes > self._most_bytes:
            raise ImageTooLarge(
                f"a part of the form is over {self._most_bytes:,} bytes, the limit for a picture: "
                "send a smaller one, or raise ENGINE_IMAGES__MAX_BYTES"
            )
        super().on_part_data(data, start, end)


async def form_of(request: Request, most_bytes: int) -> FormData:
    """Read a form; its caller closes it.

    most_bytes: size of its picture. Raises ImageTooLarge and HTTPException while it is read.
    """
    try:
        return await _Parts(request, most_bytes).parse()
    except MultiPartException as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, error.message) from None
