"""`Picture`, and the one door through which picture bytes from outside come in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image, ImageFile, ImageOps
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from core.errors import BadPicture

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")  # JPEG's opener also takes MPO, the JPEG with a preview of many phones
MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
MIN_SIDE = 16
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
EXIF_ORIENTATION = 0x0112


class Picture:
    """An RGB image: read-only uint8 array of height x width x 3, equal to another when every pixel is.

    `notes` are sentences about what had to be done to read or make it; they do not take part in equality.

    Raises:
        ValueError: `pixels` has another type or shape, or no pixels at all.
    """

    __slots__ = ("digest", "notes", "pixels")

    digest: str
    notes: tuple[str, ...]
    pixels: np.ndarray

    def __init__(self, pixels: np.ndarray, notes: tuple[str, ...] = ()) -> None:
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
            raise ValueError(f"a Picture is uint8 height x width x 3, not {pixels.dtype} {pixels.shape}")
        # An array over bytes can never be made writeable, and is no longer the caller's, who may go on writing.
        owned = pixels.tobytes()
        digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode())
        digest.update(owned)
        object.__setattr__(self, "pixels", np.frombuffer(owned, np.uint8).reshape(pixels.shape))
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "digest", digest.hexdigest())

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"a Picture never changes, so its {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Picture never changes, so its {name} cannot be deleted")

    def __reduce__(self) -> tuple[type[Picture], tuple[np.ndarray, tuple[str, ...]]]:
        return Picture, (self.pixels, self.notes)

    def __copy__(self) -> Picture:
        return self

    def __deepcopy__(self, memo: dict) -> Picture:
        return self

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), the order Pillow and people use."""
        return self.width, self.height

    def with_notes(self, *notes: str) -> Picture:
        """The same pixels, shared and not hashed again, with `notes` added."""
        noted = object.__new__(Picture)
        object.__setattr__(noted, "pixels", self.pixels)
        object.__setattr__(noted, "notes", self.notes + notes)
        object.__setattr__(noted, "digest", self.digest)
        return noted

    def to_pil(self) -> Image.Image:
        return Image.fromarray(self.pixels)

    def to_png(self) -> bytes:
        """Lossless bytes; a grey picture is stored as one channel, which makes drawings small."""
        buffer = io.BytesIO()
        grey = (self.pixels[..., :1] == self.pixels).all()
        image = Image.fromarray(self.pixels[..., 0]) if grey else self.to_pil()
        image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def to_jpeg(self, quality: int = 85) -> bytes:
        """Small bytes for the screen, never for keeping."""
        buffer = io.BytesIO()
        self.to_pil().save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Picture({self.width}x{self.height}, {self.digest[:8]})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda picture: base64.b64encode(picture.to_png()).decode("ascii"), when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict:
        return {
            "type": "string",
            "contentEncoding": "base64",
            "description": "A PNG, JPEG or WebP picture as base64 (a data: URL works as well).",
        }


def _validate(value: Any) -> Picture:
    """Pydantic's door: a Picture, or text that holds one in base64."""
    if isinstance(value, Picture):
        return value
    try:
        return open_base64(value)
    except BadPicture as error:
        raise PydanticCustomError("picture", "{sentence}", {"sentence": str(error)}) from None


def open_base64(text: Any) -> Picture:
    """Decode base64 text, with or without a `data:image/...;base64,` head, into a Picture.

    Raises:
        BadPicture: the text is not base64, too long, or not a picture.
    """
    if not isinstance(text, str):
        raise BadPicture("A picture must be given as base64 text.")
    head, comma, body = text.partition(",")
    if comma and not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPicture("A picture must be given as base64 text.")
    body = body if comma else head
    if "\n" in body[:80]:  # command-line tools wrap base64 at 64 or 76 columns
        body = "".join(body.split())
    if len(body) > MAX_BYTES * 4 // 3 + 4:
        raise BadPicture(f"The picture is larger than {MAX_BYTES >> 20} MB.")
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadPicture("A picture must be given as base64 text.") from None
    return open_picture(data)


def open_picture_file(path: Path) -> Picture:
    """Open an ordinary file as a Picture; never follows a final link, never waits on a pipe.

    Raises:
        BadPicture: not there, not an ordinary file, too large, or not a picture.
    """
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)  # which of them exist depends on the system
    try:
        if path.is_symlink():  # Windows has no O_NOFOLLOW
            raise BadPicture("That is not an ordinary file.")
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        raise BadPicture("The picture file could not be opened.") from None
    try:
        return open_picture(_read_ordinary(descriptor))
    except OSError:
        raise BadPicture("The picture file could not be read.") from None
    finally:
        os.close(descriptor)


def _read_ordinary(descriptor: int) -> bytes:
    """All bytes of the open file, or one more than `MAX_BYTES` of them."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise BadPicture("That is not an ordinary file.")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(MAX_BYTES + 1)


def open_picture(data: bytes) -> Picture:
    """Turn picture bytes from outside into a Picture, or refuse in one sentence.

    The content decides, never a name. PNG, JPEG, WebP, BMP and GIF are read; the first frame counts; the camera's
    rotation is applied; 16-bit is scaled; transparency lies on white. What was done stands in `Picture.notes`.

    Raises:
        BadPicture: empty, too large (25 MB, 40 megapixels), too small (16 pixels), damaged, or no picture.
    """
    if not data:
        raise BadPicture("The picture file is empty.")
    if len(data) > MAX_BYTES:
        raise BadPicture(f"The picture is larger than {MAX_BYTES >> 20} MB.")
    if not data.startswith(SIGNATURES):  # no parser sees what is no picture
        raise BadPicture("This is not a PNG, JPEG, WebP, BMP or GIF picture.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        _check_size(image)
        return _to_picture(image)
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the warning may be set to raise
        raise BadPicture(f"The picture has more than {MAX_PIXELS // 1_000_000} megapixels.") from None
    except MemoryError:
        raise BadPicture("There is not enough memory to open this picture.") from None
    except Exception:  # Pillow's decoders raise nearly anything (SyntaxError, struct.error, KeyError ...) on damage
        raise BadPicture("The picture is damaged and cannot be read.") from None


def _check_size(image: Image.Image) -> None:
    """Refuse by the header alone, before a single pixel is decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise BadPicture(
            f"The picture is {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels."
        )
    if min(width, height) < MIN_SIDE:
        raise BadPicture(f"The picture is {width} x {height} pixels; each side needs at least {MIN_SIDE}.")


def _to_picture(image: Image.Image) -> Picture:
    notes: list[str] = []
    if ImageFile.LOAD_TRUNCATED_IMAGES:  # a library may have switched it on for the whole process
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if getattr(image, "is_animated", False) and image.format != "MPO":  # its further frames are previews
        notes.append("Only the first frame of this animation is used.")
    image.seek(0)
    image.load()
    image = _upright(image, notes)
    image = _to_eight_bits(image, notes)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        if np.asarray(image)[..., 3].min() < 255:
            notes.append("Transparent parts were filled with white.")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return Picture(np.asarray(image.convert("RGB")), tuple(notes))


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        turned = ImageOps.exif_transpose(image)
    except Exception:  # damaged Exif blocks fail in many ways; the pixels are still good
        notes.append("The picture's rotation data could not be read.")
        return image
    if image.getexif().get(EXIF_ORIENTATION) in range(2, 9):
        notes.append("Turned upright as the camera recorded.")
    return turned


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Scale a 16-bit grey picture to 0-255; Pillow's own conversion would clip nearly all of it to white."""
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image).astype(np.int64).clip(0, 65_535)
    if values.max() > 255:
        eight_bits = (values + 128) // 257  # 65 535 = 257 x 255
        notes.append("A 16-bit picture was scaled to 8 bits.")
    else:
        eight_bits = values
        notes.append("A 16-bit picture holds only 8-bit values, which were kept as they are.")
    if "transparency" in image.info:  # the one 16-bit value that stands for "nothing here"
        eight_bits = np.where(values == image.info["transparency"], 255, eight_bits)
        notes.append("Transparent parts were filled with white.")
    return Image.fromarray(eight_bits.astype(np.uint8))


def fit_picture(picture: Picture, width: int, height: int) -> Picture:
    """Scale and crop `picture` from its middle to exactly `width` x `height`; the same object when it already fits.

    The crop keeps the largest part that has the wanted shape ("crop and resize" elsewhere), and is said in a note.
    """
    if picture.size == (width, height):
        return picture
    image = ImageOps.fit(picture.to_pil(), (width, height), method=Image.Resampling.LANCZOS)
    fitted = Picture(np.asarray(image), picture.notes)
    if abs(picture.width * height - picture.height * width) > max(picture.size):  # more than rounding
        return fitted.with_notes(
            f"The guide ({picture.width} x {picture.height}) was cropped from its middle to {width} x {height}."
        )
    return fitted
