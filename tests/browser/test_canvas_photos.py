"""The canvas's other sources: photos that are chosen, dropped or pasted, and what Python sends; and how it fits."""

from __future__ import annotations

import base64

import pytest

from core.picture import open_picture
from tests.browser.canvas_desk import PHONE, Desk, noise, transfer_of

# ---- photos ----


def choose(desk: Desk, name: str, kind: str, data: bytes) -> None:
    with desk.page.expect_file_chooser() as chooser:
        desk.press("Choose a photo")
    if len(data) < 1_000_000:
        chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})
        return
    path = desk.pictures / name  # from a file: through the browser's pipe a large one takes half a minute
    path.write_bytes(data)
    chooser.value.set_files(path)


def open_photo_pane(desk: Desk) -> None:
    desk.component.get_by_role("tab", name="Photo").click()
    assert desk.seen()["digest"] is None


def test_a_chosen_photo_arrives_as_it_is_and_can_be_removed(desk):
    from playwright.sync_api import expect

    data = noise(333, 222, "JPEG")
    open_photo_pane(desk)
    choose(desk, "<b>room</b>.jpg", "image/jpeg", data)
    seen = desk.seen()
    assert (seen["mode"], seen["digest"]) == ("photo", open_picture(data).digest)
    expect(desk.component.get_by_text("<b>room</b>.jpg", exact=True)).to_be_visible()
    desk.press("Remove")
    assert desk.seen()["digest"] is None
    expect(desk.component.get_by_role("button", name="Choose a photo")).to_be_focused()


def test_the_drawing_waits_while_a_photo_is_the_guide(desk):
    desk.draw()
    one = desk.seen()["digest"]
    open_photo_pane(desk)
    desk.page.keyboard.press("Control+z")
    desk.component.get_by_role("tab", name="Draw").click()
    seen = desk.seen()
    assert (seen["mode"], seen["digest"]) == ("draw", one)


def test_a_photo_dropped_on_the_paper_becomes_the_guide(desk):
    from playwright.sync_api import expect

    data = noise(64, 48, "PNG")
    files = transfer_of(desk, "room.png", "image/png", data)
    desk.paper.dispatch_event("dragover", {"dataTransfer": files})
    expect(desk.component.locator(".gc-dropping")).to_have_count(1)
    desk.paper.dispatch_event("drop", {"dataTransfer": files})
    seen = desk.seen()
    assert (seen["mode"], seen["digest"]) == ("photo", open_picture(data).digest)
    expect(desk.component.locator(".gc-dropping")).to_have_count(0)


def test_of_two_photos_the_later_one_wins(desk):
    """Even when the first takes longer to read than the second."""
    first, second = noise(64, 48, "PNG"), noise(48, 64, "PNG")
    desk.page.evaluate(
        """() => {
          const read = FileReader.prototype.readAsDataURL;
          FileReader.prototype.readAsDataURL = function (file) { // hold the first one back
            FileReader.prototype.readAsDataURL = read;
            window.letGo = () => new Promise((done) => { this.addEventListener("load", done); read.call(this, file); });
          };
        }"""
    )
    for data in (first, second):
        desk.paper.dispatch_event("drop", {"dataTransfer": transfer_of(desk, "a.png", "image/png", data)})
    assert desk.seen()["digest"] == open_picture(second).digest
    desk.page.evaluate("letGo()")
    assert desk.read()["digest"] == open_picture(second).digest
    assert desk.read()["digest"] == open_picture(second).digest


def test_a_pasted_picture_becomes_the_guide(desk):
    """Through the system's clipboard and the real Ctrl+V; a browser writes its own PNG there, so pixels count."""
    data = noise(64, 48, "PNG")
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const blob = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(data).decode(),
    )
    open_photo_pane(desk)
    desk.page.locator("h1").click()
    desk.page.keyboard.press("Control+v")
    seen = desk.seen()
    assert (seen["mode"], seen["digest"]) == ("photo", open_picture(data).digest)


def test_pasting_into_a_text_field_is_left_alone(desk):
    open_photo_pane(desk)
    files = transfer_of(desk, "room.png", "image/png", noise(64, 48, "PNG"))
    prevented = desk.page.locator("#words textarea").evaluate(
        """(field, clipboardData) => !field.dispatchEvent(
          new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))""",
        files,
    )
    assert not prevented
    assert desk.read()["digest"] is None


@pytest.mark.parametrize(
    ("name", "kind", "data", "sentence"),
    [
        ("huge.png", "image/png", b"\x89PNG" + bytes(21 * 1024 * 1024), "huge.png has 21.0 MB; the limit is 20 MB."),
        ("notes.txt", "text/plain", b"hello", "notes.txt is not a photo. Choose a PNG"),
        ("fake.png", "image/png", b"hello", "fake.png could not be opened as a picture."),
        ("none.png", "image/png", b"", "none.png is empty."),
        ("<img src=x onerror=alert(1)>.svg", "image/svg+xml", b"<svg/>", "<img src=x onerror=alert(1)>.svg is not"),
    ],
)
def test_a_file_that_is_no_use_is_refused_in_a_sentence(desk, name, kind, data, sentence):
    from playwright.sync_api import expect

    open_photo_pane(desk)
    choose(desk, name, kind, data)
    expect(desk.component.get_by_role("alert")).to_contain_text(sentence)
    assert desk.read()["digest"] is None
    choose(desk, "good.png", "image/png", noise(32, 32, "PNG"))
    assert desk.seen()["mode"] == "photo"
    expect(desk.component.get_by_role("alert")).to_be_hidden()


def test_a_photo_is_there_after_a_reload(desk):
    data = noise(64, 48, "WEBP")
    open_photo_pane(desk)
    choose(desk, "room.webp", "image/webp", data)
    desk.seen()
    desk.page.reload()
    desk.wait_ready()
    desk.expect_seen(open_picture(data).digest)


def test_a_photo_too_large_to_keep_costs_neither_the_work_nor_the_drawing(desk):
    desk.draw()
    one = desk.seen()["digest"]
    open_photo_pane(desk)
    data = noise(2000, 1200, "BMP")  # 7 MB: more than a tab may keep
    choose(desk, "large.bmp", "image/bmp", data)
    assert desk.seen()["digest"] == open_picture(data).digest
    desk.page.reload()
    desk.wait_ready()
    desk.expect_seen('"mode": null')
    desk.component.get_by_role("tab", name="Draw").click()
    desk.expect_seen(one)


# ---- values from Python ----


def test_a_drawing_from_python_lies_under_the_strokes_and_undo_brings_the_old_one_back(desk):
    desk.draw()
    one = desk.seen()["digest"]
    desk.page.get_by_role("button", name="Load drawing").click()
    desk.component.locator("[data-act=undo][aria-disabled=false]").wait_for()
    desk.page.wait_for_function("document.querySelector('#cv [data-rev]').dataset.rev >= 3")
    loaded = desk.read()
    pixels = desk.pixels(loaded)
    assert (pixels[:, :64] == 0).all()
    assert (pixels[:, 64:] == 255).all(), "exactly the picture that was sent, without the stroke before"
    desk.press("Eraser")
    desk.component.get_by_label("Brush size").fill("48")
    desk.draw([(0.05, 0.5), (0.2, 0.5)])
    assert desk.pixels(desk.seen())[128, 30, 0] == 255, "the eraser erases it, too"
    desk.press("Undo")
    assert desk.seen()["digest"] == loaded["digest"]
    desk.press("Undo")
    assert desk.seen()["digest"] == one


def test_a_drawing_of_another_size_is_put_whole_into_the_middle(desk):
    desk.page.get_by_role("button", name="Load small drawing").click()
    desk.component.locator("[data-act=undo][aria-disabled=false]").wait_for()
    pixels = desk.pixels(desk.read())
    assert pixels.shape == (256, 256, 3)
    assert (pixels[70:186, :60] < 60).all()  # 128 x 64 becomes 256 x 128
    assert (pixels[:60] == 255).all()
    assert (pixels[196:] == 255).all()


def test_a_picture_from_python_is_shown_as_the_photo_and_none_empties_all(desk):
    desk.draw()
    desk.seen()
    desk.page.get_by_role("button", name="Load photo").click()
    desk.component.locator(".gc-image").wait_for()
    seen = desk.read()
    assert (seen["mode"], seen["size"]) == ("photo", [100, 60])
    desk.page.get_by_role("button", name="Load nothing").click()
    desk.paper.wait_for()
    assert desk.read()["digest"] is None
    assert desk.component.locator(".gc-hint").is_visible()


# ---- layout ----


def test_it_fits_a_desktop_column_and_a_phone(open_desk):
    desk = open_desk()
    box = desk.component.locator(".gc").bounding_box()
    assert box["width"] == pytest.approx(300, abs=1), "the whole column"
    assert box["height"] <= 420
    desk = open_desk(**PHONE)
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 390
    column = desk.component.locator(".gc").bounding_box()
    for button in desk.component.locator(".gc-bar:visible button").all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= column["x"] + column["width"] + 0.5
        assert min(box["width"], box["height"]) >= 38, "large enough for a finger"
