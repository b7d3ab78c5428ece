"""The whole program in a real browser, with the built-in model: draw, generate, stop, reload, restore."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from core.picture import open_picture
from pipeline.engine import Engine
from pipeline.metadata import read_png
from tests.browser.studio_page import HILLS, HOUSE, LONG, StudioPage
from tests.serving import serving


@pytest.fixture
def studio(open_page, served) -> StudioPage:
    return StudioPage(open_page(served.url))


def saved_file(served, studio: StudioPage) -> bytes:
    """The bytes on disk of the picture on screen."""
    result = served.engine.find(studio.run_id).result
    return served.engine.outputs.read(result.files[0])


def test_draw_a_house_and_see_a_picture(studio: StudioPage, served) -> None:
    studio.draw(HILLS + HOUSE)
    studio.wait_for_map()
    studio.prompt.fill("a red house in a meadow under hills on a sunny day")
    studio.slow_down()
    studio.set_number("steps", 40)
    run_id = studio.generate()
    expect(studio.viewer).to_have_attribute("data-preview", re.compile(r"\d+"), timeout=LONG)
    assert served.engine.find(run_id).state == "running"  # the preview was there before the end
    studio.expect_phase("finished")
    expect(studio.page.locator("#viewer .facts")).to_contain_text("40 steps")

    data = saved_file(served, studio)
    settings = read_png(data)
    assert settings.request.prompt.startswith("a red house") and settings.request.steps == 40
    assert open_picture(data).size == (256, 256)
    assert (settings.request.controls[0].source.pixels == 0).any()
    expect(studio.page.locator("#viewer .strip button").first).to_be_visible()


def test_strength_makes_another_picture(studio: StudioPage) -> None:
    studio.draw(HOUSE)
    studio.prompt.fill("a red house")
    studio.keep_seed(4711)
    full = studio.make()
    assert studio.make() == full
    slider = studio.page.get_by_label("range slider for Strength")
    slider.focus()
    for _ in range(40):
        studio.page.keyboard.press("ArrowLeft")
    expect(studio.page.locator("#strength input[type=number]")).to_have_value("0.6")
    assert studio.make() != full


def test_what_the_map_shows_is_what_the_model_was_given(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    studio.wait_for_map()
    studio.make()
    used = served.engine.find(studio.run_id).result.maps[0]
    assert set(np.unique(used.pixels)) == {0, 255}
    encoded = base64.b64encode(used.to_png()).decode()
    expect(studio.page.locator("#map img")).to_have_attribute("src", f"data:image/png;base64,{encoded}")


def test_stop(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    first = studio.make()
    studio.slow_down()
    run_id = studio.generate()
    expect(studio.viewer).to_have_attribute("data-step", re.compile(r"[1-9]"), timeout=LONG)
    studio.button("Stop").click()
    studio.expect_phase("cancelled")
    assert served.engine.find(run_id).wait(60) == "cancelled"
    assert studio.pixels() == first  # the picture before is back


def test_keys(studio: StudioPage) -> None:
    studio.draw(HOUSE)
    studio.slow_down()
    studio.prompt.fill("a red house")
    studio.prompt.press("Control+Enter")
    studio.wait_for_new_run("")
    expect(studio.viewer).to_have_attribute("data-phase", re.compile("queued|running"))
    studio.page.keyboard.press("Escape")
    studio.expect_phase("cancelled")
    before = studio.wait_for_map()
    studio.page.locator("#title").click()
    studio.page.keyboard.press("Control+z")
    expect(studio.page.locator("#map img")).not_to_have_attribute("src", before)
    expect(studio.prompt).to_have_value("a red house")


def test_reload_in_mid_run_finds_the_result(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    studio.prompt.fill("a blue house")
    studio.slow_down()
    run_id = studio.generate()
    expect(studio.viewer).to_have_attribute("data-step", re.compile(r"[1-9]"), timeout=LONG)
    studio.page.reload()
    studio.wait_ready()
    assert not served.engine.find(run_id).is_over
    expect(studio.viewer).to_have_attribute("data-run", run_id)
    expect(studio.prompt).to_have_value("a blue house")  # the settings are back as well
    studio.wait_for_map()  # and the drawing
    studio.expect_phase("finished")
    assert studio.run_id == run_id
    assert served.engine.find(run_id).result.files[0] is not None


@pytest.mark.parametrize("place", ["#settings", "#canvas .gc"])
def test_a_saved_picture_dropped_on_the_page_is_made_again_bit_for_bit(open_page, served, place: str) -> None:
    first = StudioPage(open_page(served.url))
    first.draw(HILLS + HOUSE)
    first.prompt.fill("a white house at sunset")
    first.open_part("guide-more")
    first.set_number("window-end", 0.9)
    pixels = first.make()
    data = saved_file(served, first)
    source = read_png(data).request.controls[0].source

    second = StudioPage(open_page(served.url))  # another profile: nothing is remembered there
    second.drop_file(place, "from a friend.png", "image/png", data)
    expect(second.prompt).to_have_value("a white house at sunset")
    second.wait_for_map()
    assert second.make() == pixels
    again = read_png(saved_file(served, second)).request
    assert again == read_png(data).request
    assert again.controls[0].source == source


def test_settings_come_back_from_the_strip(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    studio.prompt.fill("a yellow house")
    pixels = studio.make()
    studio.prompt.fill("something else")
    studio.page.locator("#canvas").get_by_role("button", name=re.compile("clear", re.I)).click()
    studio.page.locator("#viewer .strip button").first.click()
    studio.button("Use settings again").click()
    expect(studio.prompt).to_have_value("a yellow house")
    studio.wait_for_map()
    assert studio.make() == pixels


def test_keep_seed_and_dice(studio: StudioPage) -> None:
    studio.draw(HOUSE)
    first = studio.make()
    assert studio.make() != first  # a new seed each time
    second = studio.pixels()
    studio.page.locator("#viewer").get_by_role("button", name="Keep this seed").click()
    expect(studio.page.get_by_role("checkbox", name="Keep this seed")).to_be_checked()
    assert studio.make() == second
    seed = studio.page.locator("#seed input, #seed textarea")
    kept = seed.input_value()
    studio.page.get_by_role("button", name="New random seed").click()
    expect(seed).not_to_have_value(kept)
    assert studio.make() != second


def test_an_example_in_one_click(studio: StudioPage) -> None:
    for name in ("House", "Sail boat", "Mountains"):
        before = studio.prompt.input_value()
        studio.button(name).click()
        expect(studio.prompt).not_to_have_value(before)
        studio.wait_for_map()
    studio.make()
    expect(studio.notes).not_to_contain_text("does not know")


def test_several_pictures(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    studio.set_number("count", 3)
    studio.make()
    expect(studio.page.locator("#viewer .set button")).to_have_count(3)
    assert len(served.engine.find(studio.run_id).result.files) == 3


def test_a_photo_as_guide(studio: StudioPage, served, tmp_path) -> None:
    pixels = np.full((240, 320, 3), 200, np.uint8)
    pixels[60:180, 80:240] = (40, 60, 90)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    path = tmp_path / "photo.jpg"
    path.write_bytes(buffer.getvalue())
    studio.page.locator("#canvas").get_by_role("tab", name="Photo").click()
    studio.page.locator("#canvas input[type=file]").set_input_files(path)
    studio.wait_for_map()
    studio.open_part("guide-more")
    kind = studio.page.locator("#annotator input")
    expect(kind).to_have_value("Canny edges")  # a photo is read by its edges, without being asked
    kind.click()
    studio.page.get_by_role("option", name="Invert").click()
    expect(studio.page.locator("#canny-low")).not_to_be_visible()
    before = studio.wait_for_map()
    kind.click()
    studio.page.get_by_role("option", name="Canny edges").click()
    expect(studio.page.locator("#map img")).not_to_have_attribute("src", before)
    expect(studio.page.locator("#canny-low")).to_be_visible()
    expect(studio.page.locator("#scribble-threshold")).not_to_be_visible()
    studio.make()
    request = served.engine.find(studio.run_id).request
    assert request.controls[0].annotator.kind == "canny"
    expect(studio.notes).to_contain_text("cropped from its middle")


def test_another_png_dropped_on_the_canvas_is_a_photo(studio: StudioPage) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 120, 40)).save(buffer, "PNG")
    studio.drop_file("#canvas .gc", "other.png", "image/png", buffer.getvalue())
    studio.wait_for_map()
    expect(studio.page.locator("#canvas").get_by_role("tab", name="Photo")).to_have_attribute("aria-selected", "true")
    expect(studio.banner).to_be_hidden()


def test_nothing_asked(studio: StudioPage) -> None:
    studio.button("Generate").click()
    expect(studio.banner).to_contain_text("Draw something")
    assert studio.run_id == ""


def test_empty_canvas_follows_the_words_and_says_so(studio: StudioPage, served) -> None:
    studio.prompt.fill("a red house")
    studio.make()
    expect(studio.notes).to_contain_text("Nothing is drawn")
    assert served.engine.find(studio.run_id).request.controls == ()


def test_unknown_words_sizes_and_seeds(studio: StudioPage, served) -> None:
    studio.prompt.fill("a dragon near a house")
    studio.set_number("width", 250)
    studio.make()
    expect(studio.notes).to_contain_text("does not know 'dragon'")
    expect(studio.notes).to_contain_text("250 x 256 was rounded to 256 x 256")
    studio.page.locator("#seed input, #seed textarea").fill("a lucky one")
    studio.page.get_by_role("checkbox", name="Keep this seed").check()
    studio.button("Generate").click()
    expect(studio.banner).to_contain_text("Seed needs a whole number")
    expect(studio.prompt).to_have_value("a dragon near a house")  # nothing is lost


def test_a_file_that_is_no_picture_of_ours(studio: StudioPage) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    studio.drop_file("#viewer", "other.png", "image/png", buffer.getvalue())
    expect(studio.banner).to_contain_text("carries no settings")


def test_size_changes_the_shape_of_the_paper(studio: StudioPage, served) -> None:
    studio.draw(HOUSE)
    studio.set_number("height", 384)
    expect(studio.page.locator("#map img")).to_have_js_property("naturalHeight", 384)
    studio.make()
    assert served.engine.find(studio.run_id).result.pictures[0].size == (256, 384)


CANARY = '<img src=x onerror="window.__x=1"><script>window.__x=1</script> \'" onload=window.__x=1'


def test_words_are_never_markup(studio: StudioPage) -> None:
    studio.prompt.fill(CANARY)
    studio.draw(HOUSE)
    studio.make()
    studio.page.locator("#viewer .strip button").first.click()
    studio.button("Use settings again").click()
    expect(studio.banner).to_be_visible()
    expect(studio.prompt).to_have_value(CANARY)
    studio.page.reload()
    studio.wait_ready()
    assert studio.page.evaluate("window.__x") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_wide_window_works(open_page, served, scheme: str) -> None:
    phone = StudioPage(open_page(served.url, viewport={"width": 390, "height": 844}, color_scheme=scheme))
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [phone.page.locator(f"#{name}").bounding_box() for name in ("words", "picture", "guides", "settings")]
    tops = [box["y"] for box in boxes if box]
    assert len(tops) == 4 and tops == sorted(tops)
    phone.page.locator("#canvas canvas").first.scroll_into_view_if_needed()
    phone.draw(HOUSE)
    phone.wait_for_map()
    phone.button("Generate").click()
    phone.expect_phase("finished")


def test_everything_fits_without_scrolling(studio: StudioPage) -> None:
    """At 1280 x 720 the strength slider and the picture are visible together, and nothing lies below the fold."""
    studio.draw(HOUSE)
    studio.make()
    assert studio.page.evaluate("document.documentElement.scrollHeight") <= 720
    for selector in ("#strength", "#viewer .picture", "#map img", "#generate"):
        box = studio.page.locator(selector).bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 720


def test_every_field_has_a_name(studio: StudioPage) -> None:
    studio.open_part("guide-more")
    studio.open_part("sampling")
    expect(studio.page.locator("#guidance input[type=range]")).to_be_visible()
    unnamed = studio.page.evaluate(
        """() => [...document.querySelectorAll('input:not([type=hidden]):not([hidden]), textarea, select, button')]
          .filter((field) => field.offsetParent && !field.labels?.length && !field.textContent.trim()
            && !field.getAttribute('aria-label') && !field.getAttribute('aria-labelledby') && !field.title)
          .map((field) => field.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []


def test_generate_waits_with_a_word_while_the_models_load(open_page, data_folder) -> None:
    """The page is there before torch; drawing works meanwhile, and Generate waits."""
    engine = Engine(data_folder, "cpu")
    with serving(engine) as server:
        studio = StudioPage(open_page(server.url))
        expect(studio.page.locator("#status")).to_contain_text("loading")
        studio.draw(HOUSE)
        studio.wait_for_map()
        studio.generate()
        studio.expect_phase("queued")
        expect(studio.page.locator("#viewer .word")).to_contain_text("models are loading")
        engine.start()
        studio.expect_phase("finished")
        expect(studio.page.locator("#status")).to_contain_text("ready")
        engine.stop()
