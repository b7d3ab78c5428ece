"""`StatusLine`: which model and device, and whether they are ready. It asks the REST API by itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.component import QuietComponentMeta, asset


class StatusLine(gr.HTML, metaclass=QuietComponentMeta):
    """One line such as "Built-in model · CPU fp32 · ready"; while models load it says so."""

    def __init__(self, **block: Any) -> None:
        super().__init__(
            None,
            html_template=asset("status.html"),
            css_template=asset("status.css"),
            js_on_load=asset("status.js"),
            apply_default_css=False,
            **block,
        )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
