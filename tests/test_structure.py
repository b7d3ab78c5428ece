"""The rules of the architecture, held against the source and against what really happens at import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

from tests.rules import (
    CHECKS,
    HEAVY,
    LIGHT_PACKAGES,
    LIGHT_PIPELINE,
    WEB,
    actions_at_import,
    banned,
    careless_loads,
    heavy_imports,
    risky_components,
    upward_imports,
    web_imports,
)
from tests.structure import ROOT, Source, functions, program

MAX_FILE = 300  # lines
MAX_FUNCTION = 60
LONGER = {"launch.py": 400}  # one file, because it runs before anything is installed
ASSETS = (".js", ".css", ".html")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_file_breaks_the_rule(check) -> None:
    assert len(program()) > 50
    assert [finding for source in program() for finding in check(source)] == []


BREACHES = [
    (upward_imports, "core/x.py", "from annotators import Canny"),
    (upward_imports, "annotators/x.py", "def f():\n    import pipeline.request"),
    (upward_imports, "pipeline/x.py", "from server.wire import frame"),
    (upward_imports, "pipeline/families/x.py", "from ...ui import page"),
    (upward_imports, "ui/x.py", "import server.app"),
    (upward_imports, "server/x.py", "import app"),
    (web_imports, "pipeline/x.py", "def f():\n    import gradio as gr"),
    (web_imports, "core/x.py", "from starlette.types import Scope"),
    (web_imports, "app.py", "import fastapi"),
    (heavy_imports, "ui/x.py", "import torch"),
    (heavy_imports, "annotators/x.py", "class A:\n    import cv2"),
    (heavy_imports, "pipeline/engine.py", "try:\n    from diffusers.utils import x\nexcept ImportError: pass"),
    (actions_at_import, "core/x.py", "import sys\nWORDS = sys.argv[1:]"),
    (actions_at_import, "core/x.py", "TEXT = open('words.txt').read()"),
    (actions_at_import, "core/x.py", "import os\ndef f(home=os.environ['HOME']): pass"),
    (banned, "core/x.py", "eval('1')"),
    (banned, "core/x.py", "run = exec"),
    (banned, "core/x.py", "def f():\n    import pickle"),
    (banned, "core/x.py", "from shelve import open"),
    (banned, "core/x.py", "import torch as t\nt.load('x')"),
    (banned, "core/x.py", "from torch import load as bring\nbring('x')"),
    (banned, "core/x.py", "from cv2 import imread\nimread('x')"),
    (banned, "core/x.py", "import cv2\ncv2.VideoCapture(0)"),
    (banned, "core/x.py", "import subprocess\nsubprocess.run('ls', shell=True)"),
    (banned, "core/x.py", "load('x', custom_pipeline=name)"),
    (banned, "core/x.py", "load('x', **{'trust_remote_code': True})"),
    (banned, "core/x.py", "assert x"),
    (banned, "core/x.py", "import os\nos.environ['OMP_WAIT_POLICY'] = 'PASSIVE'"),
    (banned, "core/x.py", "pipe.enable_attention_slicing()"),
    (careless_loads, "pipeline/x.py", "A.from_pretrained('x')"),
    (careless_loads, "pipeline/x.py", "A.from_pretrained('x', local_files_only=True)"),
    (careless_loads, "pipeline/x.py", "A.from_pretrained('x', local_files_only=True, use_safetensors=safe)"),
    (careless_loads, "pipeline/x.py", "CLIPTokenizer.from_pretrained('x')"),
    (careless_loads, "pipeline/x.py", "options = {'local_files_only': True}\nA.from_pretrained('x', **options)"),
    (careless_loads, "pipeline/x.py", "A.from_pretrained('x', **options)"),
    (risky_components, "ui/x.py", "import gradio as gr\ngr.HTML(f'<b>{name}</b>')"),
    (risky_components, "ui/x.py", "import gradio as gr\ngr.HTML('<b>' + name)"),
    (risky_components, "ui/x.py", "import gradio as gr\nclass Mine(gr.Image): pass"),
    (risky_components, "ui/x.py", "from gradio import File as F\nF()"),
    (risky_components, "ui/x.py", "import gradio as gr\ngr.UploadButton('up')"),
]


@pytest.mark.parametrize(("check", "path", "text"), BREACHES)
def test_a_breach_would_be_found(check, path: str, text: str) -> None:
    assert check(Source(path, text))


FINE = [
    (heavy_imports, "annotators/x.py", "def f():\n    import cv2"),
    (heavy_imports, "pipeline/engine.py", "if TYPE_CHECKING:\n    import torch"),
    (actions_at_import, "core/x.py", "import sys\nif __name__ == '__main__':\n    print(sys.argv)"),
    (careless_loads, "pipeline/x.py", "A.from_pretrained('x', local_files_only=True, use_safetensors=True)"),
    (
        careless_loads,
        "pipeline/x.py",
        "options = {'local_files_only': True, 'use_safetensors': True}\nA.from_pretrained('x', **options)",
    ),
    (risky_components, "ui/x.py", "import gradio as gr\ngr.HTML('<b>name</b>')"),
    (banned, "core/x.py", "model.eval()\nfile.load()"),
]


@pytest.mark.parametrize(("check", "path", "text"), FINE)
def test_what_is_allowed_is_not_found(check, path: str, text: str) -> None:
    assert check(Source(path, text)) == []


def test_files_are_short() -> None:
    lengths = {source.path: len(source.text.splitlines()) for source in program()}
    for file in (ROOT / "ui" / "assets").iterdir():
        if file.suffix in ASSETS:
            lengths[file.relative_to(ROOT).as_posix()] = len(file.read_text(encoding="utf-8").splitlines())
    assert len(lengths) > 60
    assert {path: lines for path, lines in lengths.items() if lines > LONGER.get(path, MAX_FILE)} == {}


def test_functions_are_short() -> None:
    lengths = [(f"{source.path} {name}", lines) for source in program() for name, lines in functions(source)]
    assert len(lengths) > 200
    assert [pair for pair in lengths if pair[1] > MAX_FUNCTION] == []


def modules(*, light: bool) -> list[str]:
    """Names of our modules; with `light` those that must be there before torch is."""
    found = [source for source in program() if not source.path.endswith("__main__.py")]
    if light:
        found = [source for source in found if source.package in LIGHT_PACKAGES or source.module in LIGHT_PIPELINE]
    return [source.module for source in found]


def run_python(script: str, *arguments: str) -> dict:
    """What `script`, run in a process of its own, prints as JSON."""
    answer = subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


IMPORT_ALL = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_the_page_does_not_wait_for_torch() -> None:
    """Really imported, so that what others import on our behalf counts as well."""
    names = modules(light=True)
    assert len(names) > 40 and set(names) >= LIGHT_PIPELINE
    loaded = set(run_python(IMPORT_ALL, json.dumps(names)))
    assert "gradio" in loaded
    assert loaded & HEAVY == set()


def test_values_and_engine_do_not_know_the_web() -> None:
    names = [name for name in modules(light=True) if name.split(".")[0] in ("core", "annotators", "pipeline")]
    assert set(run_python(IMPORT_ALL, json.dumps(names))) & (WEB | HEAVY) == set()


# Everything is imported once, so that what others do at their import is over; then ours again, watched.
WATCH_IMPORTS = """
import importlib, json, sys, threading
names = json.loads(sys.argv[1])
for name in names:
    importlib.import_module(name)
for name in names:
    sys.modules.pop(name, None)

class Untouchable(list):
    def _touched(self, *_):
        raise AssertionError("sys.argv was read")
    __getitem__ = __iter__ = __len__ = __contains__ = __eq__ = _touched

seen, watching = [], True
WATCHED = ("open", "socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.mkdir",
           "os.remove", "os.rename", "os.putenv", "tempfile.mkstemp", "tempfile.mkdtemp")

def watch(event, arguments):
    if watching and event in WATCHED and not str(arguments[0]).endswith((".py", ".pyc")):
        seen.append([event, str(arguments[0])])

sys.addaudithook(watch)
arguments, sys.argv = sys.argv, Untouchable()
threads = threading.active_count()
for name in names:
    importlib.import_module(name)
watching, sys.argv = False, arguments
print(json.dumps({"seen": seen, "threads": threading.active_count() - threads}))
"""


@pytest.mark.slow
def test_nothing_happens_at_import() -> None:
    """No file but our source is opened, nothing is written, started or asked for, no argument is read."""
    assert run_python(WATCH_IMPORTS, json.dumps(modules(light=False))) == {"seen": [], "threads": 0}


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("open(__file__ + '.txt', 'w')", "open"),
        ("import os; os.environ['X_OF_A_TEST'] = '1'", "os.putenv"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "socket.bind"),
    ],
)
def test_what_happens_at_import_would_be_seen(tmp_path, text: str, event: str) -> None:
    (tmp_path / "acting.py").write_text(text)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{WATCH_IMPORTS}"
    assert event in [name for name, _ in run_python(script, '["acting"]')["seen"]]


def test_every_handler_of_the_page_is_guarded(data_folder) -> None:
    from pipeline.engine import Engine
    from ui.messages import guarded
    from ui.page import build_page

    page = build_page(Engine(data_folder, "cpu"))  # never started: the page is built without any model
    guard = guarded(lambda: None).__code__
    handlers = [(each.fn, each) for each in page.fns.values() if each.fn is not None]
    assert len(handlers) >= 10
    for handler, each in handlers:
        assert getattr(handler, "is_guarded", False), f"{each.name} is not guarded"
        assert handler.__code__ is guard, f"{each.name} is wrapped once more"
        assert each.api_visibility == "private", f"{each.name} is offered to clients"
        assert not inspect.isgeneratorfunction(inspect.unwrap(handler)), f"{each.name} would fail outside its guard"
        assert not inspect.iscoroutinefunction(inspect.unwrap(handler)), f"{each.name} would fail outside its guard"
