"""A picture's URL, read the one way in which it is also requested.

Names are taken to IDNA, paths to percent-encoding. Knows nothing of addresses or connections.
"""

import re
from dataclasses import dataclass

import httpx

from engine.errors import UnfetchableImage

SCHEME_PORTS = {"http": 80, "https": 443}
MAX_URL = 8_192

_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_NAME = re.compile(rf"(?!_)(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_SIX = re.compile(r"[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True)
class PictureUrl:
    """A checked http(s) URL; `host` is ASCII and without brackets, `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: bytes
    authority: str

    def __str__(self) -> str:
        """Return it for a message: queries stay away, since they often hold a signature."""
        path = self.target.partition(b"?")[0].decode("ascii")
        return f"{self.scheme}://{self.authority}{path}"[:200]

    def join(self, location: str, ports: frozenset[int] | None) -> "PictureUrl":
        """Return where a redirect leads; raise UnfetchableImage as `parse_url` does."""
        here = f"{self.scheme}://{self.authority}{self.target.decode('ascii')}"
        try:
            text = str(httpx.URL(here).join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise UnfetchableImage(
                f"{self} redirects to what is no URL: {str(error)[:120]}"
            ) from None
        return parse_url(text, ports)


def parse_url(text: str, ports: frozenset[int] | None) -> PictureUrl:
    """Read a URL; raise UnfetchableImage for any that is not plain http(s) to an allowed port.

    ports: the allowed ones; None allows all.
    """
    if len(text) > MAX_URL:
        raise UnfetchableImage(f"the URL has {len(text):,} characters; the limit is {MAX_URL:,}")
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
    # idna raises a ValueError of its own for some names.
    except (httpx.InvalidURL, ValueError) as error:
        raise UnfetchableImage(f"the image is no URL: {str(error)[:120]}") from None
    if url.scheme not in SCHEME_PORTS:
        raise UnfetchableImage(
            f"a {url.scheme[:20]!r} URL is not fetched: give http, https, or a data: URI"
        )
    if url.userinfo:
        raise UnfetchableImage(
            "the URL holds a user name or password, which is not sent: give one without"
        )
    if not (_SIX if ":" in host else _NAME).fullmatch(host):
        raise UnfetchableImage(f"{host[:80]!r} is no host name: give one as http://host/path")
    port = SCHEME_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65_536:
        raise UnfetchableImage(f"{port} is no port: give one from 1 to 65535, or none")
    if ports is not None and port not in ports:
        raise UnfetchableImage(
            f"port {port} is not fetched from; allowed: {', '.join(map(str, sorted(ports)))} "
            "(ENGINE_FETCH__PORTS)"
        )
    return PictureUrl(url.scheme, host, port, url.raw_path, url.netloc.decode("ascii"))
