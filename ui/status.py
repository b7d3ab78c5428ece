"""`StatusLine`: which model and device, and whether they are ready. It asks the REST API by itself."""

from __future__ import annotations

from typing import Any

from ui.component import OwnComponent, asset


class StatusLine(OwnComponent):
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
