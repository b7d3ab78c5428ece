"""A file is there whole or not at all, whatever the disk does; a start clears only what dead processes left."""

from __future__ import annotations

import builtins
import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import files
from core.errors import StorageFailed
from core.files import DataFolder, write_atomic

OLD, NEW = b"old" * 1000, b"new" * 2000


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A tmpfs on `folder`, where this account may mount one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs Linux and root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_it_writes_replaces_and_makes_the_folder(tmp_path):
    path = tmp_path / "Ünï 中文 😀" / "deep" / "a.png"
    assert write_atomic(path, OLD) == path
    write_atomic(path, NEW)
    assert path.read_bytes() == NEW
    assert names(path.parent) == ["a.png"]


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    path = tmp_path / ("n" * 251 + ".png")
    assert write_atomic(path, NEW).read_bytes() == NEW


def test_a_name_too_long_is_a_sentence(tmp_path):
    with pytest.raises(StorageFailed, match="Nothing could be saved"):
        write_atomic(tmp_path / ("n" * 5000), NEW)
    assert names(tmp_path) == []


class FailingDisk:
    """Lets the n-th call that reaches the disk fail, once or from then on."""

    def __init__(self, patch: pytest.MonkeyPatch, nth: int, number: int, for_ever: bool) -> None:
        self.calls, self.nth, self.number, self.for_ever = 0, nth, number, for_ever
        patch.setattr(files, "open", self._open, raising=False)
        for name in ("fsync", "replace", "open"):
            patch.setattr(os, name, self._guard(getattr(os, name)))
        patch.setattr(Path, "mkdir", self._guard(Path.mkdir))
        patch.setattr(Path, "unlink", self._guard(Path.unlink))

    def _guard(self, real):
        def call(*arguments, **options):
            self.calls += 1
            if self.calls == self.nth or (self.for_ever and self.calls > self.nth):
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **options)

        return call

    def _open(self, *arguments, **options):
        return FailingFile(self._guard(builtins.open)(*arguments, **options), self._guard)


class FailingFile:
    """A file whose `write` and `flush` count as calls that may fail; a failing write has written half."""

    def __init__(self, file, guard) -> None:
        self.file, self.guard, self.fileno = file, guard, file.fileno

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        self.guard(self.file.write)(data[len(data) // 2 :])

    def flush(self) -> None:
        self.guard(self.file.flush)()

    def __enter__(self) -> FailingFile:
        return self

    def __exit__(self, *error) -> None:
        self.file.close()


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_whichever_disk_call_fails_the_file_is_whole(number, for_ever, tmp_path):
    """The loop SQLite tests with: the first call fails, then the second ..., until a run needs no more calls."""
    path, refused = tmp_path / "a.png", 0
    for nth in range(1, 50):
        path.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            disk = FailingDisk(patch, nth, number, for_ever)
            try:
                write_atomic(path, NEW)
                written = True
            except StorageFailed as error:
                written, refused = False, refused + 1
                assert str(tmp_path) in str(error) and str(error).endswith(".")
        assert path.read_bytes() == (NEW if written else OLD)
        if not for_ever:  # a disk that refuses everything also refuses to clean up
            assert names(tmp_path) == ["a.png"]
        if disk.calls < nth:
            break
        for leftover in tmp_path.glob(".*"):
            assert files.TEMPORARY_NAME.search(leftover.name), "a later start must know it"
            leftover.unlink()
    else:
        pytest.fail("the loop never ended")
    assert nth >= 7 and refused >= 5


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.png", NEW)
    assert names(tmp_path) == []


def test_a_full_disk_keeps_the_old_file_and_says_so(tmp_path):
    with mounted(tmp_path / "small", "-o", "size=1m") as folder:
        write_atomic(folder / "a.png", OLD)
        with pytest.raises(StorageFailed, match=r"The disk is full.*Free some space and try again\.$"):
            write_atomic(folder / "a.png", bytes(2 << 20))
        assert (folder / "a.png").read_bytes() == OLD
        assert names(folder) == ["a.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_file_size_limit_keeps_the_old_file(tmp_path):
    program = (
        "import resource, sys; from pathlib import Path; from core.files import write_atomic\n"
        "from core.errors import StorageFailed\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: write_atomic(Path(sys.argv[1]), bytes(1 << 20))\n"
        "except StorageFailed as error: print(error)\n"
    )
    path = write_atomic(tmp_path / "a.png", OLD)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, cwd=files.REPOSITORY, check=True
    )
    assert "Nothing could be saved" in done.stdout
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["a.png"]


def test_a_read_only_folder_is_told_with_the_way_out(tmp_path):
    with mounted(tmp_path / "fixed", "-o", "ro") as folder:
        with pytest.raises(StorageFailed, match=r"may not be written\. Choose another with --data-dir\."):
            write_atomic(folder / "a.png", NEW)
        data = DataFolder(folder)
        assert "may not be written" in (data.prepare() or "")
        assert data.temp.is_dir() and not data.temp.is_relative_to(folder), "work goes on in the system's folder"


def test_a_start_on_a_full_disk_warns(tmp_path):
    with mounted(tmp_path / "small", "-o", "size=1m") as folder:
        (folder / "filler").write_bytes(bytes(900_000))
        assert "The disk is full" in (DataFolder(folder).prepare() or "")
        assert [name for name in names(folder / "outputs") if "probe" in name] == []


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path):
    (tmp_path / "data").write_text("I am a file")
    data = DataFolder(tmp_path / "data")
    assert "Nothing could be saved" in (data.prepare() or "")
    assert data.temp.is_dir()


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path):
    path, failures = tmp_path / "a.png", []
    contents = [bytes([n]) * 200_000 for n in range(8)]
    start = threading.Barrier(9)
    done = threading.Event()

    def write(data: bytes) -> None:
        start.wait()
        for _ in range(15):
            write_atomic(path, data)

    def read() -> None:
        start.wait()
        while not done.is_set():
            if path.exists() and path.read_bytes() not in contents:
                failures.append("a reader saw half a file")

    writers = [threading.Thread(target=write, args=(data,)) for data in contents]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failures == []
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["a.png"]


def test_a_start_makes_the_folders_and_its_temporary_one_is_private(tmp_path):
    data = DataFolder(tmp_path / "data")
    assert data.prepare() is None
    assert names(data.root) == ["logs", "outputs", "temp"]
    assert data.temp.is_dir() and names(data.outputs) == []
    if os.name == "posix":
        assert data.temp.stat().st_mode & 0o077 == 0
    (data.temp / "in use").write_text("x")
    assert data.prepare() is None
    assert names(data.temp) == ["in use"], "a second call keeps what this process uses"


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_start_clears_what_dead_processes_left_and_nothing_else(tmp_path, dead_pid):
    data, living = DataFolder(tmp_path), os.getppid()
    temp, outputs = tmp_path / "temp", tmp_path / "outputs" / "2026-01-01"
    outputs.mkdir(parents=True)
    keep = [
        temp / f"controlnet-studio-pid{living}" / "x",
        temp / str(dead_pid) / "a folder of the person's own",
        temp / "thesis" / "chapter.txt",
        outputs / f".ab.pid{living}.tmp",
        outputs / f".ab.pid{os.getpid()}.tmp",
        outputs / "notes.tmp",
        outputs / "picture.png",
    ]
    clear = [
        temp / f"controlnet-studio-pid{dead_pid}" / "x",
        temp / "controlnet-studio-pid99999999999999999999" / "x",
        outputs / f".ab.pid{dead_pid}.tmp",
    ]
    for path in keep + clear:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert data.prepare() is None
    assert [path for path in keep if not path.exists()] == []
    assert [path for path in clear if path.exists()] == []


def test_an_earlier_process_with_our_id_counts_as_dead(tmp_path):
    """In a container every start has the same process id."""
    data = DataFolder(tmp_path)
    data.temp.mkdir(parents=True)
    (data.temp / "left over").write_text("x")
    last_year = time.time() - 365 * 86_400
    os.utime(data.temp, (last_year, last_year))
    assert data.prepare() is None
    assert data.temp.is_dir() and names(data.temp) == []


def test_a_link_in_the_temporary_folder_is_not_followed(tmp_path, dead_pid):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / f"controlnet-studio-pid{dead_pid}").symlink_to(precious, target_is_directory=True)
    DataFolder(tmp_path).prepare()
    assert (precious / "file").exists()


def test_a_killed_writer_leaves_a_whole_file_and_the_next_start_cleans_up(tmp_path):
    """SIGKILL in the middle of a loop of saves, at five different moments."""
    program = (
        "import sys; from pathlib import Path; from core.files import write_atomic\n"
        "n = 0\n"
        "print('go', flush=True)\n"
        "while True: write_atomic(Path(sys.argv[1]) / f'{n % 5}.png', bytes([n % 251]) * 3_000_000); n += 1\n"
    )
    data = DataFolder(tmp_path)
    data.prepare()
    for wanted in range(1, 6):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(data.outputs)], stdout=subprocess.PIPE, cwd=files.REPOSITORY
        )
        assert child.stdout and child.stdout.readline() == b"go\n"
        before = {path.name: path.stat().st_mtime_ns for path in data.outputs.glob("*.png")}
        _wait_until(lambda n=wanted, old=before: _changed(data.outputs, old) >= n)
        child.kill()
        child.wait()
        child.stdout.close()
        for path in data.outputs.glob("*.png"):
            content = path.read_bytes()
            assert len(content) == 3_000_000 and len(set(content)) == 1
    DataFolder(tmp_path).prepare()
    assert all(name.endswith(".png") for name in names(data.outputs))


def _changed(folder: Path, before: dict[str, int]) -> int:
    return sum(before.get(path.name) != path.stat().st_mtime_ns for path in folder.glob("*.png"))


def _wait_until(reached, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.001)
