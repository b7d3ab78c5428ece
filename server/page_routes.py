"""What of Gradio stays open: a list of the routes that our page needs, and no file at all.

Gradio 6.31 mounts over sixty routes: uploads, file and URL fetching, a log-in, monitoring, run history, a code editor.
Naming what is open, instead of what is closed, also closes what the next version adds.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from fastapi import FastAPI
from gradio.routes import App
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = r"(?:[\w.@~+-]+/)*[\w.@~+-]+"  # file names below a folder
_ID = r"[\w-]{1,64}"

OPEN_ROUTES: tuple[tuple[str, str], ...] = (
    ("GET", r"/"),
    ("HEAD", r"/"),
    ("GET", r"/theme\.css"),
    ("GET", r"/favicon\.ico"),
    ("GET", r"/manifest\.json"),
    ("GET", r"/robots\.txt"),
    ("GET", rf"/assets/{_NAMES}"),
    ("GET", rf"/static/{_NAMES}"),
    ("GET", r"/config"),
    ("GET", r"/gradio_api/app_id"),  # asked after a lost connection: is it still the same start of the program?
    ("GET", r"/gradio_api/startup-events"),
    ("GET", rf"/gradio_api/heartbeat/{_ID}"),
    ("POST", r"/gradio_api/run/predict"),  # handlers that need no queue
    ("POST", r"/gradio_api/queue/join"),
    ("GET", r"/gradio_api/queue/data"),
    ("POST", r"/gradio_api/cancel"),
    ("POST", r"/gradio_api/reset"),
)
_OPEN = [(method, re.compile(pattern)) for method, pattern in OPEN_ROUTES]
FILE_PREFIX = "/gradio_api/file="


def seal_page(app: FastAPI, files: Path | None = None) -> None:
    """Close what our page does not need of the Gradio application mounted on `app`; call after mounting it.

    Gradio checks the paths in a request (`{"path": ..., "meta": ...}` in the value of any component) only in Blocks
    started by `launch()`: in mounted ones it copies any file of this machine into its cache, and serves it from there.
    Hence `has_launched`, which `processing_utils._check_allowed` asks. Unless `files` may be served, all paths are
    blocked as well, so that no handler's output can name one either.

    Raises:
        ValueError: no Gradio application is mounted.
    """
    pages = [page for route in app.routes if isinstance(page := getattr(route, "app", None), App)]
    if not pages:
        raise ValueError("no Gradio application is mounted here")
    for page in pages:
        blocks = page.get_blocks()
        blocks.has_launched = True
        if files is None:
            blocks.blocked_paths = sorted({folder.anchor for folder in (Path.cwd(), Path(tempfile.gettempdir()))})
        page.add_middleware(PageRoutes, files=files)


class PageRoutes:
    """ASGI middleware inside the mounted Gradio application: 404 for every route that is not in `OPEN_ROUTES`.

    `files`, when given, is the one folder whose files `/gradio_api/file=` may serve; links are resolved first. The
    routes of our own API are matched before the mount and never come here.
    """

    def __init__(self, app: ASGIApp, files: Path | None = None) -> None:
        self.app = app
        self.files = files.resolve() if files else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._is_open(scope["method"], scope["path"])):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("Not found.\n", status_code=404)(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if path.startswith(FILE_PREFIX):
            return method in ("GET", "HEAD") and self._is_served(path[len(FILE_PREFIX) :])
        if any(segment in (".", "..") for segment in path.split("/")):
            return False
        return any(method == allowed and pattern.fullmatch(path) for allowed, pattern in _OPEN)

    def _is_served(self, name: str) -> bool:
        if self.files is None:
            return False
        try:
            path = Path(name).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):  # not there, a NUL in the name, a loop of links
            return False
        return path.is_file() and path.is_relative_to(self.files)
