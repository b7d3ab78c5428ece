"""The guide canvas in a real browser, with real events, down to the pixels that Python is given."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.picture import open_picture, open_picture_file

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
LINE = [(0.2, 0.5), (0.8, 0.5)]  # fractions of the paper: a horizontal line through its middle


class Desk:
    """A person at the test page: draws on the paper and looks at what Python was given."""

    def __init__(self, page, pictures: Path) -> None:
        self.page, self.pictures, self.count = page, pictures, 0
        self.component = page.locator("#cv")
        self.paper = page.locator("#cv canvas")
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.locator("#cv [data-ready='1']").wait_for()
        self.page.locator("#second [data-ready='1']").wait_for()

    def at(self, across: float, down: float, paper=None) -> tuple[float, float]:
        box = (paper or self.paper).bounding_box()
        return box["x"] + box["width"] * across, box["y"] + box["height"] * down

    def draw(self, points: list[tuple[float, float]] = LINE, paper=None) -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0], paper))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point, paper), steps=6)
        mouse.up()

    def press(self, name: str) -> None:
        self.component.get_by_role("button", name=name, exact=True).click()

    def seen(self) -> dict:
        """What Python was given by the next `input`, or by "Read"; each of them counts once."""
        from playwright.sync_api import expect

        self.count += 1
        box = self.page.locator("#seen textarea")
        expect(box).to_have_value(re.compile(rf'"count": {self.count},'))
        return json.loads(box.input_value())

    def expect_seen(self, text: str) -> None:
        """Python was given what is described with this text (a digest, say), at load or by an event."""
        boxes = "[...document.querySelectorAll('#seen textarea, #loaded textarea')]"
        self.page.wait_for_function(f"text => {boxes}.some((box) => box.value.includes(text))", arg=text)

    def read(self) -> dict:
        self.page.locator("#read").click()
        return self.seen()

    def pixels(self, seen: dict) -> np.ndarray:
        """The picture that Python was given, height x width x 3."""
        return open_picture_file(self.pictures / f"{seen['digest']}.png").pixels

    def ink(self, seen: dict) -> int:
        return int((self.pixels(seen)[..., 0] < 128).sum())

    def status(self) -> str:
        return self.component.locator(".gc-status").inner_text()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session")
def canvas_url(browser, serve, pictures) -> str:
    """The test page's address; `browser` first, so that nothing is started where there is none."""
    return serve("tests.browser.canvas_app", PICTURES=str(pictures))


@pytest.fixture
def open_desk(open_page, canvas_url, pictures) -> Callable[..., Desk]:
    return lambda query="", **options: Desk(open_page(canvas_url + query, **options), pictures)


@pytest.fixture
def desk(open_desk) -> Iterator[Desk]:
    return open_desk()


def noise(width: int, height: int, kind: str) -> bytes:
    """A photo's bytes, in which every pixel would show a second encoding."""
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def transfer_of(desk: Desk, name: str, kind: str, data: bytes):
    """A DataTransfer that holds one file, as a drop or a paste brings it."""
    make = """([name, type, data]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
      return transfer;
    }"""
    return desk.page.evaluate_handle(make, [name, kind, base64.b64encode(data).decode()])


# ---- drawing ----


def test_a_stroke_arrives_as_black_on_white_at_the_picture_s_size(desk):
    desk.draw()
    seen = desk.seen()
    pixels = desk.pixels(seen)
    assert (seen["mode"], pixels.shape) == ("draw", (256, 256, 3))
    assert pixels[128, 128].tolist() == [0, 0, 0]
    assert pixels[40, 128].tolist() == [255, 255, 255]
    assert pixels[128, 20].tolist() == [255, 255, 255]
    rows = (pixels[:, 128, 0] < 128).sum()
    assert rows in (2, 3, 4), "a brush of 6 on paper of 512 is 3 pixels at 256"


def test_the_thinnest_line_stays_visible(desk):
    desk.component.get_by_label("Brush size").fill("1")
    desk.draw()
    column = 255 - desk.pixels(desk.seen())[:, 128, 0].astype(int)
    assert 1.4 <= column.sum() / 255 <= 1.7, "1.5 pixels of ink across the line"


def test_edits_come_while_the_stroke_grows_and_input_at_its_end(desk):
    from playwright.sync_api import expect

    desk.page.mouse.move(*desk.at(0.2, 0.5))
    desk.page.mouse.down()
    desk.page.mouse.move(*desk.at(0.5, 0.5), steps=5)
    edited = desk.page.locator("#edited textarea")
    expect(edited).to_have_value(re.compile('"draw"'))
    assert desk.page.locator("#seen textarea").input_value() == ""
    desk.page.mouse.move(*desk.at(0.8, 0.5), steps=5)
    desk.page.mouse.up()
    pixels = desk.pixels(desk.seen())
    assert pixels[128, 80, 0] == 0
    assert pixels[128, 190, 0] == 0, "what came after the edit is there too"


def test_the_eraser_takes_ink_away_and_all_of_it_is_empty_paper(desk):
    desk.draw()
    whole = desk.ink(desk.seen())
    desk.press("Eraser")
    desk.component.get_by_label("Brush size").fill("48")
    desk.draw([(0.5, 0.3), (0.5, 0.7)])
    seen = desk.seen()
    assert 0 < desk.ink(seen) < whole
    assert desk.pixels(seen)[128, 128, 0] == 255
    desk.draw([(0.1, 0.5), (0.9, 0.5)])
    assert desk.seen()["digest"] is None


def test_undo_redo_and_clear_by_button(desk):
    desk.draw()
    one = desk.seen()["digest"]
    desk.draw([(0.5, 0.2), (0.5, 0.8)])
    two = desk.seen()["digest"]
    assert one != two
    for name, expected in [("Undo", one), ("Undo", None), ("Redo", one), ("Redo", two), ("Clear", None), ("Undo", two)]:
        desk.press(name)
        assert desk.seen()["digest"] == expected, name


def test_the_keyboard_does_all_that_buttons_do(desk):
    keys = desk.page.keyboard
    desk.draw()
    one = desk.seen()["digest"]
    for key, expected in [
        ("Control+z", None),
        ("Control+Shift+Z", one),
        ("Control+z", None),
        ("Control+y", one),
        ("Delete", None),
        ("Control+z", one),
    ]:
        keys.press(key)
        assert desk.seen()["digest"] == expected, key
    keys.press("e")
    assert desk.component.get_by_role("button", name="Eraser").get_attribute("aria-pressed") == "true"
    keys.press("b")
    assert desk.component.get_by_role("button", name="Pen").get_attribute("aria-pressed") == "true"
    size = desk.component.get_by_label("Brush size")
    keys.press("]")
    assert size.input_value() == "7"
    keys.press("[")
    keys.press("[")
    assert size.input_value() == "5"


def test_undo_works_page_wide_but_leaves_text_fields_alone(desk):
    from playwright.sync_api import expect

    desk.draw()
    one = desk.seen()["digest"]
    words = desk.page.locator("#words textarea")
    words.click()
    desk.page.keyboard.type("red")
    desk.page.keyboard.press("Control+z")
    expect(words).not_to_have_value("red")
    assert desk.read()["digest"] == one, "the text field's own undo, not ours"
    desk.page.keyboard.press("Control+z")  # the focus is on the button "Read" now
    assert desk.seen()["digest"] is None


def test_page_wide_undo_means_the_canvas_used_last(desk):
    second = desk.page.locator("#second canvas")
    desk.draw()
    one = desk.seen()["digest"]
    second.scroll_into_view_if_needed()
    desk.draw(paper=second)
    desk.page.locator("#second [data-act=undo][aria-disabled=false]").wait_for()
    desk.page.locator("h1").click()
    desk.page.keyboard.press("Control+z")
    desk.page.locator("#second [data-act=undo][aria-disabled=true]").wait_for()
    assert desk.read()["digest"] == one


def test_everything_is_reachable_by_tab_and_named(desk):
    from playwright.sync_api import expect

    tabs = desk.component.get_by_role("tab")
    assert tabs.all_inner_texts() == ["Draw", "Photo"]
    tabs.first.focus()
    desk.page.keyboard.press("Tab")
    expect(desk.component.get_by_role("img", name="Guide 1: paper")).to_be_focused()
    for name in ("Pen", "Eraser", "Brush size", "Undo", "Redo", "Clear"):
        desk.page.keyboard.press("Tab")
        focused = desk.page.evaluate("document.activeElement.getAttribute('aria-label')")
        ring = desk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert (focused, ring) == (name, "solid")
    tabs.first.focus()
    desk.page.keyboard.press("ArrowRight")
    expect(tabs.last).to_be_focused()
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    expect(desk.component.get_by_role("button", name="Choose a photo")).to_be_visible()


def test_a_step_is_told_to_screen_readers(desk):
    desk.draw()
    desk.seen()
    desk.press("Undo")
    desk.seen()
    assert desk.status().startswith("Undone")
    desk.page.keyboard.press("Control+z")
    assert desk.status() == "Nothing to undo"


# ---- touch and pen ----


def test_a_finger_draws_and_does_not_scroll_the_page(open_desk):
    desk = open_desk(**PHONE)
    touch = desk.page.context.new_cdp_session(desk.page)

    def swipe(start: tuple[float, float], end: tuple[float, float]) -> None:
        for step in range(9):
            spot = [start[i] + (end[i] - start[i]) * step / 8 for i in (0, 1)]
            kind = "touchMove" if step else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": spot[0], "y": spot[1]}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(desk.at(0.5, 0.9), desk.at(0.5, 0.1))
    seen = desk.seen()
    assert desk.pixels(seen)[128, 128, 0] == 0
    assert desk.page.evaluate("scrollY") == 0
    swipe((200, 800), (200, 200))  # the same swipe beside the paper scrolls
    desk.page.wait_for_function("scrollY > 0")


def test_pressing_the_pen_harder_gives_more_ink(desk):
    pen = desk.page.context.new_cdp_session(desk.page)

    def stroke(force: float) -> int:
        for step in range(9):
            x, y = desk.at(0.2 + 0.6 * step / 8, 0.5)
            kind = "mouseMoved" if step else "mousePressed"
            event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
            pen.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen", "force": force})
        x, y = desk.at(0.8, 0.5)
        event = {"type": "mouseReleased", "x": x, "y": y, "button": "left", "clickCount": 1}
        pen.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})
        ink = desk.ink(desk.seen())
        desk.press("Undo")
        desk.seen()
        return ink

    desk.component.get_by_label("Brush size").fill("16")
    light, half, hard = stroke(0.1), stroke(0.5), stroke(0.9)
    assert light * 1.5 < half < hard / 1.3


def test_the_other_end_of_the_pen_erases(desk):
    desk.component.get_by_label("Brush size").fill("48")
    desk.draw()
    desk.seen()
    desk.paper.evaluate(
        """(paper) => {
          const box = paper.getBoundingClientRect();
          const send = (name, across, more) => paper.dispatchEvent(new PointerEvent(name, { bubbles: true,
            pointerId: 77, pointerType: "pen", pressure: 1, clientY: box.top + box.height / 2,
            clientX: box.left + box.width * across, ...more }));
          send("pointerdown", 0.1, { button: 5, buttons: 32 });
          send("pointermove", 0.9, { button: -1, buttons: 32 });
          send("pointerup", 0.9, { button: 5, buttons: 0, pressure: 0 });
        }"""
    )
    assert desk.seen()["digest"] is None


# ---- what stays the same ----


def test_dark_mode_changes_neither_the_paper_nor_the_picture(open_desk):
    digests = []
    for query in ("", "?__theme=dark"):
        desk = open_desk(query)
        desk.draw()
        digests.append(desk.seen()["digest"])
        shown = Image.open(io.BytesIO(desk.paper.screenshot())).convert("RGB")
        middle = (shown.width // 2, shown.height // 2)
        assert shown.getpixel(middle) == (0, 0, 0)
        assert shown.getpixel((middle[0], shown.height // 4)) == (255, 255, 255)
    assert digests[0] == digests[1]
    assert desk.page.evaluate("document.body.classList.contains('dark')")


def test_a_reload_keeps_the_drawing_its_history_and_the_tool(desk):
    desk.draw()
    one = desk.seen()["digest"]
    desk.press("Eraser")
    desk.draw([(0.5, 0.4), (0.5, 0.6)])
    two = desk.seen()["digest"]
    desk.page.reload()
    desk.wait_ready()
    desk.expect_seen(two)
    assert desk.component.get_by_role("button", name="Eraser").get_attribute("aria-pressed") == "true"
    desk.page.keyboard.press("Control+z")
    desk.expect_seen(one)


def test_a_new_tab_starts_with_empty_paper(desk):
    desk.draw()
    desk.seen()
    other = desk.page.context.new_page()
    other.goto(desk.page.url)
    assert Desk(other, desk.pictures).read()["digest"] is None


def test_taken_off_the_page_and_put_back_it_is_as_before(desk):
    desk.page.get_by_role("button", name="Wide").click()
    desk.page.wait_for_function(
        """() => {
          const box = document.querySelector("#cv canvas").getBoundingClientRect();
          return box.width > 1.9 * box.height;
        }"""
    )
    desk.draw()
    one = desk.seen()["digest"]
    desk.page.get_by_role("button", name="Hide").click()
    desk.paper.wait_for(state="detached")
    desk.page.locator("h1").click()
    desk.page.keyboard.press("Control+z")  # goes to no canvas that is not there
    assert desk.page.evaluate("window.__guideCanvases.canvases.size") == 1
    desk.page.get_by_role("button", name="Show").click()
    desk.wait_ready()
    assert desk.seen()["digest"] == one, "at the same size, which was set after the start"
    desk.paper.click(position={"x": 20, "y": 20})
    desk.seen()
    desk.page.keyboard.press("Control+z")
    assert desk.seen()["digest"] == one, "one step back, not two"


def test_another_shape_of_the_picture_keeps_the_drawing_whole(desk):
    circle = [(0.5 + 0.3 * np.cos(turn), 0.5 + 0.3 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 40)]
    desk.draw(circle)
    desk.seen()
    desk.page.get_by_role("button", name="Wide").click()
    pixels = desk.pixels(desk.seen())
    assert pixels.shape == (192, 384, 3)
    rows, columns = np.nonzero(pixels[..., 0] < 128)
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 2, "still round"
    assert abs(np.ptp(rows) - 0.6 * 192) <= 6, "and as large in the shorter side"
    box = desk.paper.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(2, abs=0.05)


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
