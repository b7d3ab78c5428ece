"""`Viewer`: watches runs over the REST interface; shows the picture growing, the result, and what was made before."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import Field, ValidationError

from core.errors import BadRequest, UserError
from core.value import Value
from pipeline.request import Seed
from ui.component import OwnComponent, asset

API = "/api/v1"
MAX_OPEN_MB = 20  # a picture saved by this program is far smaller
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_HEAD = "data:image/png;base64,"
SCRIPTS = (
    "viewer_words.js",
    "viewer_watch.js",
    "viewer_stage.js",
    "viewer_details.js",
    "viewer_strip.js",
    "viewer_open.js",
    "viewer.js",
)

RunId = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_-]{1,64}\z")]
# A name below outputs/, such as 2026-11-23/140205-4711-ab12cd-0.png: no part begins with a dot, none is absolute.
PictureName = Annotated[
    str, Field(max_length=200, pattern=r"\A(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/){0,3}[A-Za-z0-9_-][A-Za-z0-9_.-]*\.png\z")
]


class WatchRun(Value):
    """Watch this run instead of the one watched before."""

    run: RunId


class ShowMessage(Value):
    """Show a sentence over the picture, which stays."""

    sentence: str = Field(min_length=1, max_length=2000)
    tone: Literal["error", "note"] = "error"


class ShowPicture(Value):
    """Show the saved picture of this name under outputs/."""

    name: PictureName


class RestoreSettings(Value):
    """The person wants the settings of the saved picture of this name; comes with the event `select`."""

    name: PictureName


class KeepSeed(Value):
    """The person wants to keep this seed; comes with the event `input`."""

    seed: Seed


class OpenPicture(Value):
    """The person gave a PNG file; comes with the event `upload`.

    `data` are the bytes of the file, since the settings stand in its text chunks. Only the signature was looked at:
    the bytes must go through `core.picture.open_picture` or the reader of metadata before anything trusts them.
    """

    data: bytes = Field(repr=False)


Command = WatchRun | ShowMessage | ShowPicture
Action = RestoreSettings | KeepSeed | OpenPicture


class Viewer(OwnComponent):
    """The picture side of the Studio. Python sends it a `Command`; it answers with an `Action`.

    As an output it takes a `Command` or None (None changes nothing; the newest command wins). As an input it gives the
    `Action` that the event is about, or None when the person asked for nothing.

    Events: `select` with `RestoreSettings`, `input` with `KeepSeed`, `upload` with `OpenPicture`. Handlers need
    show_progress="hidden", else Gradio dims the picture meanwhile.

    For the page: `window.controlnetStudio.stop()` cancels the run being watched, `.isRunning` says whether there is
    one; `<html data-running="1">` stands while there is; the component's element carries `data-phase` (idle, queued,
    running, finished, failed or cancelled), `data-run` and `data-step`.
    """

    def __init__(self, value: Command | None = None, *, api: str = API, label: str = "Picture", **block: Any) -> None:
        """
        Args:
            value: what is shown at first.
            api: path of the REST interface on the same server.
            label: names this component for screen readers.
            block: what every Gradio block takes (elem_id, elem_classes, visible, render, key, scale, min_width).
        """
        self.api = api  # a plain attribute as well: Gradio copies it into the updates it sends
        super().__init__(
            value,  # pyright: ignore[reportArgumentType]
            label=label,
            html_template=asset("viewer.html"),
            css_template=asset("viewer.css"),
            js_on_load=asset(*SCRIPTS),
            apply_default_css=False,
            api=api,
            **block,
        )

    def preprocess(self, payload: Any) -> Action | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read what the page sent: `{"action": "restore" | "seed" | "open", ...}`, a command of ours, or nothing.

        Raises:
            gr.Error: the payload is not of this form, or the file is too large or no PNG.
        """
        try:
            return _read(payload)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def postprocess(self, value: Command | None) -> dict[str, Any] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Turn a command into what the page understands; `turn` makes the same command count again."""
        if value is None:
            return None
        turn = secrets.token_hex(4)
        if isinstance(value, WatchRun):
            return {"run": value.run, "turn": turn}
        if isinstance(value, ShowMessage):
            return {"message": value.sentence, "tone": value.tone, "turn": turn}
        return {"show": value.name, "turn": turn}

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "What the person asked of the picture on screen",
            "properties": {
                "action": {"type": "string", "enum": ["restore", "seed", "open"]},
                "name": {"type": "string"},
                "seed": {"type": "integer"},
                "image": {"type": "string"},
            },
        }

    def example_payload(self) -> dict[str, Any]:
        return {"action": "seed", "seed": 4711}

    def example_value(self) -> None:
        return None


COMMAND_FORMS = ({"run", "turn"}, {"message", "tone", "turn"}, {"show", "turn"})
UNKNOWN = "What was asked of the picture arrived in an unknown form. Reload the page and try again."


def _read(payload: Any) -> Action | None:
    """Parse a payload of the page; None stands for nothing asked, also when it is our own command coming back."""
    if payload is None or payload == "":  # Gradio's page holds "" where Python holds None
        return None
    if not isinstance(payload, dict):
        raise BadRequest(UNKNOWN)
    if set(payload) in COMMAND_FORMS:
        return None
    fields = {key: value for key, value in payload.items() if key != "action"}
    try:
        match payload.get("action"):
            case "restore":
                return RestoreSettings(**fields)
            case "seed":
                return KeepSeed(**fields)
            case "open" if set(fields) == {"image"}:
                return OpenPicture(data=_png_bytes(fields["image"]))
    except (ValidationError, TypeError):  # TypeError: keys that are no names
        raise BadRequest(UNKNOWN) from None
    raise BadRequest(UNKNOWN)


def _png_bytes(url: Any) -> bytes:
    """Decode a PNG data URL.

    Raises:
        BadRequest: not a PNG data URL, larger than MAX_OPEN_MB megabytes, or not base64.
    """
    if not isinstance(url, str) or not url.startswith(PNG_HEAD):
        raise BadRequest("Only PNG pictures saved by this program carry their settings.")
    text = url[len(PNG_HEAD) :]
    if len(text) > (MAX_OPEN_MB << 20) * 4 // 3 + 4:
        raise BadRequest(f"That file is larger than {MAX_OPEN_MB} MB; a picture saved by this program is not.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("That file arrived damaged. Try again.") from None
    if not data.startswith(PNG_SIGNATURE):
        raise BadRequest("That is not a PNG file; only PNG pictures saved by this program carry their settings.")
    return data
