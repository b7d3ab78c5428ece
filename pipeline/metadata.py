"""What a saved PNG carries: our own JSON, from which it can be made again, and the text other programs read.

The JSON stands in one iTXt chunk and is read back through a strict schema: unknown keys are dropped, everything else
must be of the right type and in range, or the picture is refused with a sentence. It never chooses a model by itself:
the page shows what it found and the person presses Generate.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

from PIL import PngImagePlugin
from pydantic import ConfigDict, Field, ValidationError

from core.errors import BadRequest
from core.value import Value
from pipeline.events import Result
from pipeline.request import ResolvedRequest
from pipeline.samplers import SAMPLERS

KEY = "controlnet-studio"
FORMAT_VERSION = 1
MAX_TEXT = 60 * 1024 * 1024  # bytes; more than four photos as guides need, less than Pillow refuses
MAX_FILE = 110 * 1024 * 1024  # bytes
PNG_HEAD = b"\x89PNG\r\n\x1a\n"


class SavedSettings(Value):
    """How a picture was made."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    version: int
    made: str  # local time, ISO 8601
    index: int  # which of the request's pictures this is, from 0
    request: ResolvedRequest
    weights: dict[str, str] = Field(default_factory=dict)
    device: str = ""
    software: dict[str, str] = Field(default_factory=dict)


def write_png(result: Result, index: int) -> bytes:
    """The PNG file of picture `index` of `result`, with everything needed to make it again."""
    settings = SavedSettings(
        version=FORMAT_VERSION,
        made=result.made.isoformat(timespec="seconds"),
        index=index,
        request=result.request,
        weights=result.weights,
        device=result.device,
        software=result.software,
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", describe_for_others(result, index))
    info.add_itxt(KEY, settings.model_dump_json())
    buffer = io.BytesIO()
    # Level 4 instead of 6: a third of the time for 3 % more bytes, in every run (docs/log.md).
    result.pictures[index].to_pil().save(buffer, "PNG", pnginfo=info, compress_level=4)
    return buffer.getvalue()


def describe_for_others(result: Result, index: int) -> str:
    """The `parameters` text of AUTOMATIC1111's web UI and sd-webui-controlnet, which most tools read."""
    request = result.request
    titles = {sampler.id: sampler.title for sampler in SAMPLERS}
    parts = [
        f"Steps: {request.steps}",
        f"Sampler: {titles[request.sampler]}",
        f"CFG scale: {request.guidance:g}",
        f"Seed: {request.seed_of(index)}",
        f"Size: {request.width}x{request.height}",
        f"Model hash: {result.weights.get(request.base, '')[:10]}",
        f"Model: {request.base}",
    ]
    for number, control in enumerate(request.controls):
        module = control.annotator.kind if control.annotator else "none"
        fields = (
            f"Module: {module}, Model: {control.control} [{result.weights.get(control.control, '')[:8]}], "
            f"Weight: {control.strength:g}, Guidance Start: {control.start:g}, Guidance End: {control.end:g}, "
            f"Control Mode: {control.lead}"
        )
        parts.append(f'ControlNet {number}: "{fields}"')
    parts.append("Version: ControlNet Studio")
    negative = f"\nNegative prompt: {request.negative_prompt}" if request.negative_prompt else ""
    return f"{request.prompt}{negative}\n{', '.join(parts)}"


def read_png(data: bytes) -> SavedSettings:
    """Read back how a picture was made from the bytes of its file.

    Raises:
        BadRequest: not a PNG, nothing of ours inside, or settings that are damaged or out of range.
    """
    if len(data) > MAX_FILE:
        raise BadRequest(f"The file is larger than {MAX_FILE >> 20} MB.")
    if not data.startswith(PNG_HEAD):
        raise BadRequest("Only PNG files carry settings; this is another kind of file.")
    text = _find_text(data)
    if text is None:
        raise BadRequest("This picture carries no settings of ControlNet Studio.")
    try:
        settings = SavedSettings.model_validate(_drop_unknown(json.loads(text, parse_constant=_refuse_constant)))
    except (ValueError, RecursionError, ValidationError):
        raise BadRequest("The settings in this picture are damaged or were written by something else.") from None
    if settings.version > FORMAT_VERSION:
        raise BadRequest("The settings in this picture were written by a newer version of the program.")
    return settings


def _find_text(data: bytes) -> str | None:
    """The text of our iTXt chunk, which must be uncompressed; chunks are walked, no pixel is decoded.

    Pillow would decode the picture and inflate every compressed text on the way, which is what hostile files use.
    """
    place = len(PNG_HEAD)
    head = KEY.encode() + b"\0\0\0\0\0"  # keyword, not compressed, no language, no translated keyword
    while place + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        if kind == b"iTXt" and body.startswith(head) and length <= MAX_TEXT:
            checksum = data[place + 8 + length : place + 12 + length]
            if checksum != struct.pack(">I", zlib.crc32(kind + body)):
                return None
            return body[len(head) :].decode("utf-8", errors="replace")
        place += 12 + length
    return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _drop_unknown(value: Any) -> Any:
    """Drop keys that requests of this version do not have, so that a newer minor version still restores."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    request = value.get("request")
    if isinstance(request, dict):
        value["request"] = {name: item for name, item in request.items() if name in ResolvedRequest.model_fields}
    return value
