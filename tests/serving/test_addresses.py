"""Where the service listens, and who can reach it there."""

import socket
from contextlib import closing

import pytest
from pydantic import SecretStr

from engine.errors import BadSetting, EngineError
from engine.serving.addresses import is_loopback, listen, names_of, require_key, url_of
from engine.settings import ServeSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", "LOCALHOST"])
def test_loopback_wants_no_key(host: str) -> None:
    assert is_loopback(host)
    require_key(ServeSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "pins.example", "localhost."])
def test_other_addresses_want_one(host: str) -> None:
    with pytest.raises(BadSetting, match="ENGINE_SERVE__API_KEY"):
        require_key(ServeSettings(host=host))
    require_key(ServeSettings(host=host, api_key=SecretStr("k")))


def test_an_empty_key_is_none() -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(BadSetting, match="empty"):
            require_key(ServeSettings(host=host, api_key=SecretStr("  ")))


def test_a_free_port_is_found_and_named() -> None:
    with closing(listen("127.0.0.1", 0)) as sock:
        host, port = sock.getsockname()
        assert url_of(sock) == f"http://{host}:{port}"
        with closing(socket.create_connection((host, port), timeout=5)):
            pass  # it takes connections before anybody serves them


def test_every_address_is_reached_over_loopback() -> None:
    with closing(listen("0.0.0.0", 0)) as sock:
        assert url_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("127.0.0.2", ("127.0.0.2",)),
        ("0:0:0:0:0:0:0:1", ("[0:0:0:0:0:0:0:1]", "[::1]")),
        ("::1", ("[::1]",)),
    ],
)
def test_a_socket_is_called_by_its_own_names(host: str, names: tuple[str, ...]) -> None:
    with closing(listen(host, 0)) as sock:
        assert names_of(host, sock) == names


def test_a_taken_port_is_one_clear_line() -> None:
    with closing(listen("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(EngineError, match=f"port {port} on 127.0.0.1 is in use") as caught:
            listen("127.0.0.1", port)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "x" * 300])
def test_a_host_of_elsewhere_is_refused(host: str) -> None:
    with pytest.raises(BadSetting, match="ENGINE_SERVE__HOST"):
        listen(host, 0)
