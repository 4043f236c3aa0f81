"""The demo as a user runs it, in smaller rounds."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

PROJECT = Path(__file__).parents[2]
SMALL = ("--first", "8", "--second", "12", "--held-out", "3")

pytestmark = pytest.mark.e2e


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulator", "demo", "--home", str(home), *arguments]


def marked(home: Path) -> dict[str, str]:
    """An environment that every process of a demo inherits, so that it can be found."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "DEMO_UNDER_TEST": str(home)}


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, *arguments),
        cwd=PROJECT,
        env=marked(home),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def processes(home: Path) -> list[str]:
    """Command lines of the processes that a demo started, whatever became of their parents."""
    mark = f"DEMO_UNDER_TEST={home}".encode()
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def row(output: str, number: int) -> Sequence[str]:
    (line,) = re.findall(
        rf"^ *{number} .*(?:published|changed|trained|failed|rejected|rolled back).*$", output, re.MULTILINE
    )
    return line.split()


def test_the_whole_loop_runs_and_runs_again(tmp_path: Path):
    home = tmp_path / "home"
    first = demo(home, *SMALL)
    assert first.returncode == 0, first.stdout + first.stderr
    one, two = row(first.stdout, 1), row(first.stdout, 2)
    assert one[:4] == ["1", "80", "80", "0"]
    assert two[:4] == ["2", "124", "120", "4"]
    assert "published" in two
    assert float(two[-1].rstrip("%")) >= 80
    three, four = row(first.stdout, 3), row(first.stdout, 4)
    assert "rejected" in three
    assert three[-1] == two[-1]
    assert "rolled" in four
    assert four[-1] == one[-1]
    for reason in ("Empty", "ErrorImageFormat", "NoLabel", "TooLarge"):
        assert f": {reason}\n" in first.stdout
    assert "\x1b" not in first.stdout
    assert processes(home) == []
    again = demo(home, *SMALL)
    assert again.returncode == 0, again.stdout + again.stderr
    assert row(again.stdout, 2)[:4] == two[:4]


def test_a_folder_of_the_users_own_works_the_same(tmp_path: Path):
    images = tmp_path / "images"
    for label, colour in (("sky", (90, 150, 230)), ("grass", (60, 160, 60))):
        (images / label).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (40 + number, 40), tuple(part + number for part in colour)).save(
                images / label / f"{number}.png"
            )
    result = demo(tmp_path / "home", "--images", str(images))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 labels" in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_behind(tmp_path: Path, number: signal.Signals):
    home = tmp_path / "home"
    log = tmp_path / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        running = subprocess.Popen(
            command(home, *SMALL),
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=marked(home),
        )
    deadline = time.monotonic() + 120
    while "Round 1" not in log.read_text(encoding="utf-8"):
        assert running.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(processes(home)) > 2
    running.send_signal(number)
    assert running.wait(timeout=60) == 1
    assert "interrupted" in log.read_text(encoding="utf-8")
    assert processes(home) == []
