"""A small real server that speaks the REST contract the viewer relies on, with runs a test writes event by event.

It stands in for the engine only: HTTP, server-sent events, Gradio and the pictures are real. A test appends events to a
run and the page sees them; nothing here waits on a clock.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import os
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from PIL import Image, PngImagePlugin

from ui.viewer import KeepSeed, OpenPicture, RestoreSettings, ShowMessage, ShowPicture, Viewer, WatchRun

LAST = ("finished", "failed", "cancelled")


def png(color: str, size: tuple[int, int] = (64, 64), text: str = "") -> bytes:
    """A picture of one colour, with `text` among its metadata."""
    info = PngImagePlugin.PngInfo()
    if text:
        info.add_text("parameters", text)
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def jpeg_url(color: str, size: tuple[int, int] = (64, 64)) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


@dataclass
class ScriptedRun:
    events: list[tuple[str, dict]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    maps: list[bytes] = field(default_factory=list)
    connections: list[str | None] = field(default_factory=list)  # where each stream of events was to begin
    streams: int = 0  # how many are being read now
    deleted: bool = False


class Store:
    """Everything the server knows. Tests write to it from their own thread; each list only grows."""

    def __init__(self) -> None:
        self.runs: dict[str, ScriptedRun] = {}
        self.saved: dict[str, tuple[dict, bytes]] = {}  # name -> (entry of /pictures, PNG), oldest first
        self.hang_up = 0  # raised to end all streams of events as a dropped connection would

    def clear(self) -> None:
        """Forget everything; streams that are still open end."""
        self.hang_up += 1
        self.runs.clear()
        self.saved.clear()

    def start_run(self, run: str) -> ScriptedRun:
        self.runs[run] = ScriptedRun()
        return self.runs[run]

    def tell(self, run: str, kind: str, **data: object) -> None:
        self.runs[run].events.append((kind, data))

    def save(self, name: str, color: str, *, seed: int | None = 1, prompt: str = "a boat") -> None:
        entry = {
            "name": name,
            "url": f"/api/v1/pictures/{name}",
            "thumbnail": f"/api/v1/thumbnails/{name.removesuffix('.png')}.jpg",
            "seed": seed,
            "prompt": prompt,
            "made": "2026-11-23T14:02:05",
        }
        self.saved[name] = (entry, png(color))

    def finish(self, run: str, colors: list[str], *, maps: tuple[str, ...] = ("white",), **changes: object) -> None:
        """Save the pictures and say so, in that order, as the engine does. `changes` replace fields of the result."""
        scripted = self.runs[run]
        scripted.pictures = [png(color) for color in colors]
        scripted.maps = [png(color) for color in maps]
        request = {"prompt": "a red house", "seed": 4711, "steps": 8, "width": 64, "height": 64, "count": len(colors)}
        request |= changes.pop("request", {})  # type: ignore[arg-type]
        files = changes.pop("files", [f"2026-11-23/140205-4711-{run}-{i}.png" for i in range(len(colors))])
        for name, color in zip(files, colors, strict=True):  # type: ignore[call-overload]
            if name is not None:
                self.save(name, color, seed=request["seed"], prompt=request["prompt"])
        result = {
            "request": request,
            "pictures": [f"/api/v1/runs/{run}/pictures/{i}.png" for i in range(len(colors))],
            "maps": [f"/api/v1/runs/{run}/maps/{i}.png" for i in range(len(maps))],
            "files": files,
            "notes": [],
            "seconds": {"total": 1.23, "denoise": 1.0},
            "device": "CPU fp32",
        }
        self.tell(run, "finished", result=result | changes)


def make_app(store: Store) -> FastAPI:
    app = FastAPI()
    _add_runs(app, store)
    _add_pictures(app, store)
    return gr.mount_gradio_app(app, _make_page(), "/", run_history=False, footer_links=[])


def _add_runs(app: FastAPI, store: Store) -> None:
    def known(run: str) -> ScriptedRun:
        if run not in store.runs:
            raise HTTPException(404, "That run is not there.")
        return store.runs[run]

    @app.get("/api/v1/runs/{run}/events")
    async def events(run: str, request: Request, after: int | None = None) -> Response:
        scripted = known(run)
        last = request.headers.get("last-event-id", after)
        scripted.connections.append(None if last is None else str(last))
        begin = 0 if last is None else int(last) + 1
        return StreamingResponse(_stream(store, scripted, begin, request), media_type="text/event-stream")

    @app.get("/api/v1/runs/{run}")
    async def state(run: str) -> dict:
        return {"id": run, "state": known(run).events[-1][0] if known(run).events else "queued"}

    @app.delete("/api/v1/runs/{run}", status_code=202)
    async def cancel(run: str) -> dict:
        known(run).deleted = True
        store.tell(run, "cancelled")
        return {"id": run}

    @app.get("/api/v1/runs/{run}/{what}/{index}.png")
    async def picture(run: str, what: str, index: int) -> Response:
        pictures = known(run).maps if what == "maps" else known(run).pictures
        if index >= len(pictures):
            raise HTTPException(404)
        return Response(pictures[index], media_type="image/png")


async def _stream(store: Store, run: ScriptedRun, begin: int, request: Request) -> AsyncIterator[str]:
    hang_up = store.hang_up
    at = begin
    run.streams += 1
    try:
        yield ": here\n\n"  # the headers go out with the first byte
        while store.hang_up == hang_up and not await request.is_disconnected():
            while at < len(run.events):
                kind, data = run.events[at]
                yield f"id: {at}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
                at += 1
                if kind in LAST:
                    return
            await asyncio.sleep(0.01)
    finally:
        run.streams -= 1


def _add_pictures(app: FastAPI, store: Store) -> None:
    @app.get("/api/v1/pictures")
    async def recent(limit: int = 40) -> dict:
        newest_first = [entry for entry, _ in reversed(store.saved.values())]
        return {"pictures": newest_first[:limit]}

    @app.get("/api/v1/pictures/{name:path}")
    async def saved(name: str) -> Response:
        if name not in store.saved:
            return JSONResponse({"error": "That picture is not there."}, 404)
        return Response(store.saved[name][1], media_type="image/png")

    @app.get("/api/v1/thumbnails/{name:path}")
    async def thumbnail(name: str) -> Response:
        return await saved(name.removesuffix(".jpg") + ".png")


def _make_page() -> gr.Blocks:
    """The viewer, a box and a button through which a test gives it commands, and a box with what Python heard."""
    with gr.Blocks(title="Viewer") as page:
        viewer = Viewer(elem_id="viewer")
        with gr.Accordion("Test", open=True):
            command = gr.Textbox(elem_id="command", label="Command", interactive=True)
            send = gr.Button("Send", elem_id="send")
            heard = gr.Textbox(elem_id="heard", label="Heard", interactive=False)

        def give(text: str) -> WatchRun | ShowMessage | ShowPicture | None:
            asked = json.loads(text)
            if asked is None:
                return None
            kinds = {"run": WatchRun, "sentence": ShowMessage, "name": ShowPicture}
            return next(kind for key, kind in kinds.items() if key in asked)(**asked)

        def hear(action: RestoreSettings | KeepSeed | OpenPicture | None) -> str:
            if isinstance(action, OpenPicture):
                return f"open {hashlib.sha256(action.data).hexdigest()}"
            return repr(action)

        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        send.click(give, command, viewer, **quiet)  # type: ignore[arg-type]
        gr.on([viewer.select, viewer.input, viewer.upload], hear, viewer, heard, **quiet)  # type: ignore[arg-type]
    return page


class ViewerServer:
    """The server in a thread of its own; it can be stopped and started again on the same port."""

    def __init__(self) -> None:
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        self.store = Store()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self) -> ViewerServer:
        ready = threading.Event()

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                ready.set()

        config = uvicorn.Config(
            make_app(self.store), host="127.0.0.1", port=self.port, log_level="critical", timeout_graceful_shutdown=0
        )
        self._server = Server(config)
        self._thread = threading.Thread(target=self._server.run, name="viewer-app", daemon=True)
        self._thread.start()
        assert ready.wait(60), "the server did not start"
        return self

    def stop(self) -> None:
        assert self._server is not None and self._thread is not None
        self._server.should_exit = True
        with contextlib.suppress(RuntimeError):
            self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"
