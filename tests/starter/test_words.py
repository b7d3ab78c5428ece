"""The words the built-in model knows: the file is up to date, and the captions and the tokenizer agree with it."""

from __future__ import annotations

import json
import re

import pytest

from core.files import MODELS
from starter.captions import WORD, known_words, word_groups, words_file
from starter.scenes import render_scene, write_scene_caption

BASE = MODELS / "starter" / "base"


def test_the_file_is_what_the_grammar_gives() -> None:
    text = (BASE / "words.json").read_text(encoding="utf-8")
    assert text == words_file(), "run python -m starter.captions > models/starter/base/words.json"
    assert json.loads(text)["groups"] == {group: list(words) for group, words in word_groups().items()}


def test_each_word_stands_once_in_a_group_that_is_not_empty() -> None:
    assert list(word_groups()) == ["things", "colours", "places", "light", "small words"]
    assert all(word_groups().values())
    assert len(set(known_words())) == len(known_words()) == sum(map(len, word_groups().values()))


def test_two_thousand_captions_use_the_known_words_and_all_of_them(captions: list[str]) -> None:
    assert {word for caption in captions for word in WORD.findall(caption)} == set(known_words())
    assert not re.search(r"[^a-z ,]", "".join(captions))  # nothing that WORD does not see


@pytest.mark.parametrize("word", known_words())
def test_the_tokenizer_knows_each_word_as_one_token(word: str, tokenizer) -> None:
    ids = tokenizer(word).input_ids
    assert len(ids) == 3, tokenizer.convert_ids_to_tokens(ids)  # begin, the word, end
    assert tokenizer.convert_ids_to_tokens(ids)[1] == f"{word}</w>"


def test_a_caption_without_its_picture_is_the_same(captions: list[str]) -> None:
    assert captions[:40] == [render_scene(seed).caption for seed in range(40)]


def test_captions_fit_the_text_encoder(tokenizer, captions: list[str]) -> None:
    assert max(len(ids) for ids in tokenizer(captions).input_ids) <= tokenizer.model_max_length


@pytest.fixture(scope="module")
def captions() -> list[str]:
    return [write_scene_caption(seed) for seed in range(2000)]


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(BASE / "tokenizer", local_files_only=True)
