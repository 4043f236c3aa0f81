"""How the demo tells what happens: live on a terminal, plain lines in a file."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PLAIN_REPORTS = 4
"""How many lines a progress makes where nothing can be drawn over."""


class Narration:
    """Lines with the seconds since the start, headings for the steps, bars for what takes long."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._start = time.monotonic()

    def step(self, text: str) -> None:
        """Begin a step."""
        self.console.print()
        self._line(f"[bold cyan]{text}[/]")

    def tell(self, text: str) -> None:
        """Report something that happened in the step."""
        self._line(f"  {text}")

    @contextlib.contextmanager
    def progress(self, text: str, total: int) -> Generator[Callable[[], None]]:
        """Give what is to be called after each of `total` pieces of work; it may be called from any thread."""
        if not self.console.is_terminal:
            count = _PlainCount(self, text, total)
            yield count.advance
            return
        columns = (TextColumn("          {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(text, total=total)
            yield lambda: bar.advance(task)
        self.tell(f"{text}: {total}")

    @contextlib.contextmanager
    def working(self) -> Generator[Callable[[str], None]]:
        """Give what shows the work under way in place, on a terminal only."""
        if not self.console.is_terminal:
            yield lambda text: None
            return
        with self.console.status("") as status:
            yield lambda text: status.update(f"[dim]{text}[/]")

    def _line(self, text: str) -> None:
        self.console.print(f"[dim]{time.monotonic() - self._start:7.1f}s[/]  {text}", highlight=False, soft_wrap=True)


class _PlainCount:
    def __init__(self, narration: Narration, text: str, total: int) -> None:
        self._narration = narration
        self._text = text
        self._total = total
        self._done = 0

    def advance(self) -> None:
        self._done += 1
        quarter = max(1, self._total // _PLAIN_REPORTS)
        if self._done == self._total or self._done % quarter == 0:
            self._narration.tell(f"{self._text}: {self._done} of {self._total}")
