"""Whatever a handler raises and whatever is sent to it: the person reads one sentence, and the next run works."""

from __future__ import annotations

import asyncio
import json
import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from core.errors import BadRequest, Cancelled
from pipeline.engine import Engine
from tests.conftest import draw_house
from tests.ui.gradio_api import WAIT, PageApi, drawing
from ui.messages import guarded
from ui.page import build_page

ERRORS = [
    SystemExit(3),
    KeyboardInterrupt(),
    MemoryError(),
    RecursionError("too deep"),
    asyncio.CancelledError(),
    GeneratorExit(),
    ValueError("what only a log should hold"),
]
SMALL = {"width": 64, "height": 64, "steps": 1}
SAVED = "2026-11-23/140205-1-abcdef-0.png"
HANDLERS = [  # component, event, what its handler asks of the engine, what the page sends
    ("generate", "click", lambda engine: (engine, "submit"), {"prompt": "a red house", **SMALL}),
    ("canvas", "input", lambda engine: (engine.maps, "get"), {"canvas": drawing(draw_house(64)), "width": 64}),
    ("viewer", "select", lambda engine: (engine.outputs, "read"), {"viewer": {"action": "restore", "name": SAVED}}),
    ("", "load", lambda engine: (engine, "find"), {}),
]
VALUES = {
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "huge": 1e308,
    "larger than any float": 10**400,
    "negative": -1,
    "zero": 0,
    "fraction": 2.5,
    "word": "x",
    "empty word": "",
    "nothing": None,
    "list": [],
    "object": {"a": [1, {"b": None}]},
    "true": True,
    "path": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
}
NUMBERS = {
    "width", "height", "steps", "guidance", "count", "strength", "window-start", "window-end", "scribble-threshold",
    "canny-low", "canny-high",
}  # fmt: skip


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def is_sentence(text: Any) -> bool:
    """Words for a person: no trace, no object's address, no file of ours."""
    return isinstance(text, str) and bool(text.strip()) and not any(
        sign in text for sign in ("Traceback", 'File "', " at 0x", ".py", "\n")
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(served) -> Iterator[PageApi]:
    api = PageApi(served.url)
    yield api
    api.http.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    from core.files import DataFolder

    return build_page(Engine(DataFolder(tmp_path_factory.mktemp("never_started")), "cpu"))


def cancel_all(engine: Engine) -> None:
    for run_id in list(engine._runs):
        engine.cancel(run_id)


def assert_a_run_works(page: PageApi, engine: Engine) -> None:
    handler = page.handler("generate", "click")
    answer = page.call(handler, page.values(handler, prompt="a red house", **SMALL))
    assert answer.status_code == 200, answer.text
    assert engine.find(answer.json()["data"][0]["run"]).wait(WAIT) == "finished"
    assert page.health()["state"] == "ready"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_handler_raises_becomes_one_sentence(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(gr.Error) as caught:
        guarded(raising(error))()
    sentence = caught.value.message
    assert is_sentence(sentence)
    assert type(error).__name__ in sentence
    assert "what only a log should hold" not in sentence
    (record,) = caplog.records
    assert record.exc_info and record.exc_info[1] is error  # in full in the log, under the id that the person reads
    assert str(record.args[0] if isinstance(record.args, tuple) else "") in sentence


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_registered_handler_has_that_guard(built: gr.Blocks, error: BaseException) -> None:
    handlers = [each.fn for each in built.fns.values() if each.fn is not None]
    assert len(handlers) >= 10
    for handler in handlers:
        assert isinstance(handler, types.FunctionType)
        assert handler.__code__.co_freevars == ("handler",)
        inside = types.CellType(raising(error))  # the guard as registered, around a function that fails
        with pytest.raises(gr.Error) as caught:
            types.FunctionType(handler.__code__, handler.__globals__, closure=(inside,))()
        assert type(error).__name__ in caught.value.message


def test_sentences_for_the_person_are_shown_as_written() -> None:
    for error in (BadRequest("Choose another size."), gr.Error("Choose another size.")):
        with pytest.raises(gr.Error) as caught:
            guarded(raising(error))()
        assert caught.value.message == "Choose another size."


def test_what_the_person_stopped_is_silent() -> None:
    assert guarded(raising(Cancelled()))() == gr.skip()


def test_a_handler_that_works_is_left_alone() -> None:
    assert guarded(lambda *values: list(values))(1, None) == [1, None]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_server_outlives_whatever_a_handler_raises(
    page: PageApi, served, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    for component, event, asked, sent in HANDLERS:
        handler = page.handler(component, event, sent)
        with monkeypatch.context() as patch:
            owner, method = asked(served.engine)
            patch.setattr(owner, method, raising(error))
            answer = page.call(handler, page.values(handler, **sent))
            assert answer.status_code == 500, f"{component} {event}: {answer.text}"
            sentence = answer.json()["error"]
            assert is_sentence(sentence) and type(error).__name__ in sentence
        assert page.health()["app"] == "controlnet-studio"
    assert_a_run_works(page, served.engine)


@pytest.mark.parametrize("asked", HANDLERS, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_the_same_calls_work_when_nothing_is_raised(page: PageApi, served, asked: tuple) -> None:
    component, event, _, sent = asked
    handler = page.handler(component, event, sent)
    answer = page.call(handler, page.values(handler, **sent))
    cancel_all(served.engine)
    assert answer.status_code == 200, answer.text


def is_number(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and not math.isnan(value))


def assert_answered(answer: httpx.Response, *, may_be_wordless: bool, what: str) -> None:
    """A value, or a refusal in one sentence.

    Gradio's numbers and sliders refuse what is no number, and the sealed page refuses paths, before any handler is
    called; and then they say nothing at all.
    """
    assert answer.status_code in (200, 500), f"{what}: {answer.status_code} {answer.text}"
    body = answer.json()
    if answer.status_code == 500:
        assert is_sentence(body["error"]) or (may_be_wordless and body["error"] is None), f"{what}: {answer.text}"
    else:
        message = (body["data"][0] or {}).get("message")
        assert message is None or (is_sentence(message) and "inside the program" not in message), f"{what}: {message}"


@pytest.mark.parametrize(("component", "event"), [("generate", "click"), ("canvas", "input")])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_any_value_in_any_field_is_answered_in_words(page: PageApi, served, component, event, value: Any) -> None:
    good = {"canvas": drawing(draw_house(64)), "width": 64, "height": 64}
    handler = page.handler(component, event, good)
    if component == "generate":
        good |= {"prompt": "a red house", "steps": 1, "keep_seed": True}
    names = page.inputs(handler)
    assert len(names) == len(set(names)) and all(names) and {"canvas", "width", "annotator"} <= set(names)
    for name in names:
        answer = page.call(handler, page.values(handler, **{**good, name.replace("-", "_"): value}))
        cancel_all(served.engine)
        wordless = value is VALUES["path"] or (name in NUMBERS and not is_number(value))
        assert_answered(answer, may_be_wordless=wordless, what=name)
    assert page.health()["app"] == "controlnet-studio"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("canvas", {"mode": "draw", "image": "data:image/png;base64,AAAA", "rev": 1}),
        ("canvas", {"mode": "draw", "image": "/etc/passwd"}),
        ("canvas", {"mode": "sing", "image": None}),
        ("canvas", {"image": None}),
        ("canvas", {"mode": "draw", "image": None, "more": 1}),
        ("canvas", {"mode": "draw", "image": math.nan}),
        ("prompt", "x" * 10_001),
        ("prompt", "\ud800 half a character"),
        ("negative", "x" * 10_001),
        ("seed", "4294967296"),
        ("seed", "-1"),
        ("seed", "1e9"),
        ("seed", "9" * 5_000),
        ("window-start", 1.0),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_refused_says_so(page: PageApi, served, field: str, value: Any) -> None:
    handler = page.handler("generate", "click")
    good = {"prompt": "a red house", "keep_seed": True, "canvas": drawing(draw_house(64)), "window_end": 0.5, **SMALL}
    answer = page.call(handler, page.values(handler, **{**good, field.replace("-", "_"): value}))
    sentence = answer.json()["data"][0].get("message") if answer.status_code == 200 else answer.json()["error"]
    assert is_sentence(sentence) and "inside the program" not in sentence
    assert len(sentence) < 400
    assert not any(run.state in ("queued", "running") for run in served.engine._runs.values())


def test_half_a_character_in_a_choice_ends_one_request_alone(page: PageApi, served) -> None:
    """Gradio cannot write its own refusal of it; the answer is bare, but it is one, and holds no trace."""
    handler = page.handler("generate", "click")
    for field in ("base", "sampler", "control", "annotator", "lead"):
        answer = page.call(handler, page.values(handler, prompt="a", **{field: "\ud800"}))
        assert answer.status_code == 500
        assert answer.text == "Internal Server Error" or is_sentence(answer.json()["error"])
    assert_a_run_works(page, served.engine)


def requests_of_no_form(handler: dict[str, Any], values: list[Any]) -> Iterator[dict[str, Any]]:
    good = {"fn_index": handler["id"], "session_hash": "abc", "data": values}
    for data in (None, [], values[:-1], [*values, 1], {}, "x", 3, [None] * len(values), [[]] * len(values)):
        yield {**good, "data": data}
    for number in (None, -1, 10**9, 10**30, "x", 1.5, math.nan, [], {}, True):
        yield {**good, "fn_index": number}
    for name in ("session_hash", "event_data", "trigger_id", "event_id", "batched", "simple_format", "api_name"):
        for value in (math.inf, [], {"a": 1}, "x" * 1_000, -1):
            yield {**good, name: value}


def test_requests_of_no_form_are_answered_without_a_trace(page: PageApi, served) -> None:
    handler = page.handler("generate", "click")
    count = 0
    for body in requests_of_no_form(handler, page.values(handler, prompt="a red house", **SMALL)):
        answer = page.http.post(
            "/gradio_api/run/predict", content=json.dumps(body).encode(), headers={"content-type": "application/json"}
        )
        cancel_all(served.engine)
        what = {name: value for name, value in body.items() if name != "data"}
        assert answer.status_code < 600, what
        assert not any(sign in answer.text for sign in ("Traceback", 'File "', "site-packages", " at 0x")), what
        count += 1
    assert count > 50
    assert_a_run_works(page, served.engine)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"3", b"\xff\xfe", b'"x"', b"[" * 100_000])
def test_bodies_that_are_no_request_are_answered_without_a_trace(page: PageApi, body: bytes) -> None:
    answer = page.http.post("/gradio_api/run/predict", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 600
    assert not any(sign in answer.text for sign in ("Traceback", 'File "', "site-packages", " at 0x"))
    assert page.health()["app"] == "controlnet-studio"
