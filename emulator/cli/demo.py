"""The command that shows the product's main job."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.markup import escape

from emulator import process
from emulator.cli.options import PROJECT, fail, reported_faults, terminal
from emulator.demo.images import ImagesError
from emulator.demo.loop import Size, run_demo
from emulator.demo.narration import Narration
from emulator.demo.retraining import RetrainingError
from emulator.home import Home
from emulator.pulumi.engine import DeploymentError


def demo(
    images: Annotated[
        Path | None,
        typer.Option(help="A folder with images as <label>/<file>.", show_default="scikit-learn's handwritten digits"),
    ] = None,
    home: Annotated[
        Path, typer.Option(help="The demo's own emulator; what an earlier demo left here is removed first.")
    ] = Path(".emulator-demo"),
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave the emulator running after a demo that worked.")
    ] = False,
    first: Annotated[int, typer.Option(min=5, help="Images of each label in round 1.")] = Size.first,
    second: Annotated[int, typer.Option(min=1, help="Images of each label in round 2.")] = Size.second,
    held_out: Annotated[int, typer.Option(min=1, help="Images of each label to judge the model by.")] = Size.held_out,
) -> None:
    """Deploy the program on an emulator of its own, upload images, retrain, gate, publish, predict, roll back.

    Exit status 0 only if the second round's model is published and answers.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = terminal()
    folder = Home(home)
    published = False
    try:
        with reported_faults(ImagesError, RetrainingError, DeploymentError):
            published = run_demo(folder, PROJECT, images, Size(first, second, held_out), Narration(console))
    except KeyboardInterrupt:
        raise fail(f"interrupted; the emulator is ended, its state lies in {folder.root}") from None
    finally:
        if not (published and keep_running):
            process.stop(folder)
    if not published:
        raise typer.Exit(1)
    option = f"--home {escape(str(home))}"
    console.print()
    if not keep_running:
        console.print(f"Look further: the emulator is ended, its state stays. Start it: python -m emulator up {option}")
    configuration, _ = folder.load()
    console.print(f"Pages: {configuration.url('portal')}   Resources: python -m emulator status {option}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
