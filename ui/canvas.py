"""`GuideCanvas`: where a guide comes from, drawn on paper or given as a photo."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

import gradio as gr

from core.errors import BadRequest, UserError
from core.picture import Picture, open_base64
from core.value import Value
from ui.component import OwnComponent, asset

Mode = Literal["draw", "photo"]
MODES: tuple[Mode, ...] = ("draw", "photo")
MAX_PHOTO_MB = 20  # below the 25 MB of core.picture, so that the sentence is shown before anything is sent
SCRIPTS = ("canvas_ink.js", "canvas_page.js", "canvas_store.js", "canvas_photo.js", "canvas_draw.js", "canvas.js")


class GuideSource(Value):
    """A guide's picture and where it came from: black lines on white ("draw"), or a file as it is ("photo")."""

    mode: Mode
    picture: Picture


class GuideCanvas(OwnComponent):
    """Paper to draw on, or a photo, as the source of a guide. Its value in Python is a `GuideSource` or None.

    A drawing arrives at exactly `width` x `height` pixels; a photo arrives with the pixels of its file.
    To change the size, return `GuideCanvas(width=..., height=...)` or `gr.update(width=..., height=...)` from a
    handler (with show_progress="hidden", else Gradio dims the paper meanwhile): the strokes keep their shapes, are
    drawn again at the new size, and `input` follows.

    To hide it, hide the column or group around it: Gradio drops a size that was set while the canvas itself was hidden.

    Events: `input` after each stroke, undo, redo, clear, other photo or change between the two sources, and once
    after a reload that brought a drawing back (read the canvas when the page loads, too: a quick one comes before the
    page listens); `edit` while a stroke is being drawn, at most every `live_ms`
    milliseconds (0: never). Data goes with the value, because Gradio may deliver stale event data.
    """

    def __init__(
        self,
        value: GuideSource | Picture | None = None,
        *,
        width: int = 256,
        height: int = 256,
        live_ms: int = 0,
        brush: int = 6,
        storage_key: str | None = None,
        **block: Any,
    ) -> None:
        """
        Args:
            value: what is there at first; see `postprocess`.
            width: of the exported drawing, in pixels.
            height: of the exported drawing, in pixels.
            live_ms: shortest time between two `edit` events in milliseconds; 0 sends none.
            brush: thickness at first, in pixels on paper whose shorter side is 512; 1 to 48.
            storage_key: the name under which the browser tab keeps the drawing over a reload; `elem_id` when None,
                and without either nothing is kept.
            block: what every Gradio block takes (elem_id, elem_classes, visible, render, key, scale, min_width), and
                `label`, which names this canvas for screen readers.
        """
        # Plain attributes as well: Gradio copies what it finds under a prop's name into the update it sends.
        self.width, self.height, self.live_ms, self.brush = width, height, live_ms, brush
        self.storage_key = storage_key or block.get("elem_id") or ""
        initial = {"brush": brush, "storage_key": self.storage_key, "max_photo_mb": MAX_PHOTO_MB}
        initial |= {"width": width, "height": height, "live_ms": live_ms}
        super().__init__(
            value,  # pyright: ignore[reportArgumentType]
            html_template=asset("canvas.html"),
            css_template=asset("canvas.css"),
            js_on_load=f"const initial = {json.dumps(initial)};\n{asset(*SCRIPTS)}",
            apply_default_css=False,
            width=width,
            height=height,
            live_ms=live_ms,
            **{"label": "Guide", **block},
        )

    def preprocess(self, payload: Any) -> GuideSource | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read what the page sent: `{"mode": "draw" | "photo", "image": data URL or None, "rev": number}`.

        Returns:
            The source, or None when nothing is drawn or chosen.

        Raises:
            gr.Error: the payload is not of this form, or its picture is refused by `core.picture.open_base64`.
        """
        try:
            return _read(payload)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def postprocess(self, value: GuideSource | Picture | None) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show `value`.

        A `GuideSource` of mode "draw" becomes the layer under the next strokes (the eraser erases it too, undo brings
        back what was there); of mode "photo", or a bare `Picture`, it is shown as the photo. None empties both.
        """
        if value is None:
            return {"mode": "draw", "image": None, "rev": 0}
        source = GuideSource(mode="photo", picture=value) if isinstance(value, Picture) else value
        image = base64.b64encode(source.picture.to_png()).decode("ascii")
        return {"mode": source.mode, "image": f"data:image/png;base64,{image}", "rev": 0}

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "A drawing or photo as a data URL",
            "properties": {
                "mode": {"type": "string", "enum": list(MODES)},
                "image": {"type": ["string", "null"]},
                "rev": {"type": "integer"},
            },
            "required": ["mode", "image"],
        }

    def example_payload(self) -> dict[str, Any]:
        return {"mode": "draw", "image": None, "rev": 0}

    def example_value(self) -> None:
        return None


def _read(payload: Any) -> GuideSource | None:
    if payload is None or payload == "":  # Gradio's page holds "" where Python holds None
        return None
    if not isinstance(payload, dict) or not set(payload) <= {"mode", "image", "rev"} or "image" not in payload:
        raise BadRequest("The guide arrived in an unknown form. Reload the page and draw or choose it again.")
    mode = payload.get("mode")
    if mode not in MODES:
        raise BadRequest("A guide is either drawn or a photo. Reload the page and draw or choose it again.")
    if payload["image"] is None:
        return None
    return GuideSource(mode=mode, picture=open_base64(payload["image"]))
