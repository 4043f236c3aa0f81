"""The outputs of a stack: where they come from, and what is needed of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 300


class OutputsError(Exception):
    """The stack's outputs cannot be had; the message says why and what to do."""


class Outputs:
    """The outputs by name."""

    def __init__(self, values: dict[str, Any], source: str) -> None:
        self._values = values
        self._source = source

    @property
    def names(self) -> list[str]:
        """The names of all outputs; none before the stack is deployed."""
        return list(self._values)

    def text(self, name: str) -> str:
        """Return the output `name`.

        Raises:
            OutputsError: the stack has none of that name.
        """
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            known = ", ".join(sorted(self._values)) or "none"
            raise OutputsError(
                f"{self._source} has no output {name} ({known}); deploy the stack with this version of the program"
            )
        return value

    def is_of_the_stack(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource, as ARM shows it, has the stack's tags."""
        tags = resource.get("tags") or {}
        return (tags.get("project"), tags.get("stack")) == (self.text("pulumiProject"), self.text("pulumiStack"))

    @property
    def group_id(self) -> str:
        """ARM id of the resource group."""
        return self.text("logicAppId").partition("/providers/")[0]

    @property
    def subscription(self) -> str:
        """ARM id of the subscription."""
        return "/".join(self.text("logicAppId").split("/")[:3])


def of_stack(stack: str) -> Outputs:
    """Ask the Pulumi CLI, in the current folder.

    Raises:
        OutputsError: there is no such command, or it failed.
    """
    command = ["pulumi", "stack", "output", "--json", "--stack", stack]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputsError(f"{' '.join(command)}: {error}; install the Pulumi CLI, or give --outputs FILE") from error
    if done.returncode:
        raise OutputsError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return _parsed(done.stdout, f"the stack {stack}")


def of_file(path: str) -> Outputs:
    """Read what ``pulumi stack output --json`` printed from a file; ``-`` is the standard input.

    Raises:
        OutputsError: the file cannot be read or holds something else.
    """
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutputsError(f"{path}: {error}") from error
    return _parsed(text, path)


def _parsed(text: str, source: str) -> Outputs:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise OutputsError(f"{source}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise OutputsError(
            f"{source}: {type(values).__name__}; allowed: an object, as pulumi stack output --json prints"
        )
    return Outputs(values, source)
