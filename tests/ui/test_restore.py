"""What the page says when the settings of a saved picture are back."""

from __future__ import annotations

import gradio as gr
import pytest

from annotators import Scribble
from core.errors import BadRequest
from core.picture import Picture
from pipeline.metadata import FORMAT_VERSION, SavedSettings
from pipeline.request import ControlInput, ResolvedRequest
from ui.studio import Studio


@pytest.fixture(scope="module")
def studio(ready_engine) -> Studio:
    with gr.Blocks() as demo:
        return Studio(ready_engine, demo)


def saved(house: Picture, *, guides: int = 1, base: str = "starter", weights: str | None = None) -> SavedSettings:
    control = ControlInput(source=house, annotator=Scribble())
    request = ResolvedRequest(
        base=base, prompt="a house", controls=(control,) * guides, width=256, height=256, steps=8, guidance=3.0,
        sampler="ddim", seed=1,
    )  # fmt: skip
    return SavedSettings(
        version=FORMAT_VERSION, made="", index=0, request=request, weights={base: weights} if weights else {}
    )


def test_what_is_back(studio: Studio, ready_engine, house: Picture) -> None:
    present = ready_engine.library.check(ready_engine.library.bases[0])
    say = studio._say_what_is_back
    assert say(saved(house, weights=present)) == "The settings and the drawing are back. Generate makes it again."
    assert say(saved(house, guides=0)) == "The settings are back. Generate makes it again."
    assert "other weights" in say(saved(house, weights="0" * 64))
    assert "It had 3 guides, of which the first is shown here." in say(saved(house, guides=3))


def test_a_base_that_is_not_here(studio: Studio, house: Picture) -> None:
    with pytest.raises(BadRequest, match="sd99"):
        studio._say_what_is_back(saved(house, base="sd99"))
