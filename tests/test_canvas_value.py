"""What the guide canvas makes of what the page sends, and what it sends to the page."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from core.picture import Picture
from ui.canvas import GuideCanvas, GuideSource

ROOT = Path(__file__).parents[1]
NO_BASE64 = "A picture must be given as base64 text."
UNKNOWN = "The guide arrived in an unknown form. Reload the page and draw or choose it again."
NEITHER = "A guide is either drawn or a photo. Reload the page and draw or choose it again."


def picture(width: int = 32, height: int = 24) -> Picture:
    return Picture(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def drawn(image: object, **more: object) -> dict:
    return {"mode": "draw", "image": image, "rev": 1, **more}


@pytest.fixture
def canvas() -> GuideCanvas:
    return GuideCanvas(render=False)


@pytest.mark.parametrize("mode", ["draw", "photo"])
def test_a_picture_arrives_with_its_pixels_and_mode(canvas, mode):
    source = canvas.preprocess({"mode": mode, "image": data_url(picture().to_png()), "rev": 3})
    assert source == GuideSource(mode=mode, picture=picture())


def test_a_photo_is_told_by_its_content_and_not_by_its_name(canvas):
    buffer = io.BytesIO()
    picture().to_pil().save(buffer, "BMP")
    source = canvas.preprocess({"mode": "photo", "image": data_url(buffer.getvalue(), "jpeg"), "rev": 1})
    assert source.picture == picture()


@pytest.mark.parametrize("payload", [None, "", drawn(None), {"mode": "photo", "image": None}])
def test_nothing_drawn_or_chosen_is_none(canvas, payload):
    assert canvas.preprocess(payload) is None


BAD = {
    "a list": ([], UNKNOWN),
    "a number": (7, UNKNOWN),
    "bare text": ("/etc/passwd", UNKNOWN),
    "no image": ({"mode": "draw"}, UNKNOWN),
    "a Gradio file": ({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, UNKNOWN),
    "a file beside the image": (drawn(None, path="/etc/passwd"), UNKNOWN),
    "an unknown key": (drawn(None, url="http://example.com/a.png"), UNKNOWN),
    "no mode": ({"image": None}, NEITHER),
    "an unknown mode": ({"mode": "file", "image": None}, NEITHER),
    "a mode that is a list": ({"mode": ["draw"], "image": None}, NEITHER),
    "an image that is a number": (drawn(3), NO_BASE64),
    "an image that is false": (drawn(False), NO_BASE64),
    "an image that is a dict": (drawn({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}), NO_BASE64),
    "a server path": (drawn("/etc/passwd"), NO_BASE64),
    "a file address": (drawn("file:///etc/passwd"), NO_BASE64),
    "a web address": (drawn("http://127.0.0.1:1/a.png"), NO_BASE64),
    "a web address with a comma": (drawn("https://example.com/a,b"), NO_BASE64),
    "text as a data address": (drawn("data:text/plain;base64,aGVsbG8="), NO_BASE64),
    "not base64": (drawn("data:image/png;base64,???"), NO_BASE64),
    "letters beyond ASCII": (drawn("data:image/png;base64,äöü"), NO_BASE64),
    "no bytes": (drawn("data:image/png;base64,"), "The picture file is empty."),
    "empty text": (drawn(""), "The picture file is empty."),
    "no picture": (drawn(data_url(b"hello")), "This is not a PNG, JPEG, WebP, BMP or GIF picture."),
    "half a picture": (drawn(data_url(picture().to_png()[:-600])), "The picture is damaged and cannot be read."),
    "a tiny picture": (
        drawn(data_url(picture(4, 4).to_png())),
        "The picture is 4 x 4 pixels; each side needs at least 16.",
    ),
    "a huge text": (drawn("data:image/png;base64," + "A" * 36_000_000), "The picture is larger than 25 MB."),
}


@pytest.mark.parametrize(("payload", "sentence"), BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused_in_one_sentence(canvas, payload, sentence):
    with pytest.raises(gr.Error) as refused:
        canvas.preprocess(payload)
    assert refused.value.message == sentence
    assert refused.value.print_exception is False


def test_a_bomb_is_refused_by_its_header(canvas):
    buffer = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(buffer, "PNG")
    with pytest.raises(gr.Error, match="megapixels"):
        canvas.preprocess(drawn(data_url(buffer.getvalue())))


@pytest.mark.parametrize("mode", ["draw", "photo"])
def test_a_source_goes_to_the_page_and_comes_back_equal(canvas, mode):
    source = GuideSource(mode=mode, picture=picture())
    sent = canvas.postprocess(source)
    assert set(sent) == {"mode", "image", "rev"}  # "path" and "meta" would make Gradio look for a file
    assert sent["rev"] == 0
    assert canvas.preprocess(json.loads(json.dumps(sent))) == source


def test_a_bare_picture_is_shown_as_a_photo(canvas):
    assert canvas.preprocess(canvas.postprocess(picture())) == GuideSource(mode="photo", picture=picture())


def test_none_empties_the_canvas(canvas):
    assert canvas.postprocess(None) == {"mode": "draw", "image": None, "rev": 0}


def test_the_first_value_goes_through_postprocess():
    first = GuideCanvas(GuideSource(mode="draw", picture=picture()), render=False)
    assert first.value["mode"] == "draw"
    assert first.value["image"].startswith("data:image/png;base64,")


def test_a_size_update_carries_the_new_size_only():
    """Gradio merges by looking attributes up by prop name, so they must be numbers and not event listeners."""
    from gradio.blocks import postprocess_update_dict

    update = postprocess_update_dict(GuideCanvas(width=384, height=192, render=False), {"width": 384, "height": 192})
    assert update["props"] == {"width": 384, "height": 192}
    assert json.loads(json.dumps(update))["__type__"] == "update"


def test_settings_reach_the_page():
    config = GuideCanvas(elem_id="cv", width=320, height=256, live_ms=80, render=False).get_config()
    assert config["props"] == {"width": 320, "height": 256, "live_ms": 80}
    first_line = config["js_on_load"].partition(";\n")[0]
    initial = json.loads(first_line.removeprefix("const initial = "))
    assert config["props"].items() <= initial.items()
    assert (initial["storage_key"], initial["brush"], initial["max_photo_mb"]) == ("cv", 6, 20)


def test_a_name_quoted_in_the_script_is_no_event(canvas):
    assert "'draw'" in canvas.js_on_load or '"draw"' in canvas.js_on_load
    assert not hasattr(canvas, "draw")
    assert callable(canvas.input)
    assert callable(canvas.edit)


def test_templates_hold_nothing_that_gradio_would_evaluate(canvas):
    """The value must not be in the HTML: unchanged HTML is what keeps the canvas in the page between updates."""
    for template in (canvas.html_template, canvas.css_template):
        assert not any(sign in template for sign in ("${", "{{", "`", "\\"))


def test_assets_ask_for_nothing_outside(canvas):
    text = canvas.html_template + canvas.css_template + canvas.js_on_load
    for sign in ("http:", "https:", "//cdn", "@import", "url(", "innerHTML", "fetch(", "XMLHttpRequest"):
        assert sign not in text


def test_importing_the_component_leaves_the_source_tree_alone():
    subprocess.run([sys.executable, "-c", "import ui.canvas"], cwd=ROOT, check=True, timeout=120)
    assert not (ROOT / "ui" / "canvas.pyi").exists()
