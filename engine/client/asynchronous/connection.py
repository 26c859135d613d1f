"""How a request gets to the service, and what is made of its answer."""

from types import TracebackType
from typing import Any, Self

import httpx

from engine.client.problem import problem_of

DEADLINE = "Engine-Deadline"
LONGEST_S = 3_600


class Connection:
    """A service at an address."""

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        always = {DEADLINE: f"{min(timeout_s, LONGEST_S):.3f}"}
        if key is not None:
            always["Authorization"] = f"Bearer {key}"
        self._http = httpx.AsyncClient(
            base_url=address, headers=always, timeout=timeout_s, transport=transport
        )

    async def _json(self, method: str, path: str, **request: Any) -> Any:
        answer = await self._sent(method, path, **request)
        return answer.json()

    async def _sent(self, method: str, path: str, **request: Any) -> httpx.Response:
        response = await self._http.request(method, path, **request)
        if response.status_code >= 400:
            raise problem_of(response)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
