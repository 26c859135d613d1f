"""Where the service listens, and who can reach it there."""

import errno
import ipaddress
import socket

from engine.errors import BadSetting, EngineError
from engine.settings import ServeSettings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
BACKLOG = 512


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_key(settings: ServeSettings, keys: bool = False) -> None:
    """Raise BadSetting where others could reach the service without a key, unless told so.

    keys: whether there are any in the data folder.
    """
    key = settings.api_key
    if key is not None and not key.get_secret_value().strip():
        raise BadSetting("ENGINE_SERVE__API_KEY is empty: give a key, or unset it")
    guarded = key is not None or keys or settings.anonymous != "auto"
    if not guarded and not is_loopback(settings.host):
        raise BadSetting(
            f"other machines could reach {settings.host or 'every address'} without a key: make "
            "one with 'engine keys add', set ENGINE_SERVE__API_KEY, serve on 127.0.0.1, or leave "
            "it to a proxy with ENGINE_SERVE__ANONYMOUS=read or write"
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections at once; port 0 is any free one.

    Raises BadSetting for a host that is not of this machine and EngineError for a taken port.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise BadSetting(f"ENGINE_SERVE__HOST {host!r} can't be found: {error}") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _refused(error, host, port) from None
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the address under which this machine reaches a listening socket."""
    host, port = sock.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{_in_url(host)}:{port}"


def names_of(host: str, sock: socket.socket) -> tuple[str, ...]:
    """Return what a Host header may call a listening socket: as it was asked for, and as bound."""
    return tuple(dict.fromkeys(_in_url(each).lower() for each in (host, sock.getsockname()[0])))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _refused(error: OSError, host: str, port: int) -> EngineError:
    if error.errno == errno.EADDRINUSE:
        return EngineError(
            f"port {port} on {host} is in use: stop what listens there, or choose another "
            "with --port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return BadSetting(f"ENGINE_SERVE__HOST {host!r} is no address of this machine")
    return EngineError(f"can't listen on {host} port {port}: {error.strerror}")
