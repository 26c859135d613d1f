"""What a service answers instead of what was asked for (RFC 9457)."""

import httpx


class ProblemError(Exception):
    """A problem; `kind` is the stable end of its `type`, such as `unknown-pin`.

    retry_after_s: when to try again, where the service says so.
    """

    def __init__(
        self, status: int, kind: str, detail: str, request_id: str, retry_after_s: float | None
    ) -> None:
        super().__init__(f"{detail} ({status} {kind}, request {request_id or 'unnamed'})")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.request_id = request_id
        self.retry_after_s = retry_after_s


def problem_of(response: httpx.Response) -> ProblemError:
    """Return the problem that a response tells of."""
    try:
        told = response.json()
        kind, detail = str(told["type"]).rpartition("/")[2], str(told["detail"])
    except (ValueError, KeyError, TypeError):
        kind, detail = "unknown", f"answered {response.status_code} without saying why"
    after = response.headers.get("retry-after", "")
    wait = float(after) if after.isdecimal() else None
    name = response.headers.get("x-request-id", "")
    return ProblemError(response.status_code, kind, detail, name, wait)
