"""The model card and docs/starter.md say what is true of the shipped files."""

from __future__ import annotations

import math
import re

import pytest

from core.files import MODELS, REPOSITORY
from starter.captions import WORD, known_words
from starter.scenes import render_scene

STARTER = MODELS / "starter"
CARD = (STARTER / "README.md").read_text(encoding="utf-8")
PAGE = (REPOSITORY / "docs" / "starter.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["base/unet", "base/text_encoder", "base/vae", "controls/scribble"])
def test_the_card_gives_the_true_number_of_parameters(part: str) -> None:
    from safetensors import safe_open

    (file,) = (STARTER / part).glob("*.safetensors")
    with safe_open(str(file), "numpy") as weights:
        count = sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    assert re.search(rf"`{part}` \| `\w+` \| {count:,} \|", CARD)


def test_the_card_gives_the_true_number_of_words() -> None:
    assert f"the {len(known_words())} words" in CARD


def test_every_link_leads_somewhere() -> None:
    for page, folder in ((CARD, STARTER), (PAGE, REPOSITORY / "docs")):
        links = re.findall(r"\]\(([^)#]+)\)", page)
        assert links
        assert [link for link in links if not (folder / link).exists()] == []


def test_every_file_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:starter|ui|models)/[\w./]+)`", PAGE)
    assert len(named) > 8
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_the_prompts_on_the_page_use_known_words() -> None:
    prompts = re.findall(r"^    ([a-z ]+)$", PAGE, re.MULTILINE)
    assert len(prompts) >= 3
    assert {word for prompt in prompts for word in WORD.findall(prompt)} <= set(known_words())


def test_the_caption_on_the_page_is_that_of_its_seed() -> None:
    assert f'"{render_scene(7).caption}"' in PAGE
