"""What a PNG carries: round trips of anything, and files from strangers."""

from __future__ import annotations

import io
import json
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from annotators import Canny, Invert, Scribble, Unchanged
from annotators.scribble import Polarity
from core.errors import BadRequest, UserError
from core.picture import Picture, open_picture
from pipeline.events import Result
from pipeline.metadata import KEY, MAX_TEXT, describe_for_others, read_png, write_png
from pipeline.request import ControlInput, ResolvedRequest

TEXT = st.text(max_size=300)  # every code point, NUL and quotes included, but lone surrogates: no JSON holds them
ANNOTATORS = st.one_of(
    st.builds(Scribble, threshold=st.integers(1, 254), polarity=st.sampled_from(get_args(Polarity))),
    st.builds(Canny, low=st.integers(0, 255), high=st.integers(0, 255)),
    st.builds(Invert), st.builds(Unchanged), st.none(),
)  # fmt: skip
UNIT = st.floats(0, 1)
CONTROLS = st.builds(
    lambda annotator, strength, window, lead, pixels: ControlInput(
        source=Picture(pixels), annotator=annotator, strength=strength, start=min(window), end=max(window), lead=lead
    ),
    ANNOTATORS, st.floats(0, 2), st.tuples(UNIT, UNIT), st.sampled_from(["balanced", "prompt", "control"]),
    st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)),
)  # fmt: skip
REQUESTS = st.builds(
    ResolvedRequest,
    base=st.just("starter"), prompt=TEXT, negative_prompt=TEXT, controls=st.lists(CONTROLS, max_size=2).map(tuple),
    width=st.integers(64, 2048), height=st.integers(64, 2048), steps=st.integers(1, 150), guidance=st.floats(1, 30),
    sampler=st.sampled_from(["ddim", "lcm"]), seed=st.integers(0, 2**32 - 1), count=st.integers(1, 8),
)  # fmt: skip


def result_of(request: ResolvedRequest) -> Result:
    picture = Picture(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))
    return Result(
        request=request,
        pictures=(picture,) * request.count,
        maps=(),
        weights={"starter": "ab" * 32, "starter/scribble": "cd" * 32},
        device="CPU fp32",
        made=datetime(2026, 11, 23, 14, 2, 5, tzinfo=UTC),
        software={"torch": "2.15.0"},
    )


def simple(**fields) -> ResolvedRequest:
    return ResolvedRequest(
        **{"base": "starter", "prompt": "a house", "width": 256, "height": 256, "steps": 8, "guidance": 3.0,
           "sampler": "ddim", "seed": 4711, **fields}
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(request=REQUESTS)
def test_round_trip_of_anything(request: ResolvedRequest) -> None:
    result = result_of(request)
    data = write_png(result, request.count - 1)
    found = read_png(data)
    assert found.request == request
    assert found.index == request.count - 1
    assert found.weights == result.weights
    assert open_picture(data) == result.pictures[-1]


def test_long_prompt() -> None:
    request = simple(prompt='"quoted", \\ \x01 <b>&amp;\n' + "x" * 9_900)
    assert read_png(write_png(result_of(request), 0)).request.prompt == request.prompt


def test_others_can_read_the_parameters() -> None:
    control = ControlInput(
        source=Picture(np.zeros((64, 64, 3), np.uint8)), annotator=Scribble(), strength=0.75, end=0.8
    )
    result = result_of(simple(negative_prompt="fog", controls=(control,)))
    with Image.open(io.BytesIO(write_png(result, 0))) as image:
        text = image.info["parameters"]
    assert text == describe_for_others(result, 0)
    lines = text.split("\n")
    assert lines[:2] == ["a house", "Negative prompt: fog"]
    assert lines[2].startswith("Steps: 8, Sampler: DDIM, CFG scale: 3, Seed: 4711, Size: 256x256, Model hash: abababab")
    assert 'ControlNet 0: "Module: scribble, Model: starter/scribble [cdcdcdcd], Weight: 0.75' in lines[2]
    assert "Guidance Start: 0, Guidance End: 0.8" in lines[2]


def png_with(text: str | bytes, *, key: str = KEY, kind: bytes = b"iTXt") -> bytes:
    """A small real PNG with one text chunk written by hand."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    data = buffer.getvalue()
    raw = text if isinstance(text, bytes) else text.encode("utf-8", errors="surrogatepass")
    body = key.encode() + b"\0\0\0\0\0" + raw
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def good_json() -> dict:
    data = write_png(result_of(simple()), 0)
    with Image.open(io.BytesIO(data)) as image:
        return json.loads(image.info[KEY])


def changed(**request_fields) -> str:
    value = good_json()
    value["request"].update(request_fields)
    return json.dumps(value)


def test_the_hand_made_chunk_is_read() -> None:
    """The hostile cases below fail for their content, not for the way the chunk is written."""
    assert read_png(png_with(changed())).request == simple()


HOSTILE = {
    "not json": "__import__('os').system('touch canary')",
    "a list": "[1, 2, 3]",
    "a number": "7",
    "null": "null",
    "empty": "",
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 50_000,
    "nan": changed(guidance=float("nan")),
    "infinite": changed(guidance=float("inf")),
    "huge number": changed(steps=10**30),
    "negative": changed(width=-1),
    "huge size": changed(width=65_536, height=65_536),
    "string for a number": changed(steps="8"),
    "bool for a number": changed(seed=True),
    "path as a picture": changed(controls=[{"source": "../../../etc/passwd"}]),
    "server path object": changed(controls=[{"source": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}]),
    "url as a picture": changed(controls=[{"source": "http://127.0.0.1:1/x.png"}]),
    "annotator that is none": changed(controls=[{"source": "", "annotator": {"kind": "exec"}}]),
    "nine guides": changed(controls=[{"source": ""}] * 9),
    "no request": json.dumps({"version": 1, "made": "", "index": 0}),
    "not utf-8": b"\xff\xfe\x80",
    "newer": json.dumps({**good_json(), "version": 99}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_settings_are_one_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        read_png(png_with(HOSTILE[name]))
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence and len(sentence) < 200
    assert not list(tmp_path.iterdir())  # nothing was run


def test_unknown_keys_are_dropped() -> None:
    value = good_json()
    value["later"] = {"x": 1}
    value["request"]["later"] = "<img src=x onerror=alert(1)>"
    value.update({f"key{i}": i for i in range(2000)})
    assert read_png(png_with(json.dumps(value))).request == simple()


def test_a_model_that_is_not_there_is_named_not_loaded(ready_engine) -> None:
    settings = read_png(png_with(changed(base="../../evil")))
    with pytest.raises(BadRequest, match="evil"):
        ready_engine.submit(settings.request.as_request())


def test_compressed_text_is_never_inflated() -> None:
    """A zTXt of ten megabytes of zeros is ten kilobytes in the file; we read uncompressed chunks alone."""
    buffer = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text(KEY, "0" * (10 * 1024 * 1024), zip=True)
    Image.new("RGB", (32, 32)).save(buffer, "PNG", pnginfo=info)
    with pytest.raises(BadRequest, match="no settings"):
        read_png(buffer.getvalue())


def test_too_long_text_and_lying_lengths() -> None:
    with pytest.raises(BadRequest):
        read_png(png_with("0" * (MAX_TEXT + 1)))
    data = bytearray(png_with(changed()))
    data[33:37] = struct.pack(">I", 0xFFFFFFFF)
    with pytest.raises(BadRequest):
        read_png(bytes(data))


def test_a_flipped_bit_is_noticed() -> None:
    data = bytearray(png_with(changed()))
    data[80] ^= 1
    with pytest.raises(BadRequest):
        read_png(bytes(data))


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", bytes(100)])
def test_other_files(data: bytes) -> None:
    with pytest.raises(BadRequest):
        read_png(data)
