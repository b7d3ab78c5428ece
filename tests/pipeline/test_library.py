"""What is on disk: whole or refused in words; and the words a small base knows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadRequest, ModelUnusable
from core.files import MODELS
from pipeline.catalog import BASES, CONTROLS, BaseEntry
from pipeline.library import KnownWords, Library
from pipeline.manifest import check_folder, hash_file, write_manifest

BASE = BASES[0]
WORDS = KnownWords({"things": ("house", "boat"), "colours": ("red",), "small words": ("a", "in", "the")})


@pytest.fixture
def small(tmp_path: Path) -> tuple[Library, BaseEntry]:
    """A library of its own: one base in two files of weights, with words, and a list of its files."""
    folder = tmp_path / "toy" / "base"
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "b.safetensors").write_bytes(b"weights")
    (folder / "a.safetensors").write_bytes(b"more weights")
    (folder / "config.json").write_text("{}")
    (folder / "words.json").write_text(json.dumps({"groups": {"things": ["house"]}}))
    (tmp_path / "toy" / "notes.md").write_text("not listed")
    write_manifest(tmp_path / "toy")
    return Library(tmp_path), BASE.model_copy(update={"id": "toy", "title": "Toy", "folder": "toy/base"})


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_ships_is_whole() -> None:
    library = Library()
    for entry in (*library.bases, *library.controls):
        assert len(library.check(entry)) == 64
        assert library.folder(entry).is_dir()


def test_one_file_of_weights_stands_for_itself() -> None:
    library, control = Library(), CONTROLS[0]
    (weights,) = library.folder(control).glob("*.safetensors")
    assert library.check(control) == hash_file(weights)


def test_many_files_of_weights_have_one_hash(small) -> None:
    library, toy = small
    digests = sorted([sha256(b"weights"), sha256(b"more weights")])
    assert library.check(toy) == sha256("".join(digests).encode())


def test_the_list_names_what_is_loaded_and_nothing_else(small) -> None:
    library, _ = small
    listed = json.loads((library.root / "toy" / "manifest.json").read_text())["files"]
    assert listed == {
        "base/a.safetensors": {"bytes": 12, "sha256": sha256(b"more weights")},
        "base/config.json": {"bytes": 2, "sha256": sha256(b"{}")},
        "base/unet/b.safetensors": {"bytes": 7, "sha256": sha256(b"weights")},
        "base/words.json": {"bytes": 33, "sha256": hash_file(library.root / "toy" / "base" / "words.json")},
    }


def test_the_list_of_the_built_in_model_can_be_written_again(tmp_path: Path) -> None:
    checked = check_folder(MODELS / "starter", "base", "x") | check_folder(MODELS / "starter", "controls", "x")
    listed = json.loads((MODELS / "starter" / "manifest.json").read_text())["files"]
    assert checked == {name: facts["sha256"] for name, facts in listed.items()}


@pytest.mark.parametrize("data", [b"", b"weightz", b"weights+"])
def test_a_damaged_file_is_named_with_what_to_do(small, data: bytes) -> None:
    library, toy = small
    (library.root / "toy/base/unet/b.safetensors").write_bytes(data)
    with pytest.raises(
        ModelUnusable, match=r"The model 'Toy' cannot be used: .*b.safetensors is damaged\. Get it back"
    ):
        library.check(toy)


def test_a_missing_file_is_named_with_what_to_do(small) -> None:
    library, toy = small
    (library.root / "toy/base/config.json").unlink()
    with pytest.raises(ModelUnusable, match=r"config.json is missing\. Get it back with `git checkout"):
        library.check(toy)


def test_a_file_that_may_not_be_read_is_named(small, monkeypatch: pytest.MonkeyPatch) -> None:
    library, toy = small

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # taking the right away does not stop the administrator
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: json.dumps({"files": listed}))
    listed = {"base/config.json": {"bytes": 2, "sha256": "0"}}
    with pytest.raises(ModelUnusable, match=r"config.json cannot be read \(Permission denied\)"):
        library.check(toy)


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "null", "3", "{}", '{"files": []}', '{"files": {"base/a": 3}}', '{"files": {"base/a": {}}}'],
)
def test_a_damaged_list_is_a_sentence(small, text: str | None) -> None:
    library, toy = small
    manifest = library.root / "toy" / "manifest.json"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text)
    with pytest.raises(ModelUnusable, match=r"the file manifest.json in .* is missing or damaged"):
        library.check(toy)


def test_a_list_without_this_model_is_a_sentence(small) -> None:
    library, toy = small
    (library.root / "toy" / "manifest.json").write_text('{"files": {"baseline/a.json": {"bytes": 1, "sha256": "0"}}}')
    with pytest.raises(ModelUnusable, match="no files are listed for base"):
        library.check(toy)


def test_names_are_found_or_refused_with_those_there_are() -> None:
    library = Library()
    assert library.find_base("starter") is BASE
    assert library.find_control("starter/scribble", BASE) is CONTROLS[0]
    for wrong in ("", "Starter", "starter ", "../starter"):
        with pytest.raises(BadRequest, match="There are: starter"):
            library.find_base(wrong)
        with pytest.raises(BadRequest, match="there are: starter/scribble"):
            library.find_control(wrong, BASE)


def test_the_words_of_the_built_in_model() -> None:
    words = Library().known_words(BASE)
    assert words is not None
    assert {"house", "boat", "lake", "red", "sunset"} <= words.all
    assert words.note_on("a red house by a lake at sunset") is None


def test_a_base_that_knows_language_has_no_list() -> None:
    assert Library().known_words(BASE.model_copy(update={"known_words": None})) is None


@pytest.mark.parametrize(
    "text", [None, "", "[]", "null", "{}", '{"groups": []}', '{"groups": {"things": null}}', '{"groups": 3}']
)
def test_a_damaged_list_of_words_is_a_sentence(small, text: str | None) -> None:
    library, toy = small
    path = library.folder(toy) / "words.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(ModelUnusable, match=r"The list of words .*words.json is missing or damaged"):
        library.known_words(toy)


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("", ()),
        ("a red house in the boat", ()),
        ("A RED House", ()),
        ("red,house;boat! (house:1.3)", ("1", "3")),
        ("a dragon, a Dragon and a unicorn", ("dragon", "and", "unicorn")),
        ("house\x00boat\nred", ()),
        ("mañana 家 😀", ("mañana", "家")),
    ],
)
def test_unknown_words_are_found_once_each_and_in_order(prompt: str, unknown: tuple[str, ...]) -> None:
    assert WORDS.unknown_in(prompt) == unknown


def test_the_note_names_what_is_unknown_and_what_is_known() -> None:
    assert WORDS.note_on("a dragon") == (
        "The built-in model does not know 'dragon'. It knows things: house, boat; colours: red."
    )


def test_the_note_stays_short() -> None:
    note = WORDS.note_on(" ".join(f"w{number}" for number in range(100)) + " " + "x" * 9_000)
    assert note is not None
    assert "'w0', 'w1', 'w2', 'w3', 'w4', 'w5' and others" in note
    assert len(WORDS.note_on("x" * 9_000) or "") < 200


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_judged(prompt: str) -> None:
    unknown = WORDS.unknown_in(prompt)
    assert not set(unknown) & WORDS.all
    assert len(set(unknown)) == len(unknown)
    assert (WORDS.note_on(prompt) is None) == (unknown == ())
