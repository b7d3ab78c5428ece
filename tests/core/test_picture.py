"""`Picture` as a value: it never changes, equals by its pixels, and travels through JSON unharmed."""

from __future__ import annotations

import base64
import copy
import os
import pickle

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import ValidationError

from core.errors import BadPicture
from core.picture import MAX_BYTES, Picture, fit_picture, open_picture, open_picture_file
from core.value import Value
from tests.core import zoo


class Holder(Value):
    picture: Picture


def _scene() -> Picture:
    return open_picture(zoo.encode(zoo.scene()))


def test_neither_the_pixels_nor_the_fields_can_be_changed():
    picture = _scene()
    with pytest.raises(ValueError):
        picture.pixels[0, 0, 0] = 1
    with pytest.raises(ValueError):
        picture.pixels.flags.writeable = True
    with pytest.raises(AttributeError):
        picture.notes = ("changed",)
    with pytest.raises(AttributeError):
        del picture.digest


@pytest.mark.parametrize("kind", ["array", "view", "memmap"])
def test_what_the_caller_does_to_its_array_later_does_not_matter(kind, tmp_path):
    source = {
        "array": lambda: np.zeros((20, 20, 3), np.uint8),
        "view": lambda: np.zeros((40, 40, 3), np.uint8)[::2, ::2],
        "memmap": lambda: np.memmap(tmp_path / "m", np.uint8, "w+", shape=(20, 20, 3)),
    }[kind]()
    picture = Picture(source)
    digest = picture.digest
    source[:] = 9
    assert (picture.pixels == 0).all()
    assert Picture(picture.pixels).digest == digest


def test_equality_and_hash_follow_the_pixels_alone():
    one, other = _scene(), _scene().with_notes("said")
    assert one == other and hash(one) == hash(other) and len({one, other}) == 1
    changed = one.pixels.copy()
    changed[3, 4, 1] ^= 1
    assert Picture(changed) != one
    assert one != "a picture"
    flat = np.zeros((20, 30, 3), np.uint8)
    assert Picture(flat) != Picture(flat.reshape(30, 20, 3)), "same bytes, another shape"


def test_notes_add_up_and_the_pixels_are_shared():
    one = _scene().with_notes("first")
    two = one.with_notes("second")
    assert two.notes == ("first", "second") and one.notes == ("first",)
    assert two.pixels is one.pixels


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8), np.zeros((1, 4, 4, 3), np.uint8),
    ],
)  # fmt: skip
def test_other_arrays_are_no_picture(pixels):
    with pytest.raises(ValueError, match="uint8 height x width x 3"):
        Picture(pixels)


def test_copies_and_pickles_are_equal_values():
    picture = _scene().with_notes("said")
    assert copy.copy(picture) is picture
    assert copy.deepcopy(picture) is picture
    restored = pickle.loads(pickle.dumps(picture))
    assert restored == picture and restored.notes == picture.notes


@given(arrays.arrays(np.uint8, st.tuples(st.integers(16, 40), st.integers(16, 40), st.just(3))))
def test_png_and_json_lose_nothing(pixels):
    picture = Picture(pixels)
    assert open_picture(picture.to_png()) == picture
    assert Holder.model_validate_json(Holder(picture=picture).model_dump_json()) == Holder(picture=picture)


def test_a_grey_picture_is_stored_in_one_channel():
    grey = Picture(np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2))
    assert grey.to_png()[25] == 0, "colour type of the PNG header: grey"
    assert open_picture(grey.to_png()) == grey
    assert _scene().to_png()[25] == 2, "colour type: RGB"


def test_jpeg_is_close():
    picture = _scene()
    assert abs(open_picture(picture.to_jpeg(95)).pixels.astype(int) - picture.pixels).mean() < 4


def test_a_bad_picture_in_a_request_is_told_in_the_doors_own_words():
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"picture": base64.b64encode(b"hello").decode()})
    assert caught.value.errors()[0]["msg"] == "This is not a PNG, JPEG, WebP, BMP or GIF picture."
    assert caught.value.errors()[0]["loc"] == ("picture",)


@pytest.mark.parametrize("value", [{"path": "/etc/passwd"}, ["/etc/passwd"], 3, None, b"bytes"])
def test_only_text_and_pictures_pass_validation(value):
    with pytest.raises(ValidationError, match="must be given as base64"):
        Holder.model_validate({"picture": value})


def test_the_json_schema_says_what_to_send():
    schema = Holder.model_json_schema()["properties"]["picture"]
    assert schema["type"] == "string" and schema["contentEncoding"] == "base64"
    assert "base64" in schema["description"]


def test_size_and_sides():
    picture = _scene()
    assert (picture.width, picture.height) == picture.size == (48, 32)
    assert picture.pixels.shape == (32, 48, 3)
    assert np.asarray(picture.to_pil()).shape == (32, 48, 3)


def test_fitting_crops_the_middle_and_says_so():
    picture = _scene()
    assert fit_picture(picture, 48, 32) is picture
    same_shape = fit_picture(picture, 96, 64)
    assert same_shape.size == (96, 64) and same_shape.notes == ()
    square = fit_picture(picture, 32, 32)
    assert square.size == (32, 32)
    assert abs(square.pixels.astype(int) - picture.pixels[:, 8:40]).max() <= 1
    assert "cropped from its middle to 32 x 32" in square.notes[0]


def test_a_file_is_opened_wherever_it_lies(tmp_path):
    folder = tmp_path / "Ünï 中文 😀"
    folder.mkdir()
    (folder / "a picture.txt").write_bytes(zoo.encode(zoo.scene()))
    assert open_picture_file(folder / "a picture.txt") == _scene()


def _make_link(path):
    (path.parent / "real.png").write_bytes(zoo.encode(zoo.scene()))
    path.symlink_to(path.parent / "real.png")


def _make_pipe(path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)


ODD_FILES = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "link": _make_link,
    "dangling link": lambda path: path.symlink_to(path.parent / "nowhere"),
    "pipe nobody writes": _make_pipe,
}


@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_ordinary_file_is_refused_without_waiting(kind, tmp_path):
    path = tmp_path / "picture.png"
    ODD_FILES[kind](path)
    before = _open_descriptors()
    with pytest.raises(BadPicture):
        open_picture_file(path)
    assert _open_descriptors() == before, "no file was left open"


def _open_descriptors() -> int:
    process = psutil.Process()
    return process.num_fds() if os.name == "posix" else len(process.open_files())


def test_a_name_with_a_nul_byte_is_refused(tmp_path):
    with pytest.raises(BadPicture):
        open_picture_file(tmp_path / "a\0b.png")


def test_a_file_too_large_is_refused_without_reading_it_all(tmp_path):
    path = tmp_path / "large.png"
    with open(path, "wb") as file:
        file.write(b"\x89PNG")
        file.truncate(MAX_BYTES * 40)
    with pytest.raises(BadPicture, match="larger than 25 MB"):
        open_picture_file(path)
