"""The viewer's pictures: compare, buttons, the strip, files from disk, sizes."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.viewer_app import ViewerServer, jpeg_url, png
from tests.browser.viewer_page import ViewerPage


@pytest.fixture(scope="module")
def server() -> Iterator[ViewerServer]:
    server = ViewerServer().start()
    yield server
    server.stop()


@pytest.fixture
def viewer(server, open_page) -> ViewerPage:
    server.store.clear()
    return ViewerPage(open_page(server.url), server)


def clip(viewer: ViewerPage) -> str:
    return viewer.at(".map").evaluate("map => getComputedStyle(map).clipPath")


def test_compare_is_moved_with_the_keyboard(viewer):
    viewer.make_picture("compare")
    viewer.button("Compare").focus()
    viewer.page.keyboard.press("Enter")
    expect(viewer.at(".map")).to_be_visible()
    wipe = viewer.viewer.get_by_role("slider", name=re.compile("Compare"))
    assert clip(viewer) == "inset(0px 50% 0px 0px)"
    wipe.focus()
    for _ in range(3):
        viewer.page.keyboard.press("ArrowRight")
    assert clip(viewer) == "inset(0px 47% 0px 0px)"
    expect(wipe).to_have_attribute("aria-valuetext", "53 % guide, 47 % picture")
    viewer.page.keyboard.press("Home")
    assert clip(viewer) == "inset(0px 100% 0px 0px)"
    viewer.button("Compare").click()
    expect(viewer.at(".map")).to_be_hidden()


def test_compare_follows_the_pointer_from_edge_to_edge(viewer):
    viewer.make_picture("pointer")
    viewer.button("Compare").click()
    box = viewer.at(".wipe").bounding_box()
    assert box
    viewer.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    expect(viewer.at(".wipe")).to_have_value("25")
    viewer.page.mouse.click(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    expect(viewer.at(".wipe")).to_have_value("100")


def test_compare_stays_on_from_run_to_run_but_not_over_previews(viewer):
    viewer.make_picture("one")
    viewer.button("Compare").click()
    expect(viewer.at(".map")).to_be_visible()
    viewer.watch_new_run("two")
    viewer.store.tell("two", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    expect(viewer.at(".map")).to_be_hidden()
    viewer.store.finish("two", ["lime"])
    viewer.expect_phase("finished", "two")
    expect(viewer.at(".map")).to_be_visible()


def test_compare_chooses_among_several_guides(viewer):
    viewer.make_picture("guides", maps=("white", "black"))
    viewer.button("Compare").click()
    expect(viewer.at(".map")).to_be_visible()
    assert "/maps/0.png" in (viewer.at(".map").get_attribute("src") or "")
    viewer.viewer.get_by_label("Guide to compare with").select_option("Guide 2")
    expect(viewer.at(".map")).to_have_attribute("src", re.compile("/maps/1.png"))


def test_compare_says_why_it_cannot(viewer):
    expect(viewer.button("Compare")).to_have_attribute("title", "There is no finished picture yet.")
    viewer.make_picture("free", maps=())
    expect(viewer.button("Compare")).to_be_disabled()
    expect(viewer.button("Compare")).to_have_attribute("title", "This picture was made without a guide.")


def test_download_is_the_saved_file(viewer):
    viewer.make_picture("load")
    link = viewer.viewer.get_by_role("link", name="Download")
    expect(link).to_have_attribute("href", "/api/v1/pictures/2026-11-23/140205-4711-load-0.png")
    expect(link).to_have_attribute("download", "140205-4711-load-0.png")
    with viewer.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "140205-4711-load-0.png"
    assert download.value.path().read_bytes() == viewer.store.saved["2026-11-23/140205-4711-load-0.png"][1]


def test_picture_that_could_not_be_saved(viewer):
    viewer.make_picture("full", files=[None])
    expect(viewer.at(".facts")).to_contain_text("not saved")
    link = viewer.viewer.get_by_role("link", name="Download")
    expect(link).to_have_attribute("href", "/api/v1/runs/full/pictures/0.png")
    expect(link).to_have_attribute("download", "picture-4711.png")
    expect(viewer.button("Use settings again")).to_be_disabled()
    expect(viewer.button("Use settings again")).to_have_attribute("title", re.compile("could not be saved"))


def test_pictures_of_one_run_and_what_python_hears(viewer):
    viewer.watch_new_run("set")
    viewer.store.finish("set", ["red", "lime", "blue"])
    viewer.expect_phase("finished", "set")
    viewer.expect_picture("red")
    viewer.button("Picture 2 of 3, seed 4712").click()
    viewer.expect_picture("lime")
    expect(viewer.button("Picture 2 of 3, seed 4712")).to_have_attribute("aria-pressed", "true")
    expect(viewer.at(".facts")).to_contain_text("Seed 4712")
    viewer.button("Keep this seed").click()
    viewer.expect_heard("KeepSeed(seed=4712)")
    viewer.button("Use settings again").click()
    viewer.expect_heard("RestoreSettings(name='2026-11-23/140205-4711-set-1.png')")


def test_strip_is_newest_first_and_shows_what_is_clicked(server, open_page):
    server.store.clear()
    server.store.save("2026-11-23/a.png", "red", seed=1, prompt="a barn")
    server.store.save("2026-11-23/b.png", "lime", seed=2, prompt="a tree")
    viewer = ViewerPage(open_page(server.url), server)
    buttons = viewer.at(".strip").get_by_role("button")
    expect(buttons).to_have_count(2)
    names = [buttons.nth(index).get_attribute("aria-label") for index in range(2)]
    assert names == ["Picture of a tree, seed 2", "Picture of a barn, seed 1"]
    expect(viewer.at(".empty")).to_have_text("Draw something, say what it is, press Generate.")
    expect(viewer.at(".empty")).to_be_visible()  # the newest is not pushed on anybody

    buttons.nth(1).click()
    viewer.expect_picture("red")
    expect(viewer.at(".facts")).to_have_text(re.compile(r"^Seed 1 · 64 × 64 · made .*2026.* · saved as a\.png$"))
    expect(viewer.viewer.get_by_role("link", name="Download")).to_have_attribute("download", "a.png")
    viewer.button("Use settings again").click()
    viewer.expect_heard("RestoreSettings(name='2026-11-23/a.png')")
    expect(buttons.nth(1)).to_have_attribute("aria-current", "true")

    viewer.make_picture("new")
    expect(buttons).to_have_count(3)
    expect(buttons.first).to_have_attribute("aria-label", "Picture of a red house, seed 4711")
    expect(buttons.first).to_have_attribute("aria-current", "true")


def test_strip_is_one_stop_for_tab_and_arrows_move_inside(server, open_page):
    server.store.clear()
    for index in range(30):
        server.store.save(f"2026-11-23/{index}.png", "red", seed=index)
    viewer = ViewerPage(open_page(server.url), server)
    viewer.button("Open a saved picture…").focus()
    viewer.page.keyboard.press("Tab")
    viewer.page.keyboard.press("ArrowRight")
    viewer.page.keyboard.press("ArrowRight")
    focused = viewer.page.locator(":focus")
    expect(focused).to_have_attribute("aria-label", "Picture of a boat, seed 27")
    viewer.page.keyboard.press("End")
    expect(focused).to_have_attribute("aria-label", "Picture of a boat, seed 0")
    expect(focused).to_be_in_viewport()
    viewer.page.keyboard.press("Tab")
    assert viewer.page.evaluate("!document.activeElement.closest('#viewer .strip')")


def test_picture_without_a_seed(server, open_page):
    server.store.clear()
    server.store.save("2026-11-23/foreign.png", "blue", seed=None, prompt="")
    viewer = ViewerPage(open_page(server.url), server)
    viewer.button("Picture of no words").click()
    viewer.expect_picture("blue")
    expect(viewer.button("Keep this seed")).to_have_attribute("title", "The seed of this picture is not known.")
    expect(viewer.at(".facts")).to_have_text(re.compile("^64 × 64 · "))


def test_nothing_made_yet(viewer):
    expect(viewer.at(".strip-empty")).to_have_text("What you make appears here.")
    expect(viewer.at(".strip-empty")).to_be_visible()


DROP = """([text, name, type]) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const target = document.querySelector('#viewer .stage');
  for (const kind of ['dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def drop(viewer: ViewerPage, data: bytes, name: str = "saved.png", kind: str = "image/png") -> None:
    viewer.page.evaluate(DROP, [base64.b64encode(data).decode(), name, kind])


def test_dropped_png_reaches_python_byte_for_byte(viewer):
    data = png("red", text='{"prompt": "a boat"}')
    drop(viewer, data)
    viewer.expect_heard(f"open {hashlib.sha256(data).hexdigest()}")


def test_png_chosen_with_the_button_reaches_python(viewer):
    data = png("blue", text="settings")
    with viewer.page.expect_file_chooser() as chooser:
        viewer.button("Open a saved picture…").click()
    chooser.value.set_files({"name": "saved.png", "mimeType": "image/png", "buffer": data})
    viewer.expect_heard(f"open {hashlib.sha256(data).hexdigest()}")


def test_files_that_are_refused(viewer):
    drop(viewer, b"GIF89a....", "moving.png")
    expect(viewer.viewer.get_by_role("alert")).to_contain_text("That is not a PNG file")
    viewer.page.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(20 * 1024 * 1024 + 1)], 'big.png', { type: 'image/png' }));
      const dropped = new DragEvent('drop', { dataTransfer: transfer, bubbles: true });
      document.querySelector('#viewer .stage').dispatchEvent(dropped);
    }""")
    expect(viewer.viewer.get_by_role("alert")).to_contain_text("larger than 20 MB")
    viewer.expect_heard("")


def test_messages_of_python_leave_the_picture_and_count_again(viewer):
    viewer.make_picture("message")
    for _ in range(2):
        viewer.give(sentence="The settings were used again.", tone="note")
        expect(viewer.at(".banner")).to_contain_text("The settings were used again.")
        viewer.expect_picture("red")
        viewer.button("Dismiss this message").click()
        expect(viewer.at(".banner")).to_be_hidden()


def test_python_shows_a_saved_picture(viewer):
    viewer.store.save("2026-11-22/old_one.png", "blue", seed=9)
    viewer.give(name="2026-11-22/old_one.png")
    viewer.expect_picture("blue")
    expect(viewer.at(".facts")).to_contain_text("saved as old_one.png")


def test_full_size_closes_with_escape_which_the_page_does_not_hear(viewer):
    viewer.make_picture("large")
    viewer.page.evaluate("document.addEventListener('keydown', (event) => { window.heardKey = event.key; })")
    viewer.button("Open full size").click()
    dialog = viewer.viewer.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="Picture of a red house, seed 4711")).to_be_visible()
    viewer.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert viewer.page.evaluate("window.heardKey === undefined")
    expect(viewer.button("Open full size")).to_be_focused()


def test_nothing_jumps_between_states_and_all_fits(viewer):
    def layout() -> list[dict | None]:
        return [viewer.at(part).bounding_box() for part in (".stage", ".actions", ".shelf")]

    empty = layout()
    viewer.watch_new_run("jump")
    viewer.store.tell("jump", "started", request={}, notes=["A note."])
    viewer.store.tell("jump", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    viewer.page.evaluate("scrollTo(0, 0)")
    assert layout() == empty
    viewer.store.finish("jump", ["red"], notes=["A note.", "Another."])
    viewer.expect_phase("finished")
    viewer.button("Compare").click()
    viewer.page.evaluate("scrollTo(0, 0)")
    assert layout() == empty
    viewer.watch_new_run("jump2")
    viewer.store.tell("jump2", "failed", error="It failed.")
    viewer.expect_phase("failed")
    viewer.page.evaluate("scrollTo(0, 0)")
    assert layout() == empty
    stage, _, shelf = empty
    assert stage and shelf and shelf["y"] + shelf["height"] - stage["y"] <= 560


def test_phone_width(server, open_page):
    server.store.clear()
    for index in range(20):
        server.store.save(f"2026-11-23/{index}.png", "red", seed=index)
    viewer = ViewerPage(open_page(server.url, viewport={"width": 390, "height": 844}), server)
    viewer.make_picture("phone", "lime", request={"prompt": "wordsthatdonotbreak" * 20}, notes=["longnote" * 30])
    viewer.expect_picture("lime")
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in (".stage", ".frame", ".actions", ".shelf", ".notes", ".status"):
        box = viewer.at(part).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390, part
    frame = viewer.at(".frame").bounding_box()
    assert frame and frame["width"] >= 240 and abs(frame["width"] - frame["height"]) < 1
