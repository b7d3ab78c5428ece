"""The guide canvas in a real browser, with real events, down to the pixels that Python is given."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from tests.browser.canvas_desk import PHONE, Desk

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
