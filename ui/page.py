"""The page as a whole: its frame, theme and keys, mounted on the web application."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI

from pipeline.engine import Engine
from ui.component import asset
from ui.status import StatusLine
from ui.studio import Studio
from ui.theme import build_theme

MAX_UPLOAD = "1kb"  # nothing is uploaded through Gradio: pictures travel inside the values of our own components


def build_page(engine: Engine) -> gr.Blocks:
    """Every tab over `engine`."""
    with gr.Blocks(title="ControlNet Studio", fill_width=True, analytics_enabled=False) as demo:
        with gr.Row(elem_id="head", equal_height=True):
            gr.Markdown("# ControlNet Studio", elem_id="title")
            StatusLine(elem_id="status")
        Studio(engine, demo)
    demo.queue(max_size=64, api_open=False)
    return demo


def mount_page(app: FastAPI, engine: Engine) -> None:
    """Mount the page at /. Every switch of Gradio that could come from the environment is set here."""
    gr.mount_gradio_app(
        app,
        build_page(engine),
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        allowed_paths=[],
        show_error=False,
        max_file_size=MAX_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        footer_links=[],
        theme=build_theme(),
        css=asset("page.css"),
        js=asset("page.js"),
    )
