"""The viewer watching runs: previews, results, errors, stops, reloads, lost connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.viewer_app import ViewerServer, jpeg_url
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


@pytest.fixture
def calm(server, browser) -> Iterator[ViewerPage]:
    """A page whose console may carry the browser's own lines about answers that are missing; scripts must not fail."""
    server.store.clear()
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(server.url)
    yield ViewerPage(page, server)
    context.close()
    assert not faults


def test_picture_grows_before_the_result_is_there(viewer):
    viewer.watch_new_run("grow")
    viewer.store.tell("grow", "queued", waiting_for="the models are loading")
    expect(viewer.at(".status")).to_contain_text("Waiting: the models are loading")
    assert viewer.is_running() and viewer.running_mark() == "1"

    viewer.store.tell("grow", "started", request={}, notes=["Lines were turned round."])
    viewer.store.tell("grow", "step", step=3, steps=8)
    viewer.store.tell("grow", "preview", step=3, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    viewer.expect_phase("running", "grow")
    expect(viewer.at(".status")).to_contain_text("Step 3 of 8")
    assert viewer.at(".progress").get_attribute("value") == "0.375"
    expect(viewer.at(".notes li")).to_have_text(["Lines were turned round."])
    expect(viewer.button("Keep this seed")).to_be_disabled()

    viewer.store.finish("grow", ["red"], notes=["One thing.", "Another."])
    viewer.expect_phase("finished", "grow")
    viewer.expect_picture("red")
    expect(viewer.at(".notes li")).to_have_text(["One thing.", "Another."])
    expect(viewer.at(".facts")).to_have_text(
        "Seed 4711 · 64 × 64 · 8 steps · 1.2 s · CPU fp32 · saved as 140205-4711-grow-0.png"
    )
    expect(viewer.viewer.get_by_role("img", name="Picture of a red house, seed 4711")).to_be_visible()
    assert not viewer.is_running() and viewer.running_mark() is None


def test_place_of_the_picture_is_never_blank(viewer):
    viewer.make_picture("first")
    viewer.page.evaluate("""() => {
      window.blanks = [];
      const frame = document.querySelector('#viewer .frame');
      new MutationObserver(() => {
        const image = frame.querySelector('.picture');
        if (!image || !image.complete || !image.naturalWidth || frame.hidden) window.blanks.push(image && image.src);
      }).observe(frame, { childList: true, attributes: true });
    }""")
    viewer.watch_new_run("second")
    for step, color in enumerate(["blue", "lime", "white", "blue"], 1):
        viewer.store.tell("second", "preview", step=step, picture=jpeg_url(color, (256, 256)))
        viewer.expect_picture(color)
    viewer.store.finish("second", ["lime"])
    viewer.expect_phase("finished", "second")
    viewer.expect_picture("lime")
    assert viewer.page.evaluate("window.blanks") == []


def test_screen_readers_hear_the_beginning_and_the_end_but_not_each_step(viewer):
    viewer.page.evaluate("""() => {
      window.said = [];
      const live = document.querySelector('#viewer [aria-live=polite]');
      new MutationObserver(() => window.said.push(live.textContent)).observe(live, { childList: true });
    }""")
    viewer.watch_new_run("said")
    viewer.store.tell("said", "started", request={}, notes=[])
    for step in range(1, 9):
        viewer.store.tell("said", "step", step=step, steps=8)
    viewer.expect_step(8)
    viewer.store.finish("said", ["red"])
    viewer.expect_phase("finished")
    expect(viewer.at(".announce")).to_have_text("Done. Picture of a red house, seed 4711.")
    assert viewer.page.evaluate("window.said") == [
        "Making the picture.",
        "Done. Picture of a red house, seed 4711.",
    ]


def test_failure_is_a_sentence_and_the_picture_stays(viewer):
    viewer.make_picture("good")
    viewer.watch_new_run("bad")
    viewer.store.tell("bad", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    viewer.store.tell("bad", "failed", error="The device ran out of memory. Choose a smaller size.")
    viewer.expect_phase("failed", "bad")
    alert = viewer.viewer.get_by_role("alert")
    expect(alert).to_contain_text("The device ran out of memory. Choose a smaller size.")
    viewer.expect_picture("red")
    expect(viewer.button("Keep this seed")).to_be_enabled()
    assert viewer.running_mark() is None

    viewer.button("Dismiss this message").click()
    expect(viewer.at(".banner")).to_be_hidden()


def test_a_new_run_takes_the_old_error_away(viewer):
    viewer.watch_new_run("wrong")
    viewer.store.tell("wrong", "failed", error="No.")
    expect(viewer.at(".banner")).to_be_visible()
    viewer.make_picture("right")
    viewer.watch_new_run("next")
    viewer.store.tell("next", "started", request={}, notes=[])
    expect(viewer.at(".banner")).to_be_hidden()


def test_stop_cancels_on_the_server_and_the_picture_before_comes_back(viewer):
    viewer.make_picture("kept")
    viewer.watch_new_run("long")
    viewer.store.tell("long", "started", request={}, notes=[])
    viewer.store.tell("long", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    assert viewer.page.evaluate("window.controlnetStudio.stop()") is True
    viewer.expect_phase("cancelled", "long")
    assert viewer.store.runs["long"].deleted
    expect(viewer.at(".status")).to_contain_text("Stopped")
    viewer.expect_picture("red")
    assert viewer.page.evaluate("window.controlnetStudio.stop()") is False


def test_reload_in_mid_run_finds_the_result(viewer):
    viewer.watch_new_run("reload")
    viewer.store.tell("reload", "started", request={}, notes=[])
    viewer.store.tell("reload", "step", step=2, steps=8)
    viewer.expect_step(2)
    viewer.page.reload()
    viewer.wait_ready()
    viewer.expect_phase("running", "reload")
    viewer.expect_step(2)
    viewer.store.finish("reload", ["lime"])
    viewer.expect_phase("finished", "reload")
    viewer.expect_picture("lime")


def test_run_that_ended_during_the_reload_is_shown(viewer):
    viewer.watch_new_run("gone")
    viewer.store.tell("gone", "started", request={}, notes=[])
    viewer.expect_phase("running", "gone")
    viewer.page.goto("about:blank")
    viewer.store.finish("gone", ["lime"])
    viewer.page.goto(viewer.server.url)
    viewer.expect_phase("finished", "gone")
    viewer.expect_picture("lime")


def test_newest_run_wins(viewer):
    viewer.watch_new_run("older")
    viewer.store.tell("older", "started", request={}, notes=[])
    viewer.store.tell("older", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    viewer.watch_new_run("newer")
    viewer.expect_picture("blue")  # not blank while the newer one has nothing to show
    viewer.wait_until(lambda: viewer.store.runs["older"].streams == 0, "the older stream is closed")
    viewer.store.finish("older", ["red"])
    viewer.store.finish("newer", ["lime"])
    viewer.expect_phase("finished", "newer")
    viewer.expect_picture("lime")
    expect(viewer.at(".facts")).to_contain_text("140205-4711-newer-0.png")


def test_dropped_connection_goes_on_where_it_stopped(viewer):
    viewer.watch_new_run("drop")
    viewer.store.tell("drop", "started", request={}, notes=[])
    viewer.store.tell("drop", "step", step=1, steps=8)
    viewer.expect_step(1)
    viewer.store.hang_up += 1
    viewer.store.tell("drop", "step", step=2, steps=8)
    viewer.expect_step(2)
    viewer.store.finish("drop", ["lime"])
    viewer.expect_phase("finished", "drop")
    assert viewer.store.runs["drop"].connections == [None, "1"]
    expect(viewer.at(".banner")).to_be_hidden()


def test_unknown_run_ends_quietly(calm):
    calm.give(run="never-was")
    calm.at("[data-run='never-was'][data-phase='idle']").wait_for()
    expect(calm.at(".banner")).to_be_hidden()
    expect(calm.at(".empty")).to_be_visible()
    assert calm.page.evaluate("sessionStorage.getItem('controlnet-studio.run')") is None
    assert calm.running_mark() is None


def test_lost_server_is_said_and_found_again(browser):
    server = ViewerServer().start()
    context = browser.new_context()
    try:
        viewer = ViewerPage(_open(context, server.url), server)
        viewer.watch_new_run("lost")
        viewer.store.tell("lost", "step", step=1, steps=8)
        viewer.expect_step(1)
        server.stop()
        lost = "The connection to the program was lost; it may have been closed."
        expect(viewer.viewer.get_by_role("alert")).to_contain_text(lost)
        server.start()
        expect(viewer.at(".banner")).to_be_hidden()
        viewer.store.finish("lost", ["lime"])
        viewer.expect_phase("finished", "lost")
        viewer.expect_picture("lime")
    finally:
        context.close()
        server.stop()


def _open(context, url):
    page = context.new_page()
    page.goto(url)
    return page


def test_picture_chosen_during_a_run_stays_until_the_result(viewer):
    viewer.make_picture("earlier")
    viewer.watch_new_run("later")
    viewer.store.tell("later", "preview", step=1, picture=jpeg_url("blue"))
    viewer.expect_picture("blue")
    viewer.button("Picture of a red house, seed 4711").click()
    viewer.expect_picture("red")
    viewer.store.tell("later", "preview", step=2, picture=jpeg_url("blue"))
    viewer.store.tell("later", "step", step=2, steps=8)
    viewer.expect_step(2)
    viewer.expect_picture("red")
    viewer.store.finish("later", ["lime"])
    viewer.expect_phase("finished", "later")
    viewer.expect_picture("lime")


def test_nothing_from_outside_becomes_markup(viewer):
    canary = "<img src=x onerror=window.__x=1><script>window.__x=1</script>"
    viewer.store.save("2026-11-23/x.png", "white", prompt=canary)
    viewer.watch_new_run("xss")
    viewer.store.tell("xss", "queued", waiting_for=canary)
    expect(viewer.at(".status")).to_contain_text(canary)
    viewer.store.tell("xss", "preview", step=1, picture=f"javascript:window.__x=1//{canary}")
    viewer.store.finish(
        "xss", ["red"], request={"prompt": canary}, notes=[canary], device=canary, files=[f"2026-11-23/{canary}.png"]
    )
    viewer.expect_phase("finished", "xss")
    expect(viewer.at(".notes")).to_contain_text(canary)
    expect(viewer.at(".facts")).to_contain_text(canary)
    viewer.watch_new_run("xss2")
    viewer.store.tell("xss2", "failed", error=canary)
    expect(viewer.viewer.get_by_role("alert")).to_contain_text(canary)
    viewer.give(sentence=canary, tone="note")
    expect(viewer.at(".banner[data-tone='note']")).to_contain_text(canary)
    assert viewer.page.evaluate("window.__x === undefined")
    assert viewer.at("script, img[src='x']").count() == 0
