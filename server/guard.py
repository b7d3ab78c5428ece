"""The outermost layer: only this program's own page may talk to this program.

Gradio answers any Host, so a page of the internet whose name is pointed at 127.0.0.1 (DNS rebinding) could drive the
program; and CORS only hides answers from other pages, it does not stop their requests. `Guard` refuses both before any
route is looked up. See docs/security.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MAX_BODY = 30_000_000  # bytes
DEFAULT_PORTS = (80, 443)  # which browsers leave out of the Host header
FILE_ELSEWHERE = re.compile(r"file=(?:[/\\]{2}|[a-z][a-z0-9+.\-]+:)", re.IGNORECASE)  # a URL or a network share

# Gradio builds functions and styles from text in the page, hence the 'unsafe-...'. What this policy gives is that
# nothing loads from or sends to anywhere else, and that no page may frame this one.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), midi=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

WRONG_HOST = "This address is not one this program answers to; start it with --allow-host NAME to add one."
WRONG_ORIGIN = "Another page asked for this; only the program's own page may."
WRONG_FILE = "Files from elsewhere are not fetched."
BAD_LENGTH = "The Content-Length header is not a number."


def allowed_hosts(host: str, port: int, extra_names: Iterable[str] = ()) -> frozenset[str]:
    """Return the Host headers to answer to when listening on `host`:`port`.

    The loopback names always count, also when listening on every address (`0.0.0.0`, `::`). Any other address this
    machine is reached by is added by the person as one of `extra_names`: `NAME` is taken with and without the port,
    `NAME:PORT` as it stands.
    """
    names: set[str] = {*LOOPBACK}
    if host not in ("0.0.0.0", "::", "", *LOOPBACK):  # noqa: S104 - compared, not bound
        names.add(_bracketed(host))
    hosts = {f"{name}:{port}" for name in names}
    if port in DEFAULT_PORTS:
        hosts |= names
    for extra in extra_names:
        name = _bracketed(extra.strip())
        hosts |= {name} if re.search(r":\d+$", name) else {name, f"{name}:{port}"}
    return frozenset(host.lower() for host in hosts)


def _bracketed(name: str) -> str:
    """An IPv6 address stands in brackets in a Host header."""
    return f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name


class Guard:
    """ASGI middleware that refuses what the program's own page would not ask, and adds security headers.

    Refusals are 403 for a foreign host, origin or file address, 413 for a body of more than `max_body` bytes, 400 for
    a Content-Length that is no number: JSON `{"error": sentence}` under `/api/`, plain text elsewhere. WebSockets are
    judged the same way and closed.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], max_body: int = MAX_BODY) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # the server's own start and stop
            await self.app(scope, receive, send)
            return
        refusal = self._judge(scope)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal[1][:120]})
            else:
                await self.app(scope, receive, send)
            return
        if refusal:
            await _refuse(_with_security_headers(send), scope["path"], *refusal)
            return
        body = _CountedBody(scope["path"], receive, _with_security_headers(send), self.max_body)
        await self.app(scope, body.receive, body.send)

    def _judge(self, scope: Scope) -> tuple[int, str] | None:
        """Return (status, sentence) when the request must not pass."""
        headers = Headers(scope=scope)
        host = self._host(headers)
        if host is None or not scope["path"].startswith("/"):  # an absolute address as target names a second host
            return 403, WRONG_HOST
        if not _is_own_origin(headers, host, scope) or not _is_own_site(headers, scope):
            return 403, WRONG_ORIGIN
        if FILE_ELSEWHERE.search(scope["path"]):
            return 403, WRONG_FILE
        return self._judge_length(headers)

    def _host(self, headers: Headers) -> str | None:
        """The name the browser used, if it is allowed: the one Host header, or what a proxy in front says it was.

        Gradio builds the addresses in its page from X-Forwarded-Host and X-Gradio-Server, unseen.
        """
        hosts = headers.getlist("host")
        forwarded = headers.getlist("x-forwarded-host")
        if len(hosts) != 1 or len(forwarded) > 1 or "x-gradio-server" in headers:
            return None
        named = [name.strip().lower() for name in hosts + forwarded]
        return named[-1] if self.hosts.issuperset(named) else None

    def _judge_length(self, headers: Headers) -> tuple[int, str] | None:
        lengths = headers.getlist("content-length")
        if any(not (length.isascii() and length.isdigit()) for length in lengths) or len(set(lengths)) > 1:
            return 400, BAD_LENGTH
        # Digits are counted first: int() refuses thousands of them
        if lengths and (len(lengths[0].lstrip("0")) > 18 or int(lengths[0]) > self.max_body):
            return 413, _too_large(self.max_body)
        return None


def _is_own_origin(headers: Headers, host: str, scope: Scope) -> bool:
    """Whether Origin is absent or this very page: the same scheme, name and port as the request is for."""
    origins = headers.getlist("origin")
    if not origins:
        return True
    schemes = ["http", "https"]  # a proxy in front may speak https to the browser
    server = scope.get("server")
    if server and host.endswith(f":{server[1]}"):  # our own port speaks one of them only
        schemes = ["https" if scope["scheme"] in ("https", "wss") else "http"]
    return len(origins) == 1 and origins[0].lower() in [f"{scheme}://{host}" for scheme in schemes]


def _is_own_site(headers: Headers, scope: Scope) -> bool:
    """Whether the browser says the request comes from this page, the person, or a link clicked elsewhere.

    Other ports of this machine count as `same-site`, so that is refused as well.
    """
    sites = headers.getlist("sec-fetch-site")
    if all(site in ("same-origin", "none") for site in sites):
        return True
    is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return is_link and scope.get("method") == "GET" and scope["path"] == "/"


def _too_large(max_body: int) -> str:
    return f"The request is larger than {max_body // 1_000_000} MB."


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(SECURITY_HEADERS)
        await send(message)

    return send_with_headers


async def _refuse(send: Send, path: str, status: int, sentence: str) -> None:
    """Answer and end the connection: what is left of a refused body is not read."""
    is_api = path.startswith("/api/")
    body = json.dumps({"error": sentence}).encode() if is_api else f"{sentence}\n".encode()
    kind = b"application/json" if is_api else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _CountedBody:
    """Counts the bytes of a body as they come, for bodies in chunks, which announce no length.

    Over the limit the answer is 413, and the application is told that the client is gone: whatever it answers to that
    is dropped.
    """

    def __init__(self, path: str, receive: Receive, send: Send, limit: int) -> None:
        self._path, self._receive, self._send, self._limit = path, receive, send, limit
        self._counted = 0
        self._answering = False
        self._cut = False

    async def receive(self) -> Message:
        if self._cut:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._counted += len(message.get("body", b""))
        if self._counted <= self._limit:
            return message
        self._cut = True
        if not self._answering:
            await _refuse(self._send, self._path, 413, _too_large(self._limit))
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._cut and not self._answering:
            return
        self._answering = True
        await self._send(message)
