"""Finished pictures on disk: names, order, names that are refused, and files that others put or damaged there."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

from core.errors import NotFound
from core.picture import open_picture
from pipeline.metadata import read_png
from pipeline.outputs import NAME, THUMBNAIL_SIDE, Outputs
from tests.pipeline.samples import noise, resolved, result_of

MADE = datetime(2026, 11, 23, 14, 2, 5, tzinfo=timezone(timedelta(hours=1)))
DAY = "2026-11-23"


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "outputs")


def save(outputs: Outputs, run_id: str = "abcdef0123456789", made: datetime = MADE, **fields) -> list[str]:
    names, problems = outputs.save(result_of(resolved(**fields), made), run_id)
    assert problems == []
    return [name for name in names if name is not None]


def put(outputs: Outputs, name: str, data: bytes = b"", changed: float | None = None) -> Path:
    """A file that the program did not write."""
    path = outputs.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if changed is not None:
        os.utime(path, (changed, changed))
    return path


def png(side: int = 64, **options) -> bytes:
    buffer = io.BytesIO()
    noise(side, side).to_pil().save(buffer, "PNG", **options)
    return buffer.getvalue()


def test_a_name_says_when_with_which_seed_and_which_run(outputs: Outputs) -> None:
    assert save(outputs, count=2, seed=4711) == [
        "2026-11-23/140205-4711-abcdef-0.png",
        "2026-11-23/140205-4712-abcdef-1.png",
    ]
    assert sorted(path.name for path in (outputs.folder / DAY).iterdir()) == [
        "140205-4711-abcdef-0.png",
        "140205-4712-abcdef-1.png",
    ]


def test_what_is_read_is_what_was_saved(outputs: Outputs) -> None:
    names = save(outputs, count=3)
    pictures = result_of(resolved(count=3)).pictures
    assert [open_picture(outputs.read(name)) for name in names] == list(pictures)
    assert [read_png(outputs.read(name)).index for name in names] == [0, 1, 2]


def test_every_name_that_is_given_is_one_that_is_taken(outputs: Outputs) -> None:
    for seed in (0, 2**32 - 1):
        for name in save(outputs, seed=seed, run_id="ffffffffffffffff", count=8):
            assert NAME.fullmatch(name)
            assert outputs.read(name)
            assert outputs.thumbnail(name)


def test_the_newest_come_first(outputs: Outputs) -> None:
    assert outputs.recent(10) == []
    older = save(outputs, run_id="aaaaaa", made=MADE - timedelta(days=1))
    later = save(outputs, run_id="bbbbbb", prompt="later", count=2)
    for age, name in enumerate([*reversed(later), *older]):
        changed = MADE.timestamp() - age
        os.utime(outputs.folder / name, (changed, changed))
    assert [saved.name for saved in outputs.recent(10)] == [*reversed(later), *older]
    assert [saved.name for saved in outputs.recent(2)] == list(reversed(later))
    assert [saved.prompt for saved in outputs.recent(10)] == ["later", "later", "a red house"]
    assert [saved.seed for saved in outputs.recent(10)] == [8, 7, 7]
    assert outputs.recent(1)[0].made == "2026-11-23T14:02:05+01:00"


def test_a_limit_holds_over_many_days(outputs: Outputs) -> None:
    for days in range(5):
        save(outputs, run_id=f"{days}{days}{days}", made=MADE - timedelta(days=days), count=2)
    for limit in (1, 3, 4, 9, 100):
        assert len(outputs.recent(limit)) == min(limit, 10)
    assert [saved.name[:10] for saved in outputs.recent(4)] == ["2026-11-23"] * 2 + ["2026-11-22"] * 2


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/etc/passwd",
        "../secret.png",
        "2026-11-23/../../secret.png",
        "2026-11-23/..png",
        "2026-11-23/../secret.png",
        "2026-11-23\\secret.png",
        "2026-11-23/a/b.png",
        "2026-11-23//a.png",
        "2026-11-23/a.png\n",
        "2026-11-23/a.png\x00",
        "2026-11-23/a.PNG",
        "2026-11-23/a.txt",
        "2026-11-23/a b.png",
        "2026-11-23/ä.png",
        "2026-11-23/" + "a" * 81 + ".png",
        "2026-11-23/CON:.png",
        "C:/2026-11-23/a.png",
        "//host/share/a.png",
        "secret.png",
    ],
    ids=repr,
)
def test_names_that_save_never_gives_are_no_files(outputs: Outputs, name: str) -> None:
    put(outputs, "../secret.png", png())
    put(outputs, "secret.png", png())
    put(outputs, f"{DAY}/a.txt", png())
    for reach in (outputs.read, outputs.thumbnail):
        with pytest.raises(NotFound, match="There is no picture of that name"):
            reach(name)


def test_a_name_of_the_right_form_without_a_file(outputs: Outputs) -> None:
    for reach in (outputs.read, outputs.thumbnail):
        with pytest.raises(NotFound, match="moved or deleted"):
            reach(f"{DAY}/140205-1-abcdef-0.png")


def test_foreign_pictures_are_listed_without_settings(outputs: Outputs) -> None:
    put(outputs, f"{DAY}/holiday.png", png(), changed=MADE.timestamp())
    (foreign,) = outputs.recent(10)
    assert (foreign.name, foreign.prompt, foreign.seed) == (f"{DAY}/holiday.png", "", None)
    assert datetime.fromisoformat(foreign.made) == MADE
    assert open_picture(outputs.read(foreign.name)) == noise(64, 64)
    assert outputs.thumbnail(foreign.name)


def test_what_could_not_be_opened_by_its_name_is_not_listed(outputs: Outputs) -> None:
    for name in ("my holiday/a.png", "zzz/a.png", f"{DAY}/my picture.png", f"{DAY}/.hidden.png", f"{DAY}/a.jpg"):
        put(outputs, name, png())
    put(outputs, f"{DAY}/.0123456789abcdef.pid99.tmp", b"half")
    (outputs.folder / DAY / "folder.png").mkdir()
    put(outputs, "loose.png", png())
    (name,) = save(outputs)
    assert [saved.name for saved in outputs.recent(10)] == [name]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_to_nowhere_does_not_cost_the_list(outputs: Outputs) -> None:
    (name,) = save(outputs)
    (outputs.folder / DAY / "gone.png").symlink_to(outputs.folder / "nowhere.png")
    assert [saved.name for saved in outputs.recent(10)] == [name]
    with pytest.raises(NotFound):
        outputs.read(f"{DAY}/gone.png")


def damaged_files() -> dict[str, bytes]:
    whole, bomb = png(), io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    return {
        "empty": b"",
        "text": b"this is no picture",
        "only-a-head": whole[:8],
        "cut-in-the-header": whole[:20],
        "cut-in-the-pixels": whole[: len(whole) // 2],
        "flipped": bytes([*whole[:40], whole[40] ^ 255, *whole[41:]]),
        "header-of-zeros": whole[:16] + bytes(8) + whole[24:],
        "bomb": bomb.getvalue(),
    }


def test_damaged_files_cost_neither_the_list_nor_the_strip(outputs: Outputs) -> None:
    (good,) = save(outputs)
    for name, data in damaged_files().items():
        put(outputs, f"{DAY}/{name}.png", data)
    listed = {saved.name: saved for saved in outputs.recent(100)}
    assert set(listed) == {good, *(f"{DAY}/{name}.png" for name in damaged_files())}
    assert listed[good].prompt == "a red house"
    for name in set(listed) - {good}:
        assert (listed[name].prompt, listed[name].seed) == ("", None)
        with pytest.raises(NotFound, match="damaged"):
            outputs.thumbnail(name)
    assert outputs.thumbnail(good)


def test_a_file_that_became_another_is_described_anew(outputs: Outputs) -> None:
    (name,) = save(outputs, prompt="before")
    os.utime(outputs.folder / name, (1_000, 1_000))
    assert outputs.recent(1)[0].prompt == "before"
    before = outputs.thumbnail(name)
    put(outputs, name, png(128), changed=2_000)
    assert outputs.recent(1)[0].prompt == ""
    assert outputs.thumbnail(name) != before


@pytest.mark.parametrize("size", [(64, 64), (512, 64), (64, 2048)])
def test_thumbnails_keep_the_shape_and_are_small(outputs: Outputs, size: tuple[int, int]) -> None:
    (name,) = save(outputs, width=size[0], height=size[1])
    thumbnail = Image.open(io.BytesIO(outputs.thumbnail(name)))
    assert thumbnail.format == "JPEG"
    assert max(thumbnail.size) == THUMBNAIL_SIDE
    assert thumbnail.width / thumbnail.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert len(outputs.thumbnail(name)) < 40_000


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16"])
def test_thumbnails_of_every_kind_of_png(outputs: Outputs, mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (64, 32)).save(buffer, "PNG")
    put(outputs, f"{DAY}/{mode.replace(';', '')}.png", buffer.getvalue())
    (saved,) = outputs.recent(5)
    assert Image.open(io.BytesIO(outputs.thumbnail(saved.name))).mode == "RGB"


def test_a_folder_that_cannot_be_made_keeps_the_picture_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file stands where the folder should be")
    outputs = Outputs(tmp_path / "outputs")
    names, problems = outputs.save(result_of(resolved(count=3), MADE), "abcdef")
    assert names == [None, None, None]
    assert len(problems) == 1
    assert re.search(r"nothing could be saved in .*outputs.* kept in memory.* download it", problems[0], re.IGNORECASE)
    assert outputs.recent(5) == []


def save_in_a_process(folder: str, process: int) -> list[str | None]:
    result = result_of(resolved(count=4, seed=1), MADE)
    names: list[str | None] = []
    for turn in range(5):
        names += Outputs(Path(folder)).save(result, f"{process:02x}{turn:02x}00")[0]
    return names


def test_four_processes_that_save_at_once_write_different_files(outputs: Outputs) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        saved = pool.starmap(save_in_a_process, [(str(outputs.folder), process) for process in range(4)])
    names = [name for part in saved for name in part]
    assert None not in names
    assert len(set(names)) == len(names) == 4 * 5 * 4
    listed = outputs.recent(200)
    assert {entry.name for entry in listed} == set(names)
    assert {entry.seed for entry in listed} == {1, 2, 3, 4}
    assert not list(outputs.folder.glob("**/*.tmp"))
