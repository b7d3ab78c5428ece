"""The benchmarks run and say JSON, and their arithmetic is right. Nothing here looks at a clock."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.measure import alternate, difference_of, ratio_of, summarize
from core.picture import Picture
from tests.conftest import draw_house

ROOT = Path(__file__).resolve().parent.parent
TINY = {
    "loop": ["--rounds=1", "--warm-ups=0", "--steps=2", "--size=64"],
    "follow": ["--drawings=2", "--steps=1"],
    "start": ["--rounds=1", "--warm-ups=0", "--no-launch"],
    "overhead": ["--rounds=1", "--warm-ups=0", "--steps=1"],
    "picture": ["--rounds=1", "--threads=1"],
}


def run(name: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
    """Run a benchmark on its tiny budget and return its document."""
    assert importlib.import_module(f"benchmarks.{name}").main([*TINY[name], *more]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["benchmark"] == name
    assert {"date", "cpu", "cores", "python", "versions", "load_before", "load_after"} <= document["machine"].keys()
    return document


def test_every_benchmark_is_tried_and_told_of() -> None:
    scripts = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "def main(" in path.read_text("utf-8")}
    assert scripts == TINY.keys()
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert [name for name in scripts if f"python -m benchmarks.{name}" not in page] == []


def test_turns_are_in_abba_order() -> None:
    turns: list[str] = []
    ones, twos = alternate(lambda: turns.append("a"), lambda: turns.append("b"), rounds=2, warm_ups=1)
    assert "".join(turns) == "ab" + "abba" * 2
    assert len(ones) == len(twos) == 4
    assert all(one.wall >= 0 and one.cpu >= 0 for one in ones + twos)


def test_medians_and_their_intervals() -> None:
    told = summarize([5.0, 1.0, 2.0, 4.0, 3.0])
    assert (told["n"], told["median"], told["min"], told["max"]) == (5, 3.0, 1.0, 5.0)
    assert told["quartiles"] == [2.0, 4.0]
    low, high = told["ci95"]
    assert 1.0 <= low < 3.0 < high <= 5.0
    assert summarize([2.0] * 9)["ci95"] == [2.0, 2.0]


def test_a_round_that_was_slow_for_both_does_not_move_the_ratio() -> None:
    plain, ours = [3.0, 3.0, 30.0, 30.0, 3.0, 3.0], [2.0, 2.0, 20.0, 20.0, 2.0, 2.0]
    told = ratio_of(plain, ours)
    assert told["median"] == 1.5 and told["ci95"] == [1.5, 1.5] and told["n"] == 3


def test_differences_are_of_medians() -> None:
    told = difference_of([3.0, 3.1, 2.9, 9.0, 3.0], [1.0, 1.1, 0.9])
    assert told["median"] == pytest.approx(2.0)
    assert told["ci95"][0] <= 2.0 <= told["ci95"][1]


class TestScoreOfEdges:
    """A black house on white has two edges at each line, both within reach of it."""

    @pytest.fixture
    def score(self):
        from benchmarks.follow import score_edges

        return score_edges

    @pytest.fixture
    def lines(self, house) -> Picture:
        return Picture(255 - house.pixels)

    def test_a_picture_made_of_the_lines_scores_all(self, score, house, lines) -> None:
        told = score(house, lines)
        assert told.precision == told.recall == told.f1 == 1.0

    @pytest.mark.parametrize(("shift", "low", "high"), [(1, 0.99, 1.0), (24, 0.0, 0.45)])
    def test_lines_elsewhere_score_by_their_distance(self, score, house, lines, shift, low, high) -> None:
        told = score(Picture(np.roll(house.pixels, (shift, shift), (0, 1))), lines)
        assert low <= told.f1 <= high

    def test_half_the_lines_miss_half_the_map(self, score, house, lines) -> None:
        half = np.full_like(house.pixels, 255)
        half[:, :128] = house.pixels[:, :128]
        told = score(Picture(half), lines)
        assert told.precision > 0.97 and 0.4 < told.recall < 0.6

    def test_an_even_picture_scores_nothing(self, score, lines) -> None:
        assert score(Picture(np.full((256, 256, 3), 90, np.uint8)), lines).f1 == 0.0

    def test_lines_on_an_empty_map_score_nothing(self, score) -> None:
        assert score(draw_house(), Picture(np.zeros((256, 256, 3), np.uint8))).f1 == 0.0


@pytest.mark.slow  # importing diffusers' pipelines takes most of it
def test_loop(capsys) -> None:
    cases = run("loop", capsys)["results"]["cases"]
    calls = {(case["controls"], case["window"][1]): case["calls"] for case in cases}
    ours = {case: sides["ours"]["control_branch"] for case, sides in calls.items()}
    plain = {case: sides["plain"]["control_branch"] for case, sides in calls.items()}
    assert ours == {(0, 1.0): 0, (1, 1.0): 2, (2, 1.0): 4, (1, 0.5): 1, (2, 0.5): 2}
    assert plain == {(0, 1.0): 0, (1, 1.0): 2, (2, 1.0): 4, (1, 0.5): 2, (2, 0.5): 4}
    assert {sides[side]["unet"] for sides in calls.values() for side in ("ours", "plain")} == {2}
    assert all(case["pixels_equal"] and case["flops_plain_over_ours"] >= 1 for case in cases)


def test_follow_and_its_sheet(capsys, tmp_path) -> None:
    sheet, saved = tmp_path / "sheet.png", tmp_path / "numbers.json"
    document = run("follow", capsys, "--sheet", str(sheet), "--json", str(saved))
    assert json.loads(saved.read_text("utf-8")) == document
    conditions = document["results"]["conditions"]
    assert conditions.keys() > {"strength_0", "strength_1", "wrong_map", "rendered", "autoencoder"}
    assert all(0 <= told["f1"]["min"] <= told["f1"]["mean"] <= told["f1"]["max"] <= 1 for told in conditions.values())
    assert conditions["rendered"]["f1"]["mean"] > conditions["wrong_map"]["f1"]["mean"]
    with Image.open(sheet) as image:
        assert image.width > 8 * 160 and image.height > 160


@pytest.mark.slow
def test_start(capsys) -> None:
    results = run("start", capsys)["results"]
    assert results["app"]["page"]["n"] == results["import_gradio"]["n"] == 2
    app = results["app"]
    assert app["said"]["median"] <= app["page"]["median"] <= app["ready"]["median"]


@pytest.mark.slow
def test_overhead(capsys) -> None:
    results = run("overhead", capsys)["results"]
    assert all(results[way]["added"]["n"] == 1 for way in ("engine", "rest", "page"))


@pytest.mark.slow
def test_picture(capsys) -> None:
    results = run("picture", capsys)["results"]
    assert results["previews"]["engine"]["n"] + results["no_previews"]["engine"]["n"] == 9
    assert results["memory"].keys() == {"page", "ready", "ten_pictures", "end"}
    assert all(0 < look["now_gb"] <= look["peak_gb"] for look in results["memory"].values())
