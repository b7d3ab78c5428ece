"""Picture files of every kind, good and bad, made on the spot."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112


def encode(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """Colours that change in both directions, so that no turn or flip leaves it as it was."""
    across = np.linspace(0, 255, width)[None, :]
    down = np.linspace(0, 255, height)[:, None]
    channels = (across + 0 * down, down + 0 * across, (across * down) / 255)
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with_header(width: int, height: int, body: bytes) -> bytes:
    """A grey PNG whose header says `width` x `height`, whatever zlib stream `body` really holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_bomb(side: int) -> bytes:
    """An honest all-black PNG of `side` x `side`: a few hundred kilobytes that unpack to side squared."""
    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    rows = b"".join(packer.compress(row) for _ in range(side))
    return png_with_header(side, side, rows + packer.flush())


def animated_webp_header(width: int, height: int) -> bytes:
    """A WebP whose canvas is said to be huge; its decoder would set the canvas aside while opening."""
    frame = encode(Image.new("RGB", (16, 16)), "WEBP", lossless=True)[12:]
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas
    animation = b"ANIM" + struct.pack("<I", 6) + bytes(6)
    place = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4)
    body = extended + animation + b"ANMF" + struct.pack("<I", len(place + frame)) + place + frame
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def animation(form: str) -> bytes:
    """Three frames: red, green, blue."""
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    lossless = {"lossless": True} if form == "WEBP" else {}
    return encode(frames[0], form, save_all=True, append_images=frames[1:], duration=100, **lossless)


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("picture.png", encode(scene()))
    return buffer.getvalue()


def strangers() -> dict[str, bytes]:
    """Files that are no picture we read, whatever their name says; some start other programs in a naive reader."""
    return {
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(x) run showpage\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script></svg>',
        "html": b"<!doctype html><script>alert(1)</script>",
        "zip": _zip(),
        "fits": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
        "heic": struct.pack(">I", 24) + b"ftypheic" + bytes(12) + b"\0\0\0\x08mdat",
        "tiff": encode(scene(), "TIFF"),
        "tiff of decimal numbers": encode(Image.fromarray(np.ones((32, 32), np.float32)), "TIFF"),
        "ppm": encode(scene(), "PPM"),
        "ico": encode(scene(32, 32), "ICO"),
        "pdf": encode(scene(), "PDF"),
        "text": b"just some words\n" * 20,
        "python": b"import os\nos.abort()\n",
        "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    }


def damaged() -> dict[str, bytes]:
    """Pictures that broke on the way."""
    png, jpeg = encode(scene(200, 200)), encode(scene(200, 200), "JPEG")
    header_changed = bytearray(png)
    header_changed[29] ^= 0xFF  # the checksum of IHDR
    data_changed = bytearray(png)
    data_changed[len(png) // 2] ^= 0xFF
    return {
        "empty": b"",
        "one byte": b"\x89",
        "png signature only": PNG_SIGNATURE,
        "png header only": png[:33],
        "png truncated": png[: len(png) // 2],
        "png bad header checksum": bytes(header_changed),
        "png flipped byte": bytes(data_changed),
        "png without data": png_with_header(64, 64, b""),
        "jpeg header only": jpeg[:20],
        "jpeg truncated": jpeg[: len(jpeg) // 2],
        "webp truncated": encode(scene(200, 200), "WEBP")[:60],
        "gif truncated": encode(scene(200, 200), "GIF")[:40],
        "bmp truncated": encode(scene(200, 200), "BMP")[:400],
    }
