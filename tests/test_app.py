"""The program as a process: its flags, its address, a second start, odd folders, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import parse_flags
from server.listen import AlreadyRunning, is_ours, listen, page_url

ROOT = Path(__file__).parents[1]
START_SECONDS = 180


class Program:
    """`python app.py --no-browser ...` and what it says."""

    def __init__(self, *flags: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--no-browser", *flags],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_url(self) -> str:
        """The address it printed, once the page answers there."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"ControlNet Studio: (http://\S+/)", self.output)
            if found and is_ours(found[1]):
                return found[1]
            assert self.process.poll() is None, self.output
            time.sleep(0.05)
        raise AssertionError(f"no page within {START_SECONDS} s:\n{self.output}")

    def wait(self) -> int:
        code = self.process.wait(START_SECONDS)
        self._reader.join(10)
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    programs: list[Program] = []

    def run(*flags: str, folder: str = "data") -> Program:
        programs.append(Program("--data-dir", str(tmp_path / folder), *flags))
        return programs[-1]

    yield run
    for program in programs:
        program.process.kill()
        program.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_flags() -> None:
    given = "--host 0.0.0.0 --port 1 --device cpu --allow-host a --allow-host b"
    flags = parse_flags(given.split())
    assert (flags.host, flags.port, flags.device, flags.allow_host) == ("0.0.0.0", 1, "cpu", ["a", "b"])
    for wrong in (["--port", "x"], ["--port", "70000"], ["--device", "tpu"], ["--nothing"]):
        with pytest.raises(SystemExit):
            parse_flags(wrong)


@pytest.mark.slow
def test_it_says_where_answers_and_ends_on_ctrl_c(start) -> None:
    port = free_port()
    program = start("--port", str(port), "--device", "cpu", folder="Ünï 中文 😀")
    url = program.wait_for_url()
    assert url == f"http://127.0.0.1:{port}/"
    with urllib.request.urlopen(url, timeout=30) as page:
        assert b"ControlNet Studio" in page.read()
    second = start("--port", str(port))
    assert second.wait() == 0
    assert f"running already: {url}" in second.output
    program.process.send_signal(signal.SIGINT)
    assert program.wait() in (0, -signal.SIGINT)
    assert "Traceback" not in program.output


@pytest.mark.slow
def test_a_picture_lands_in_an_odd_folder(start, tmp_path: Path) -> None:
    program = start("--port", "0", "--device", "cpu", folder="Ünï 中文 😀")
    url = program.wait_for_url()
    body = json.dumps({"prompt": "a house", "steps": 1, "width": 64, "height": 64}).encode()
    request = urllib.request.Request(f"{url}api/v1/runs", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        run_id = json.load(answer)["id"]
    deadline = time.monotonic() + START_SECONDS
    while (run := ask(f"{url}api/v1/runs/{run_id}"))["state"] not in ("finished", "failed"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert run["state"] == "finished", run["error"]
    assert (tmp_path / "Ünï 中文 😀" / "outputs" / run["result"]["files"][0]).is_file()


def test_a_device_that_is_not_there_is_a_sentence(data_folder, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from pipeline.engine import Engine
    from pipeline.request import GenerationRequest

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # also where there is one
    engine = Engine(data_folder, "cuda")
    engine.start()
    run = engine.submit(GenerationRequest(prompt="a house"))
    assert run.wait(START_SECONDS) == "failed"
    assert "No CUDA device was found" in (run.error or "")
    assert engine.readiness == "broken"
    engine.stop()


def test_a_port_of_another_program_is_left_to_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        bound = listen("127.0.0.1", port)
        with bound:
            assert port < bound.getsockname()[1] < port + 20


def test_our_own_port_is_recognised(served) -> None:
    with pytest.raises(AlreadyRunning) as caught:
        listen("127.0.0.1", served.port)
    assert caught.value.url == page_url("127.0.0.1", served.port)


def test_an_address_that_is_not_ours(served) -> None:
    from core.errors import BadRequest

    with pytest.raises(BadRequest, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://127.0.0.1:5/"), ("::1", "http://[::1]:5/")])
def test_page_url(host: str, url: str) -> None:
    assert page_url(host, 5) == url


def test_a_folder_that_cannot_be_written_is_said_and_no_reason_not_to_start(tmp_path: Path) -> None:
    from core.files import DataFolder

    blocked = tmp_path / "data"
    blocked.write_text("a file where the folder should be")
    data = DataFolder(blocked)
    problem = data.prepare()
    assert problem is not None and problem.endswith(".") and "Traceback" not in problem
    assert data.temp.is_dir()
