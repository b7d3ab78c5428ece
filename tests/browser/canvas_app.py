"""A small page with the guide canvas, run by test_canvas.py: shows what Python was given, keeps each picture as a PNG.

Environment: PORT, and PICTURES, the folder for what arrives (<digest>.png).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from core.picture import Picture
from ui.canvas import GuideCanvas, GuideSource

PICTURES = Path(os.environ.get("PICTURES", "."))


def describe(source: GuideSource | None, count: int) -> tuple[str, int]:
    """What arrived as JSON, and how often `input` has come in this session."""
    seen: dict = {"count": count + 1, "mode": None, "digest": None}
    if source:
        path = PICTURES / f"{source.picture.digest}.png"
        path.write_bytes(source.picture.to_png())
        seen |= {"mode": source.mode, "digest": source.picture.digest, "size": source.picture.size}
    return json.dumps(seen), count + 1


def sample(width: int, height: int) -> Picture:
    """White, with a black bar down the left quarter."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[:, : width // 4] = 0
    return Picture(pixels)


with gr.Blocks(title="Guide canvas") as demo:
    gr.Markdown("# Guide canvas")
    count, edits = gr.State(0), gr.State(0)
    with gr.Row():
        with gr.Column(min_width=300, scale=0, elem_id="left"):
            canvas = GuideCanvas(elem_id="cv", width=256, height=256, live_ms=100, label="Guide 1")
        with gr.Column(scale=1, elem_id="right"):
            words = gr.Textbox(label="Prompt", elem_id="words", interactive=True)
            seen = gr.Textbox(label="Seen", elem_id="seen", interactive=False)
            loaded = gr.Textbox(label="At load", elem_id="loaded", interactive=False)
            edited = gr.Textbox(label="Edited", elem_id="edited", interactive=False)
            read = gr.Button("Read", elem_id="read")
            wide = gr.Button("Wide")
            drawing = gr.Button("Load drawing")
            small = gr.Button("Load small drawing")
            photo = gr.Button("Load photo")
            nothing = gr.Button("Load nothing")
            hide, show = gr.Button("Hide"), gr.Button("Show")
            GuideCanvas(elem_id="second", width=256, height=128, label="Guide 2")
    gr.HTML("<div style='height: 1500px'>room to scroll</div>")

    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    outputs = [seen, count]
    canvas.input(describe, [canvas, count], outputs, trigger_mode="multiple", concurrency_limit=1, **hidden)
    canvas.edit(describe, [canvas, edits], [edited, edits], trigger_mode="always_last", **hidden)
    read.click(describe, [canvas, count], outputs, **hidden)
    # A drawing brought back over a reload may send its `input` before the page listens; then it is there at load.
    demo.load(lambda source: describe(source, -1)[0], canvas, loaded, **hidden)
    wide.click(lambda: GuideCanvas(width=384, height=192), None, canvas, **hidden)
    drawing.click(lambda: GuideSource(mode="draw", picture=sample(256, 256)), None, canvas, **hidden)
    small.click(lambda: GuideSource(mode="draw", picture=sample(128, 64)), None, canvas, **hidden)
    photo.click(lambda: sample(100, 60), None, canvas, **hidden)
    nothing.click(lambda: None, None, canvas, **hidden)
    hide.click(lambda: gr.update(visible=False), None, canvas, **hidden)
    show.click(lambda: gr.update(visible=True), None, canvas, **hidden)

if __name__ == "__main__":
    demo.queue().launch(
        server_name="127.0.0.1",
        server_port=int(os.environ["PORT"]),
        run_history=False,
        share=False,
        ssr_mode=False,
        mcp_server=False,
        quiet=True,
    )
