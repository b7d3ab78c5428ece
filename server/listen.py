"""Finding an address to listen on: ours already, someone else's, or free."""

from __future__ import annotations

import errno
import json
import socket
import sys
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from core.errors import BadRequest
from core.version import APP

DEFAULT_PORT = 7870
PORTS_TO_TRY = 20


class AlreadyRunning(Exception):
    """This program answers at `url` already."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and to `port`, or to the next free one after it; port 0 takes any.

    Raises:
        AlreadyRunning: this program holds `port` already.
        BadRequest: no port could be had, or the host is not an address of this machine.
    """
    last = port + PORTS_TO_TRY if port else 1
    for candidate in range(port, min(last, 65_536)):
        try:
            return _bind(host, candidate)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise BadRequest(f"The address {host} cannot be used: {error.strerror}.") from None
        if candidate == port and is_ours(url := page_url(host, candidate)):
            raise AlreadyRunning(url)
    raise BadRequest(f"The ports {port} to {last - 1} are all taken. Choose another with --port.")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # Windows would else let two programs share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # elsewhere this only means: do not wait for connections of a program that has ended
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound


def page_url(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{name}:{port}/"


def is_ours(url: str) -> bool:
    """Whether this program answers at `url`; asked without any proxy, within two seconds."""
    try:
        with build_opener(ProxyHandler({})).open(f"{url}api/v1/health", timeout=2) as answer:
            return json.loads(answer.read(10_000)).get("app") == APP
    except (URLError, OSError, ValueError, AttributeError):
        return False
