"""The engine with the built-in model: order of events, cancelling, saving before showing, and what can go wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from annotators import Scribble
from core.errors import BadRequest, Busy, NotFound
from core.files import MODELS, DataFolder
from core.picture import Picture, open_picture
from pipeline.engine import MAX_WAITING, Engine
from pipeline.events import Finished, Preview, Queued, Started, Step, Stopped
from pipeline.library import Library
from pipeline.metadata import read_png
from pipeline.request import ControlInput, GenerationRequest

WAIT = 180  # seconds; a busy machine is no reason to fail


def ask(**fields) -> GenerationRequest:
    return GenerationRequest(**{"prompt": "a red house", "seed": 5, "steps": 3, "width": 128, "height": 128, **fields})


def guide(source: Picture, **fields) -> ControlInput:
    return ControlInput(source=source, annotator=Scribble(), **fields)


def decoder_calls(engine: Engine, counter: list[int]):
    """Count decodes by the loaded autoencoder; returns the hook's handle."""
    vae = loaded_base(engine).vae
    return vae.decoder.register_forward_hook(lambda *_: counter.append(1))


def engine_models(engine: Engine):
    assert engine._runner is not None
    return engine._runner._models


def loaded_base(engine: Engine) -> Any:
    """The parts of the base in memory."""
    loaded = engine_models(engine)._base
    assert loaded is not None
    return loaded[1].model


def test_events_come_in_order_and_the_file_is_there_before_the_end(ready_engine, house) -> None:
    run = ready_engine.submit(ask(controls=(guide(house),)))
    kinds = []
    for _, event in run.events(timeout=WAIT):
        kinds.append(type(event))
        if isinstance(event, Finished):
            name = event.result.files[0]
            assert name is not None and (ready_engine.outputs.folder / name).is_file()
    assert kinds[:2] == [Queued, Started]
    assert kinds[-1] is Finished
    assert kinds.count(Step) == 3
    assert Preview in kinds


def test_watchers_may_come_late_and_resume(ready_engine) -> None:
    run = ready_engine.submit(ask())
    assert run.wait(WAIT) == "finished"
    everything = list(run.events())
    middle = everything[len(everything) // 2][0]
    assert list(run.events(after=middle)) == [pair for pair in everything if pair[0] > middle]


def test_same_request_gives_the_same_pixels(ready_engine, house) -> None:
    first, second = (ready_engine.submit(ask(count=2, controls=(guide(house),))) for _ in range(2))
    assert first.wait(WAIT) == second.wait(WAIT) == "finished"
    assert first.result.pictures == second.result.pictures
    assert first.result.pictures[0] != first.result.pictures[1]


def test_strength_changes_the_picture(ready_engine, house) -> None:
    runs = [ready_engine.submit(ask(controls=(guide(house, strength=s),))) for s in (0.0, 1.0)]
    assert all(run.wait(WAIT) == "finished" for run in runs)
    assert runs[0].result.pictures != runs[1].result.pictures
    unguided = ready_engine.submit(ask())
    unguided.wait(WAIT)
    assert unguided.result.pictures == runs[0].result.pictures


@pytest.mark.parametrize("size", [(144, 128), (128, 272), (384, 384)])
def test_other_sizes(ready_engine, house, size: tuple[int, int]) -> None:
    run = ready_engine.submit(ask(width=size[0], height=size[1], steps=2, controls=(guide(house),)))
    assert run.wait(WAIT) == "finished"
    assert run.result.pictures[0].size == size == run.result.maps[0].size


def test_what_a_saved_picture_carries_makes_it_again(ready_engine, house) -> None:
    run = ready_engine.submit(ask(seed=None, count=2, controls=(guide(house, strength=1.2, end=0.8),)))
    assert run.wait(WAIT) == "finished"
    saved = ready_engine.outputs.read(run.result.files[1])
    settings = read_png(saved)
    again = ready_engine.submit(settings.request.as_request())
    assert again.wait(WAIT) == "finished"
    assert again.result.pictures[settings.index] == open_picture(saved)
    assert settings.weights == again.result.weights
    assert set(settings.weights) == {"starter", "starter/scribble"}


def test_cancel_before_it_begins(ready_engine) -> None:
    running, waiting = ready_engine.submit(ask(steps=20)), ready_engine.submit(ask())
    ready_engine.cancel(waiting.id)
    assert waiting.state == "cancelled"
    running.cancel()
    assert running.wait(WAIT) == "cancelled"
    assert not any(isinstance(event, Started) for _, event in waiting.events())


@pytest.mark.parametrize("at_step", [1, 4])
def test_cancel_ends_within_one_step_and_nothing_is_decoded(ready_engine, at_step: int) -> None:
    decodes: list[int] = []
    ready_engine.submit(ask(steps=1)).wait(WAIT)
    handle = decoder_calls(ready_engine, decodes)
    try:
        run = ready_engine.submit(ask(steps=30, preview_every=0))
        for _, event in run.events(timeout=WAIT):
            if isinstance(event, Step) and event.step == at_step:
                run.cancel()
        last = max(event.step for _, event in run.events() if isinstance(event, Step))
    finally:
        handle.remove()
    assert run.state == "cancelled"
    assert isinstance(run.last_event, Stopped)
    assert last <= at_step + 2  # the watcher needs a moment to say stop; far from the 30 steps
    assert decodes == []
    assert ready_engine.submit(ask()).wait(WAIT) == "finished"


def test_previews_grow_towards_the_result(ready_engine, house) -> None:
    run = ready_engine.submit(ask(steps=8, controls=(guide(house),)))
    previews = {event.step: event.picture for _, event in run.events(timeout=WAIT) if isinstance(event, Preview)}
    assert previews
    last = previews[max(previews)].pixels.astype(float)
    final = run.result.pictures[0].pixels.astype(float)
    assert last.shape == final.shape
    assert np.abs(last - final).mean() < np.abs(255 - final - final).mean()
    assert run.result.pictures == ready_engine_result(
        ready_engine, ask(steps=8, preview_every=0, controls=(guide(house),))
    )


def ready_engine_result(engine: Engine, request: GenerationRequest):
    run = engine.submit(request)
    assert run.wait(WAIT) == "finished"
    assert run.result is not None
    return run.result.pictures


def test_notes_say_what_was_changed(ready_engine, house) -> None:
    request = ask(prompt="a red dragon " + "house " * 60, width=130, height=128, controls=(guide(house),))
    run = ready_engine.submit(request)
    assert run.wait(WAIT) == "finished"
    notes = " ".join(run.result.notes)
    assert "130 x 128 was rounded to 128 x 128" in notes
    assert "does not know 'dragon'" in notes and "house" in notes
    assert "The prompt was too long" in notes
    assert "Dark lines on light paper" in notes


def test_empty_prompt_is_allowed(ready_engine, house) -> None:
    run = ready_engine.submit(ask(prompt="", controls=(guide(house),)))
    assert run.wait(WAIT) == "finished"


def test_empty_drawing_is_said(ready_engine) -> None:
    blank = Picture(np.full((128, 128, 3), 255, np.uint8))
    run = ready_engine.submit(ask(controls=(guide(blank),)))
    assert run.wait(WAIT) == "finished"
    assert any("empty" in note for note in run.result.notes)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"base": "sd99"}, "sd99"),
        ({"sampler": "magic"}, "magic"),
        ({"controls": ({"control": "starter/dance"},)}, "starter/dance"),
    ],
)
def test_unknown_names_are_refused_at_the_door(ready_engine, house, fields: dict, word: str) -> None:
    if "controls" in fields:
        fields = {"controls": (ControlInput(source=house, **fields["controls"][0]),)}
    with pytest.raises(BadRequest, match=word):
        ready_engine.submit(ask(**fields))


def test_unknown_run(ready_engine) -> None:
    with pytest.raises(NotFound):
        ready_engine.find("nope")


def test_queue_refuses_a_flood(data_folder) -> None:
    engine = Engine(data_folder, "cpu")  # never started: everything waits
    for _ in range(MAX_WAITING):
        engine.submit(ask())
    with pytest.raises(Busy):
        engine.submit(ask())


def test_nan_in_the_unet_is_a_sentence_and_no_file(ready_engine) -> None:
    ready_engine.submit(ask(steps=1)).wait(WAIT)
    unet = loaded_base(ready_engine).unet
    handle = unet.conv_out.register_forward_hook(lambda _m, _i, output: output * float("nan"))
    before = ready_engine.outputs.recent(1)
    try:
        run = ready_engine.submit(ask())
        assert run.wait(WAIT) == "failed"
    finally:
        handle.remove()
    assert "overflowed at step 1" in (run.error or "")
    assert ready_engine.outputs.recent(1) == before
    assert ready_engine.submit(ask()).wait(WAIT) == "finished"


def test_nan_in_the_decoder_is_tried_again_then_a_sentence(ready_engine) -> None:
    ready_engine.submit(ask(steps=1)).wait(WAIT)
    vae = loaded_base(ready_engine).vae
    calls: list[int] = []

    def spoil(_module, _inputs, output):
        calls.append(1)
        return output * float("nan") if len(calls) == 1 else output

    handle = vae.decoder.register_forward_hook(spoil)
    try:
        mended = ready_engine.submit(ask(preview_every=0))
        assert mended.wait(WAIT) == "finished"
    finally:
        handle.remove()
    assert any("full precision" in note for note in mended.result.notes)
    handle = vae.decoder.register_forward_hook(lambda _m, _i, output: output * float("inf"))
    try:
        broken = ready_engine.submit(ask(preview_every=0))
        assert broken.wait(WAIT) == "failed"
    finally:
        handle.remove()
    assert "while decoding" in broken.error


@pytest.mark.parametrize("call", [1, 2, 3])
def test_out_of_memory_is_a_sentence_and_the_next_run_works(ready_engine, call: int) -> None:
    ready_engine.submit(ask(steps=1)).wait(WAIT)
    unet = loaded_base(ready_engine).unet
    calls: list[int] = []

    def fail(*_):
        calls.append(1)
        if len(calls) == call:
            raise torch.OutOfMemoryError("no room")

    handle = unet.register_forward_pre_hook(fail)
    try:
        run = ready_engine.submit(ask())
        assert run.wait(WAIT) == "failed"
    finally:
        handle.remove()
    assert "not enough memory" in (run.error or "") and "128 x 128" in (run.error or "")
    assert ready_engine.submit(ask()).wait(WAIT) == "finished"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), RecursionError(), MemoryError()])
def test_the_worker_outlives_whatever_a_run_raises(ready_engine, error: BaseException) -> None:
    ready_engine.submit(ask(steps=1)).wait(WAIT)
    unet = loaded_base(ready_engine).unet

    def fail(*_):
        raise error

    handle = unet.register_forward_pre_hook(fail)
    try:
        run = ready_engine.submit(ask())
        assert run.wait(WAIT) == "failed"
    finally:
        handle.remove()
    assert type(error).__name__ in (run.error or "") and "Traceback" not in (run.error or "")
    assert ready_engine.submit(ask()).wait(WAIT) == "finished"


def test_a_full_disk_keeps_the_picture(ready_engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = ready_engine.submit(ask())
    assert run.wait(WAIT) == "finished"
    monkeypatch.undo()
    assert run.result.files == (None,)
    assert run.result.pictures[0].size == (128, 128)
    assert any("The disk is full" in note for note in run.result.notes)
    assert ready_engine.storage_problem and "disk is full" in ready_engine.storage_problem
    assert not list(ready_engine.outputs.folder.rglob("*.tmp"))
    assert ready_engine.submit(ask()).wait(WAIT) == "finished"
    assert ready_engine.storage_problem is None


@pytest.fixture
def models_copy(tmp_path: Path) -> Path:
    shutil.copytree(MODELS, tmp_path / "models")
    return tmp_path / "models"


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "one byte": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x55"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    "name", ["base/unet/diffusion_pytorch_model.safetensors", "base/vae/config.json", "base/tokenizer/tokenizer.json"]
)
def test_a_damaged_model_is_named_and_can_be_mended(
    data_folder: DataFolder, models_copy: Path, damage: str, name: str
) -> None:
    path = models_copy / "starter" / name
    whole = path.read_bytes()
    DAMAGE[damage](path)
    engine = Engine(data_folder, "cpu", Library(models_copy))
    engine.start()
    try:
        run = engine.submit(ask())
        assert run.wait(WAIT) == "failed"
        assert name.rsplit("/", 1)[-1] in (run.error or "") and "Get it back" in (run.error or "")
        assert engine.readiness == "broken"
        path.write_bytes(whole)
        assert engine.submit(ask(steps=1)).wait(WAIT) == "finished"
        assert engine.readiness == "ready"
    finally:
        engine.stop()


def test_a_damaged_control_leaves_the_base_usable(data_folder: DataFolder, models_copy: Path, house) -> None:
    DAMAGE["cut"](models_copy / "starter/controls/scribble/diffusion_pytorch_model.safetensors")
    engine = Engine(data_folder, "cpu", Library(models_copy))
    engine.start()
    try:
        run = engine.submit(ask(controls=(guide(house),)))
        assert run.wait(WAIT) == "failed" and "damaged" in (run.error or "")
        assert engine.submit(ask(steps=1)).wait(WAIT) == "finished"
    finally:
        engine.stop()


def test_runs_that_are_over_are_forgotten_but_never_one_that_is_not_on_disk(data_folder, monkeypatch) -> None:
    monkeypatch.setattr("pipeline.engine.MAX_REMEMBERED", 3)
    engine = Engine(data_folder, "cpu")
    runs = []
    for _ in range(8):
        runs.append(engine.submit(ask()))
        engine.cancel(runs[-1].id)
    with pytest.raises(NotFound):
        engine.find(runs[0].id)
    assert engine.find(runs[-1].id) is runs[-1]


def test_many_threads_may_submit_and_watch(ready_engine) -> None:
    """Each finished picture is that of a solo run of its seed: nothing is lost, nothing crossed."""
    solo = {seed: ready_engine_result(ready_engine, ask(seed=seed, steps=2)) for seed in range(4)}
    found: dict[int, list] = {seed: [] for seed in range(4)}

    def client(seed: int) -> None:
        for _ in range(2):
            run = ready_engine.submit(ask(seed=seed, steps=2))
            if run.wait(WAIT) == "finished":
                found[seed].append(run.result.pictures)

    threads = [threading.Thread(target=client, args=(seed,)) for seed in solo]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert all(found[seed] == [solo[seed], solo[seed]] for seed in solo)


def test_manifest_lists_every_model_file() -> None:
    listed = json.loads((MODELS / "starter/manifest.json").read_text())["files"]
    there = {
        path.relative_to(MODELS / "starter").as_posix()
        for path in (MODELS / "starter").rglob("*")
        if path.is_file() and path.suffix in (".json", ".safetensors", ".txt") and path.name != "manifest.json"
    }
    assert set(listed) == there
