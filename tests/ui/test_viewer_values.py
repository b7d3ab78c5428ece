"""What the viewer accepts from the page, and what it sends to it."""

from __future__ import annotations

import base64
import io
from typing import Any

import gradio as gr
import pytest
from PIL import Image
from pydantic import ValidationError

from ui.component import asset
from ui.viewer import (
    MAX_OPEN_MB,
    PNG_SIGNATURE,
    SCRIPTS,
    KeepSeed,
    OpenPicture,
    RestoreSettings,
    ShowMessage,
    ShowPicture,
    Viewer,
    WatchRun,
)

NAME = "2026-11-23/140205-4711-ab12cd-0.png"


@pytest.fixture(scope="module")
def viewer() -> Viewer:
    with gr.Blocks():
        return Viewer()


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def png_bytes() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_actions_are_read(viewer):
    assert viewer.preprocess({"action": "restore", "name": NAME}) == RestoreSettings(name=NAME)
    assert viewer.preprocess({"action": "seed", "seed": 2**32 - 1}) == KeepSeed(seed=2**32 - 1)
    data = png_bytes()
    assert viewer.preprocess({"action": "open", "image": data_url(data)}) == OpenPicture(data=data)


@pytest.mark.parametrize("payload", [None, "", {"run": "a", "turn": "1"}, {"show": NAME, "turn": "1"}])
def test_nothing_asked(viewer, payload):
    assert viewer.preprocess(payload) is None


@pytest.mark.parametrize(
    "payload",
    [
        "restore",
        [],
        5,
        {},
        {"action": None},
        {"action": ["restore"], "name": NAME},
        {"action": "delete", "name": NAME},
        {"action": "restore"},
        {"action": "restore", "name": NAME, "more": 1},
        {"action": "restore", "name": None},
        {"action": "restore", "name": "/etc/shadow.png"},
        {"action": "restore", "name": "../outside.png"},
        {"action": "restore", "name": "2026/../../outside.png"},
        {"action": "restore", "name": "a\\b.png"},
        {"action": "restore", "name": "C:/a.png"},
        {"action": "restore", "name": "a.png\n"},
        {"action": "restore", "name": "a\x00.png"},
        {"action": "restore", "name": ".hidden.png"},
        {"action": "restore", "name": "a.svg"},
        {"action": "restore", "name": "a" * 300 + ".png"},
        {"action": "seed"},
        {"action": "seed", "seed": -1},
        {"action": "seed", "seed": 2**32},
        {"action": "seed", "seed": 1.5},
        {"action": "seed", "seed": "1"},
        {"action": "seed", "seed": True},
        {"action": "seed", "seed": float("nan")},
        {"action": "open"},
        {"action": "open", "image": None},
        {"action": "open", "image": "data:image/svg+xml;base64,PHN2Zz4="},
        {"action": "open", "image": "data:image/png;base64,!!!!"},
        {"action": "open", "image": "data:image/png;base64,é"},
        {"action": "open", "image": data_url(b"GIF89a")},
        {"action": "open", "image": data_url(b"")},
        {"action": "open", "image": data_url(PNG_SIGNATURE), "name": NAME},
        {"action": "open", "image": data_url(PNG_SIGNATURE + bytes(MAX_OPEN_MB << 20))},
        {1: 2, "action": "seed"},
    ],
    ids=lambda payload: repr(payload)[:60],
)
def test_every_malformed_payload_is_refused_in_a_sentence(viewer, payload: Any):
    with pytest.raises(gr.Error) as refused:
        viewer.preprocess(payload)
    assert refused.value.message.endswith(".") and "Traceback" not in refused.value.message


def test_commands_carry_what_the_page_needs(viewer):
    assert viewer.postprocess(None) is None
    watch = viewer.postprocess(WatchRun(run="ab12"))
    message = viewer.postprocess(ShowMessage(sentence="Done.", tone="note"))
    show = viewer.postprocess(ShowPicture(name=NAME))
    assert watch["run"] == "ab12"
    assert (message["message"], message["tone"]) == ("Done.", "note")
    assert show["show"] == NAME
    assert all(viewer.preprocess(sent) is None for sent in (watch, message, show))
    assert viewer.postprocess(WatchRun(run="ab12")) != watch  # the same command counts again


@pytest.mark.parametrize("run", ["", "a/b", "../x", "a b", "a\n", "x" * 65])
def test_run_ids_that_would_change_the_address_are_refused(run):
    with pytest.raises(ValidationError):
        WatchRun(run=run)


def test_assets_hold_nothing_that_gradio_would_expand():
    for text in (asset("viewer.html"), asset("viewer.css")):
        assert "${" not in text and "{{" not in text
    assert "innerHTML" not in asset(*SCRIPTS)
    assert "http:" not in asset(*SCRIPTS) and "https:" not in asset(*SCRIPTS)
