"""`MapView`: the control map exactly as the model will be given it, with what was decided on the way."""

from __future__ import annotations

import base64
from typing import Any

from core.picture import Picture
from ui.component import OwnComponent, asset


class MapView(OwnComponent):
    """Shows a control map (a `Picture`) and its notes; None shows a word about what will be here."""

    def __init__(self, value: Picture | None = None, **block: Any) -> None:
        super().__init__(
            value,  # pyright: ignore[reportArgumentType]
            html_template=asset("map_view.html"),
            css_template=asset("map_view.css"),
            js_on_load=asset("map_view.js"),
            apply_default_css=False,
            **block,
        )

    def preprocess(self, payload: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Nothing is ever read from this component."""
        del payload

    def postprocess(self, value: Picture | None) -> dict[str, Any] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if value is None:
            return None
        image = base64.b64encode(value.to_png()).decode("ascii")
        return {"image": f"data:image/png;base64,{image}", "notes": list(value.notes)}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "A control map as a data URL"}

    def example_payload(self) -> None:
        return None

    def example_value(self) -> None:
        return None
