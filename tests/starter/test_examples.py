"""The example drawings: drawn by code, stored, usable as they are, with words the model knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotators import Scribble
from core.picture import open_picture_file
from starter.captions import WORD, known_words
from starter.examples import EXAMPLES, FOLDER, Example, write_examples


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file)
def test_the_stored_drawing_is_what_the_code_draws(example: Example) -> None:
    stored = open_picture_file(FOLDER / example.file)
    assert stored.size == (512, 512)
    assert stored == example.draw()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file)
def test_a_drawing_is_black_lines_on_white_paper(example: Example) -> None:
    drawn = Scribble.model_validate({})(open_picture_file(FOLDER / example.file))
    assert drawn.notes  # the annotator saw by itself that the lines are dark
    ink = (drawn.pixels > 0).mean()
    assert 0.01 < ink < 0.12


def test_the_list_names_every_drawing(tmp_path: Path) -> None:
    listed = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    assert listed == [{"title": one.title, "file": one.file, "prompt": one.prompt} for one in EXAMPLES]
    assert {one["file"] for one in listed} == {path.name for path in FOLDER.glob("*.png")}
    write_examples(tmp_path)
    assert json.loads((tmp_path / "examples.json").read_text(encoding="utf-8")) == listed
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file)
def test_prompts_use_known_words(example: Example) -> None:
    words = WORD.findall(example.prompt)
    assert words
    assert set(words) <= set(known_words())
    assert " ".join(words) == example.prompt  # nothing that WORD does not see
