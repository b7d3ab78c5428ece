"""The pages under docs/ leave nothing out and say nothing untrue; their examples run."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import app
from annotators import ANNOTATORS, Annotator
from core.picture import MAX_BYTES, MAX_PIXELS, open_picture_file
from pipeline.engine import MAX_REMEMBERED, MAX_WAITING
from pipeline.events import Failed, Finished, Preview, Queued, Started, Step, Stopped
from pipeline.metadata import read_png
from pipeline.request import ControlInput, GenerationRequest
from pipeline.samplers import SAMPLERS
from server.guard import MAX_BODY

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_DRAWING = ROOT / "ui" / "examples" / "boat.png"
ADDRESS = "http://127.0.0.1:7870"
LINE_BREAK = "\n"


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


API, ANNOTATORS_PAGE, CONTROLS = page("api.md"), page("annotators.md"), page("controls.md")


def kind_of(annotator: type[Annotator]) -> str:
    return annotator.model_fields["kind"].default


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def row_of(text: str, name: str) -> list[str]:
    found = [row for row in rows(text) if row[0] == f"`{name}`"]
    assert len(found) == 1, f"{name} has {len(found)} rows"
    return found[0]


def facts(schema: dict[str, Any]) -> dict[str, Any]:
    """Bounds, choices, default and description of a field, wherever in its JSON schema they stand."""
    merged: dict[str, Any] = {}
    for part in [*schema.get("anyOf", ()), schema]:
        merged |= {key: value for key, value in part.items() if value is not None}
    return merged


def assert_row_tells(row: list[str], field: dict[str, Any], column: int) -> None:
    """`row` holds the default in `column`, what is allowed after it, and the field's own description last."""
    default, allowed = row[column], row[column + 1]
    if isinstance(field.get("default"), (int, float)) or field.get("default"):
        assert default == str(field["default"])
    if "minimum" in field:
        assert allowed == f"{field['minimum']} to {field['maximum']}"
    if "enum" in field:
        assert allowed == ", ".join(field["enum"])
    if "maxItems" in field:
        assert allowed == f"at most {field['maxItems']}"
    if field.get("maxLength", 0) > 1_000:
        assert allowed == f"at most {field['maxLength']} characters"
    assert row[-1].startswith(field.get("description", ""))
    assert row[-1]


@pytest.mark.parametrize("annotator", ANNOTATORS, ids=kind_of)
def test_every_annotator_and_each_of_its_settings_is_documented(annotator: type[Annotator]) -> None:
    parts = re.split(r"^## ", ANNOTATORS_PAGE, flags=re.MULTILINE)
    heading = f"{kind_of(annotator)}: {annotator.title}"
    (part,) = [part for part in parts if part.startswith(heading + LINE_BREAK)]
    assert annotator.summary.split(",")[0] in part
    schema = annotator.model_json_schema()["properties"]
    names = [name for name in schema if name != "kind"]
    assert [row[0] for row in rows(part)[1:]] == [f"`{name}`" for name in names]
    for name in names:
        row = row_of(part, name)
        assert row[1] == schema[name]["title"]
        assert_row_tells(row, facts(schema[name]), column=2)


@pytest.mark.parametrize("model", [GenerationRequest, ControlInput])
def test_every_field_of_a_request_is_documented(model) -> None:
    heading = "## The request" if model is GenerationRequest else "Each guide in `controls`"
    part = API.split(heading)[1].split("\n\n| sampler")[0].split("Each guide in `controls`")[0]
    schema = model.model_json_schema()["properties"]
    listed = [row[0] for row in rows(part) if row[0].startswith("`")]
    assert listed == [f"`{name}`" for name in schema]
    for name, field in schema.items():
        assert_row_tells(row_of(part, name), facts(field), column=1)


def test_every_path_of_the_api_is_documented(served) -> None:
    document = httpx.get(f"{served.url}/api/v1/openapi.json").json()
    real = {(method.upper(), f"`{path}`") for path, methods in document["paths"].items() for method in methods}
    told = {(row[0], row[1]) for row in rows(API) if row[0] in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    assert told == real | {("GET", "`/openapi.json`")}


def test_every_flag_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, argparse.Action] = {}
    adding = argparse.ArgumentParser.add_argument

    def watch(parser: argparse.ArgumentParser, *names: str, **options: Any) -> argparse.Action:
        action = adding(parser, *names, **options)
        flags[action.option_strings[-1]] = action
        return action

    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", watch)
    app.parse_flags([])
    assert {"--host", "--port"} <= set(flags)
    part = API.split("## Start the program")[1].split("\n## ")[0]
    assert {row[0] for row in rows(part)[1:]} == {f"`{name}`" for name in flags}
    for name, action in flags.items():
        if isinstance(action.default, (str, int)) and not isinstance(action.default, bool) and name != "--help":
            assert row_of(part, name)[1] == str(action.default)
        for choice in action.choices or ():
            assert choice in row_of(part, name)[2]


def test_every_sampler_is_documented() -> None:
    part = API.split("| sampler | title |")[1].split("\n\n")[0]
    told = [(row[0], row[1]) for row in rows(part)]
    assert told == [(f"`{sampler.id}`", sampler.title) for sampler in SAMPLERS]


def test_every_event_is_documented() -> None:
    part = API.split("## Events")[1].split("\n## ")[0]
    kinds = [kind.model_fields["kind"].default for kind in (Queued, Started, Step, Preview, Finished, Failed, Stopped)]
    assert [row[0] for row in rows(part)[1:]] == [f"`{kind}`" for kind in kinds]
    assert f"The {MAX_REMEMBERED} newest runs" in part


def test_the_limits_are_the_real_ones() -> None:
    part = API.split("## Refusals")[1]
    assert f"larger than {MAX_BODY // 1_000_000} MB |" in part
    assert f"larger than {MAX_BYTES >> 20} MB or {MAX_PIXELS // 1_000_000} megapixels" in part
    assert f"{MAX_WAITING} runs are waiting already" in part


def test_the_windows_on_the_page_are_those_of_the_branch() -> None:
    import torch

    from pipeline.branch import Guide

    part = CONTROLS.split("With 8 steps:")[1].split("\n\nEarly")[0]
    told = rows(part)[1:]
    assert len(told) > 5
    for start, end, acting in told:
        guide = Guide(network=None, hint=torch.empty(0), start=float(start), end=float(end))
        steps = [step + 1 for step in range(8) if guide.acts_at(step, 8)]
        wanted = "none" if not steps else f"{steps[0]} to {steps[-1]}" if len(steps) > 1 else str(steps[0])
        assert acting == wanted, f"{start} to {end}"


def test_the_scaling_on_the_page_is_that_of_the_branch() -> None:
    import torch

    from pipeline.branch import SOFT_DECAY, Residuals

    assert CONTROLS.count(f"{SOFT_DECAY}^(n-1-i)") == 2
    ones = Residuals(tuple(torch.ones(1) for _ in range(4)), torch.ones(1))
    balanced, prompt, control = (ones.scaled(1.5, lead) for lead in ("balanced", "prompt", "control"))
    assert [float(tensor) for tensor in (*balanced.skips, balanced.middle)] == [1.5] * 5
    faded = [float(tensor) for tensor in (*prompt.skips, prompt.middle)]
    assert faded == pytest.approx([1.5 * SOFT_DECAY ** (5 - 1 - i) for i in range(5)])
    assert [float(tensor) for tensor in (*control.skips, control.middle)] == faded


def test_every_link_leads_somewhere() -> None:
    for file in (ROOT / "docs").glob("*.md"):
        text = file.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            target = file.parent / path if path else file
            assert target.exists(), f"{file.name} links to {link}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}, link


def test_every_file_that_is_named_is_there() -> None:
    for name in ("annotators.md", "controls.md", "api.md"):
        named = re.findall(r"`((?:annotators|core|docs|pipeline|server|tests|ui)/[\w./]*)`", page(name))
        assert [path for path in named if not (ROOT / path).exists()] == []


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", API, re.MULTILINE | re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty folder with a drawing, as a reader has it."""
    shutil.copy(EXAMPLE_DRAWING, tmp_path / "drawing.png")
    return tmp_path


def run_there(desk: Path, *command: str) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    answer = subprocess.run(command, cwd=desk, env=plain, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    return answer.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs bash and curl")
@pytest.mark.slow
def test_the_curl_examples_work(served, desk: Path) -> None:
    blocks = examples("sh")
    assert len(blocks) == 3
    for block in blocks:
        assert ADDRESS in block
        run_there(desk, "bash", "-euo", "pipefail", "-c", block.replace(ADDRESS, served.url))
    made = {path.name: open_picture_file(path) for path in desk.glob("*.png")}
    assert set(made) == {"drawing.png", "picture.png", "house.png", "map.png", "saved.png", "edges.png"}
    assert open_picture_file(desk / "small.jpg")
    assert read_png((desk / "picture.png").read_bytes()).request.prompt == "a red house by a lake at sunset"
    guide = read_png((desk / "house.png").read_bytes()).request.controls[0]
    assert (guide.strength, guide.end) == (1.2, 0.8)
    assert made["map.png"].size == made["house.png"].size
    assert made["edges.png"].size == made["drawing.png"].size
    assert "event: finished" in (desk / "events.txt").read_text()
    newest = list(served.engine._runs.values())[-1]
    assert newest.request.steps == 150 and newest.wait(60) == "cancelled"


@pytest.mark.slow
def test_the_python_example_works(served, desk: Path) -> None:
    (block,) = examples("python")
    assert ADDRESS in block
    (desk / "example.py").write_text(block.replace(ADDRESS, served.url), encoding="utf-8")
    told = run_there(desk, sys.executable, "example.py")
    assert "event: finished" in told
    assert open_picture_file(desk / "boat-0.png") != open_picture_file(desk / "boat-1.png")


def test_every_endpoint_has_an_example() -> None:
    """Each path of the table is called by at least one of the examples that are run above."""
    text = "".join(examples("sh"))
    for row in rows(API):
        if row[0] in ("GET", "POST", "DELETE"):
            pattern = re.escape(row[1].strip("`")).replace(r"\{run_id\}", r"\$run").replace(r"\{index\}", "0")
            pattern = re.sub(r"\\\{day\\\}/\\\{name\\\}(?:\\\.jpg)?", r"\\$name", pattern)
            assert re.search(rf"\$studio{pattern}\b", text), f"no example of {row[0]} {row[1]}"
