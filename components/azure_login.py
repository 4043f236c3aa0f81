"""Bearer tokens of who is logged in, where azure-native cannot be asked: while a stack is destroyed, and in checks."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Final

AZURE_CLI: Final = "az account get-access-token --resource {audience} --query accessToken --output tsv"
"""Prints a token of who is logged in; https://learn.microsoft.com/cli/azure/account."""
TOKEN_COMMAND: Final = "AZURE_TOKEN_COMMAND"
"""Environment variable with another command than `AZURE_CLI`."""

_TIMEOUT_SECONDS: Final = 120


class LoginError(Exception):
    """There is no token; the message says which command was asked, and what it said."""


class CommandTokens:
    """Bearer tokens that a command prints, each asked for once.

    `command` is split as a shell would, without a shell; ``{audience}`` in it is what the token is for.
    """

    def __init__(self, command: str = AZURE_CLI) -> None:
        self._command = shlex.split(command)
        self._known: dict[str, str] = {}

    def __call__(self, audience: str) -> str:
        """Return a token for `audience`.

        Raises:
            LoginError: the command is not there, failed, or printed nothing.
        """
        if audience not in self._known:
            self._known[audience] = self._ask(audience)
        return self._known[audience]

    def _ask(self, audience: str) -> str:
        arguments = [part.replace("{audience}", audience) for part in self._command]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LoginError(f"no token for {audience}: {arguments[0]}: {error}") from error
        token = done.stdout.strip()
        if done.returncode or not token:
            raise LoginError(f"no token for {audience}: {arguments[0]}: {done.stderr.strip()[-300:] or 'no output'}")
        return token


def logged_in() -> CommandTokens:
    """Return the tokens of the command that the environment names, else of the Azure CLI."""
    return CommandTokens(os.environ.get(TOKEN_COMMAND) or AZURE_CLI)
