"""The door for picture bytes: what comes in comes in right, and the rest is refused early and in words."""

from __future__ import annotations

import base64
import io
import random
import time
import warnings

import numpy as np
import psutil
import pytest
from PIL import Image, ImageFile, ImageOps

from core.errors import BadPicture
from core.picture import MAX_BYTES, Picture, open_base64, open_picture
from tests.core import zoo

DAMAGED, STRANGERS = zoo.damaged(), zoo.strangers()


def refusal(data: bytes) -> str:
    with pytest.raises(BadPicture) as caught:
        open_picture(data)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "Error" not in sentence and "/" not in sentence, "no internals and no paths are shown"
    return sentence


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_pictures_are_refused_as_damaged(name):
    sentence = refusal(DAMAGED[name])
    assert {"empty": "empty", "one byte": "not a PNG"}.get(name, "damaged") in sentence


@pytest.mark.parametrize("name", STRANGERS)
def test_the_content_decides_what_a_file_is(name, monkeypatch):
    def no_other_program(*arguments, **options):
        raise AssertionError(f"a program was started: {arguments}")

    monkeypatch.setattr("subprocess.Popen", no_other_program)
    assert "not a PNG, JPEG, WebP, BMP or GIF" in refusal(STRANGERS[name])


def test_a_switch_left_on_by_a_library_does_not_let_half_pictures_in(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    refusal(DAMAGED["jpeg truncated"])


@pytest.mark.parametrize("form", ["PNG", "BMP", "WEBP", "GIF", "JPEG"])
def test_every_format_is_read(form):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(form, {})
    picture = open_picture(zoo.encode(zoo.scene(), form, **options))
    assert picture.size == (48, 32)
    tolerance = {"GIF": 40, "JPEG": 12}.get(form, 0)
    difference = picture.pixels.astype(int) - np.asarray(zoo.scene()).astype(int)
    assert abs(difference).max() <= tolerance
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("mode", "form", "tolerance"),
    [
        ("1", "PNG", 0), ("L", "PNG", 0), ("LA", "PNG", 0), ("P", "PNG", 0), ("RGB", "PNG", 0), ("RGBA", "PNG", 0),
        ("CMYK", "JPEG", 12), ("P", "GIF", 0), ("RGBA", "WEBP", 0),
    ],
)  # fmt: skip
def test_every_mode_keeps_its_colours(mode, form, tolerance):
    image = zoo.scene().convert(mode)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(form, {})
    picture = open_picture(zoo.encode(image, form, **options))
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert abs(picture.pixels - expected).max() <= tolerance


def test_transparency_lies_on_white_and_is_said():
    image = zoo.scene().convert("RGBA")
    alpha = np.full((32, 48), 255, np.uint8)
    alpha[:, :16], alpha[:, 16:32] = 0, 128
    image.putalpha(Image.fromarray(alpha))
    picture = open_picture(zoo.encode(image))
    assert (picture.pixels[:, :16] == 255).all()
    half = (np.asarray(image)[:, 16:32, :3].astype(int) * 128 + 255 * 127) / 255
    assert abs(picture.pixels[:, 16:32] - half).max() <= 1.5
    assert (picture.pixels[:, 32:] == np.asarray(image)[:, 32:, :3]).all()
    assert picture.notes == ("Transparent parts were filled with white.",)


def test_a_transparent_palette_colour_becomes_white():
    image = Image.new("P", (20, 20), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 20, 10))
    picture = open_picture(zoo.encode(image, transparency=0))
    assert (picture.pixels[10:] == 255).all()
    assert (picture.pixels[:10] == (0, 0, 255)).all()
    assert picture.notes == ("Transparent parts were filled with white.",)


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.tile(np.linspace(0, 65_535, 512).astype(np.uint16), (16, 1))
    picture = open_picture(zoo.encode(Image.fromarray(ramp)))
    row = picture.pixels[0, :, 0].astype(int)
    assert (row[0], row[-1]) == (0, 255)
    assert (np.diff(row) >= 0).all()
    assert len(set(row)) == 256
    assert picture.notes == ("A 16-bit picture was scaled to 8 bits.",)


def test_eight_bit_values_in_a_sixteen_bit_file_are_kept():
    small = np.tile(np.arange(200, dtype=np.uint16), (16, 1))
    picture = open_picture(zoo.encode(Image.fromarray(small)))
    assert (picture.pixels[..., 1] == small).all()


def test_the_transparent_value_of_a_sixteen_bit_picture_becomes_white():
    values = np.full((16, 16), 20_000, np.uint16)
    values[:8] = 300
    picture = open_picture(zoo.encode(Image.fromarray(values), transparency=300))
    assert (picture.pixels[:8] == 255).all()
    assert (picture.pixels[8:] == (20_000 + 128) // 257).all()
    assert "Transparent parts were filled with white." in picture.notes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_a_camera_recorded_is_applied(orientation):
    exif = Image.Exif()
    exif[zoo.ORIENTATION] = orientation
    picture = open_picture(zoo.encode(zoo.scene(), exif=exif))
    turns = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180], 4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_270], 7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_90],
    }  # fmt: skip
    upright = zoo.scene()
    for turn in turns.get(orientation, []):
        upright = upright.transpose(turn)
    assert (picture.pixels == np.asarray(upright)).all()
    assert picture.notes == (() if orientation == 1 else ("Turned upright as the camera recorded.",))
    assert zoo.ORIENTATION not in picture.to_pil().getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_equals_the_same_jpeg_turned_by_hand(orientation):
    exif = Image.Exif()
    exif[zoo.ORIENTATION] = orientation
    data = zoo.encode(zoo.scene(), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        by_hand = ImageOps.exif_transpose(image).convert("RGB")
    assert (open_picture(data).pixels == np.asarray(by_hand)).all()


@pytest.mark.parametrize("orientation", [0, 9, 60_000])
def test_an_impossible_rotation_is_ignored_without_a_note(orientation):
    exif = Image.Exif()
    exif[zoo.ORIENTATION] = orientation
    picture = open_picture(zoo.encode(zoo.scene(), "PNG", exif=exif))
    assert picture == open_picture(zoo.encode(zoo.scene()))
    assert picture.notes == ()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow mentions the damage
def test_a_damaged_exif_block_does_not_cost_the_picture():
    broken = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03\xff\xff\xff\xff" * 9
    picture = open_picture(zoo.encode(zoo.scene(), "JPEG", exif=broken))
    assert picture.size == (48, 32)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_used(form):
    picture = open_picture(zoo.animation(form))
    assert picture.size == (32, 24)
    assert (picture.pixels == (255, 0, 0)).all()
    assert picture.notes == ("Only the first frame of this animation is used.",)


def test_a_phone_jpeg_with_a_preview_inside_is_an_ordinary_picture():
    preview = Image.new("RGB", (16, 16), "red")
    data = zoo.encode(zoo.scene(), "MPO", save_all=True, append_images=[preview], quality=95)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "MPO", "the sample is what it should be"
    picture = open_picture(data)
    assert picture.size == (48, 32)
    assert picture.notes == ()


@pytest.mark.parametrize("size", [(16, 16), (63, 65), (4095, 17), (16, 5000)])
def test_odd_sizes_come_in_exactly(size):
    assert open_picture(zoo.encode(Image.new("RGB", size))).size == size


@pytest.mark.parametrize("size", [(1, 1), (15, 15), (1, 5000), (5000, 15)])
def test_tiny_sizes_are_refused_with_the_limit(size):
    assert refusal(zoo.encode(Image.new("L", size))) == (
        f"The picture is {size[0]} x {size[1]} pixels; each side needs at least 16."
    )


def test_a_file_over_the_limit_is_refused_before_it_is_opened(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *a, **k: pytest.fail("it was opened"))
    assert refusal(zoo.encode(zoo.scene()) + bytes(MAX_BYTES)) == "The picture is larger than 25 MB."


BOMBS = {
    "8k x 8k": lambda: zoo.png_bomb(8_000),
    "30k x 30k": lambda: zoo.png_with_header(30_000, 30_000, zoo.zlib.compress(bytes(30_001))),
    "header lies 60k x 60k": lambda: zoo.png_with_header(60_000, 60_000, zoo.zlib.compress(b"\0\0")),
    "17k x 16": lambda: zoo.encode(Image.new("L", (17_000, 16))),
    "webp canvas 8k x 8k": lambda: zoo.animated_webp_header(8_000, 8_000),
    "webp canvas 16k x 16k": lambda: zoo.animated_webp_header(16_383, 16_383),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("warnings_raise", [False, True])
def test_bombs_are_refused_quickly_and_cheaply(name, warnings_raise, monkeypatch):
    data = BOMBS[name]()
    if warnings_raise:  # as server.environment sets it
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000_000)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
    process = psutil.Process()
    before, start = process.memory_info().rss, time.perf_counter()
    sentence = refusal(data)
    assert time.perf_counter() - start < 0.5
    assert process.memory_info().rss - before < 50 * 1024 * 1024
    assert "megapixels" in sentence


def test_forty_megapixels_are_not_a_bomb():
    assert open_picture(zoo.encode(Image.new("1", (8_000, 5_000)))).size == (8_000, 5_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        "data:image/png;base64,",
        "data:text/html;base64,AAAA",
        "http://x/y.png",
        "päng",
        "A" * 5,
        None,
        7,
    ],
)
def test_text_that_holds_no_picture_is_refused(text):
    with pytest.raises(BadPicture):
        open_base64(text)


def test_base64_comes_bare_wrapped_or_as_a_data_url():
    png = zoo.encode(zoo.scene())
    expected = open_picture(png)
    assert open_base64(base64.b64encode(png).decode()) == expected
    assert open_base64(base64.encodebytes(png).decode()) == expected
    assert open_base64("data:image/png;base64," + base64.b64encode(png).decode()) == expected


def _mutate(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(changed))
        match dice.randrange(5):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del changed[at : at + dice.randint(1, 40)]
            case 3:
                changed[at:at] = dice.randbytes(dice.randint(1, 40))
            case 4:
                changed[at : at + 4] = dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
        if not changed:
            return b""
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # Pillow mentions what it finds
def test_no_mutation_gets_past_the_door_as_anything_but_a_picture_or_a_sentence():
    exif = Image.Exif()
    exif[zoo.ORIENTATION] = 6
    seeds = [
        zoo.encode(zoo.scene()),
        zoo.encode(zoo.scene().convert("P"), transparency=0),
        zoo.encode(zoo.scene(), "JPEG", exif=exif),
        zoo.encode(zoo.scene(), "JPEG", progressive=True),
        zoo.encode(zoo.scene(), "WEBP"),
        zoo.encode(zoo.scene(), "BMP"),
        zoo.animation("GIF"),
        zoo.animation("WEBP"),
    ]
    dice, deadline, tried, opened, slowest = random.Random(20), time.perf_counter() + 10, 0, 0, 0.0
    while time.perf_counter() < deadline:
        data = _mutate(seeds[tried % len(seeds)], dice)
        start = time.perf_counter()
        try:
            assert isinstance(open_picture(data), Picture)
            opened += 1
        except BadPicture as error:
            assert str(error).endswith("."), data.hex()
        slowest = max(slowest, time.perf_counter() - start)
        tried += 1
    assert tried > 500
    assert 0 < opened < tried, "both ways out were taken"
    assert slowest < 5
