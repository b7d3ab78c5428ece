"""The applications that the security tests attack over a real connection.

`PROBE` is small and holds what our page never shows: components that take files. `TARGETS` lists every application;
add the program's own here and each test runs against it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from starlette.types import ASGIApp

from server.guard import Guard
from server.page_routes import seal_page

SCRIPT = """
const field = element.querySelector('textarea');
field.addEventListener('input', () => { props.value = {text: field.value}; trigger('input'); });
element.querySelector('b').textContent = 'ready';
"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """`build(hosts, temp)` returns the whole application, its guard outermost, answering to `hosts`."""

    name: str
    build: Callable[[frozenset[str], Path], ASGIApp]
    json_route: str  # a POST route of our own that reads a JSON body


def json_box() -> gr.HTML:
    """A component of the kind our page is made of: markup, a script, and a value that is plain JSON."""
    template = "<b></b><textarea aria-label='words'></textarea>"
    return gr.HTML(value={}, html_template=template, js_on_load=SCRIPT, elem_id="box")


def build_blocks() -> gr.Blocks:
    """One listener per component that could be told a path, each showing what its handler was given."""
    with gr.Blocks(title="probe") as blocks:
        seen = gr.Textbox(label="seen", elem_id="seen")
        box = json_box()
        box.input(lambda value: repr(value)[:10_000], box, seen, api_name="html")
        inputs = {
            "textbox": gr.Textbox(label="text"),
            "slider": gr.Slider(0, 2, label="slider"),
            "image": gr.Image(type="filepath", label="image"),
            "gallery": gr.Gallery(type="filepath", label="gallery"),
            "file": gr.File(label="file"),
            "editor": gr.ImageEditor(type="filepath", label="editor"),
        }
        for name, component in inputs.items():
            component.change(lambda value: repr(value)[:10_000], component, seen, api_name=name)
        shown = gr.Image(type="filepath", interactive=False, label="shown")
        inputs["textbox"].submit(lambda text: text, inputs["textbox"], shown, api_name="echo_as_picture")
    return blocks


def build_probe(hosts: frozenset[str], temp: Path) -> ASGIApp:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/api/v1/echo")
    async def echo(body: dict) -> dict:
        return body

    @app.post("/api/v1/count")
    async def count(request: Request) -> dict:
        return {"bytes": len(await request.body())}

    gr.mount_gradio_app(
        app,
        build_blocks(),
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    seal_page(app)
    app.add_middleware(Guard, hosts=hosts)
    return app


def build_studio(hosts: frozenset[str], temp: Path) -> ASGIApp:
    """The program itself."""
    from core.files import DataFolder
    from pipeline.engine import Engine
    from server.app import create_app

    data = DataFolder(temp / "data")
    data.prepare()
    return create_app(Engine(data, "cpu"), hosts)


PROBE = Target(name="probe", build=build_probe, json_route="/api/v1/echo")
STUDIO = Target(name="studio", build=build_studio, json_route="/api/v1/runs")
TARGETS = (PROBE, STUDIO)
