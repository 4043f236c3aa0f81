"""The command line: ``python -m validation --help``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from components.azure_login import AZURE_CLI, CommandTokens
from components.naming import SUFFIX_LENGTH
from validation import destroyed, outputs, preflight
from validation.azure import AzureError, ResourceManager
from validation.check import Check, FailedError, answered
from validation.deployed import DeployedStack
from validation.outputs import Outputs, OutputsError
from validation.table import rendered

PUBLIC_CLOUD: Final = "https://management.azure.com/"
_PROJECT_FILE: Final = "Pulumi.yaml"


class ArgumentsError(Exception):
    """What the command was given does not fit together; the message says what is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of checks; return 0 where none failed, 1 where one did, 2 where none could be asked."""
    options = _parser().parse_args(arguments)
    try:
        results = _results(options)
    except (ArgumentsError, OutputsError, AzureError, FailedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return results


def _results(options: argparse.Namespace) -> int:
    arm = ResourceManager(options.resource_manager, options.audience, CommandTokens(options.token_command))
    if options.preflight:
        return _shown(preflight.checks(arm, _plan(options, arm)))
    found = _outputs(options)
    if options.destroyed:
        return _shown(destroyed.checks(arm, found))
    stack = DeployedStack(arm, found, options.patience)
    try:
        return _shown(stack.checks(read_only=options.read_only))
    finally:
        stack.clean_up()


def _shown(checks: list[Check]) -> int:
    results = answered(checks)
    print(rendered(results))
    return int(any(result.verdict == "failed" for result in results))


def _outputs(options: argparse.Namespace) -> Outputs:
    if options.outputs:
        return outputs.of_file(options.outputs)
    if options.destroyed:
        raise ArgumentsError(
            "--destroyed needs --outputs FILE: what `pulumi stack output --json > FILE` printed before pulumi destroy"
        )
    if not options.stack:
        raise ArgumentsError("--stack NAME or --outputs FILE is needed")
    return outputs.of_stack(options.stack)


def _plan(options: argparse.Namespace, arm: ResourceManager) -> preflight.Plan:
    if not options.stack:
        raise ArgumentsError("--preflight needs --stack NAME")
    project = _yaml(Path(_PROJECT_FILE))
    file = Path(f"Pulumi.{options.stack}.yaml")
    config: dict[str, Any] = _yaml(file).get("config") or {}
    location = options.location or config.get("azure-native:location")
    if not location:
        raise ArgumentsError(f"{file} sets no azure-native:location; set it, or give --location")

    def setting(key: str) -> str:
        value = config.get(f"{project['name']}:{key}", project["config"][key]["default"])
        return json.dumps(value) if isinstance(value, bool) else str(value)

    return preflight.Plan(
        options.subscription or preflight.only_subscription(arm),
        project["name"],
        options.stack,
        str(location),
        setting("customVisionSku"),
        options.suffix or _suffix(options),
        setting("purgeOnDestroy") == "true",
        setting("existingResourceGroup"),
        setting("existingWorkspaceId"),
    )


def _suffix(options: argparse.Namespace) -> str | None:
    """Return the end of the names that the stack has made, None where there are none yet."""
    if options.outputs:
        found = outputs.of_file(options.outputs)
    else:
        try:
            found = outputs.of_stack(options.stack)
        except OutputsError:
            return None  # No stack of this name yet, or no Pulumi CLI to ask.
    return found.text("storageAccountName")[-SUFFIX_LENGTH:] if found.names else None


def _yaml(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ArgumentsError(f"{path}: {error}; run this in the project's folder") from error
    if not isinstance(found, dict):
        raise ArgumentsError(f"{path}: holds no settings")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation",
        description="Checks a deployed stack: its resources, the project, an upload, a run, artifacts, a prediction, "
        "alerts. It uploads a test image without a label, which the run sets aside, and removes it again.",
    )
    parser.add_argument("--stack", metavar="NAME", help="the stack, by the name that Pulumi knows")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--preflight", action="store_true", help="check before the first deployment instead")
    what.add_argument("--destroyed", action="store_true", help="check that a destroyed stack left nothing")
    what.add_argument("--read-only", action="store_true", help="upload nothing and start no run")
    parser.add_argument("--outputs", metavar="FILE", help="the stack's outputs as JSON instead of the Pulumi CLI's; -")
    parser.add_argument(
        "--patience", type=float, default=900, metavar="SECONDS", help="how long a run may take (default: 900)"
    )
    parser.add_argument("--subscription", metavar="ID", help="for --preflight; else the only one that the login sees")
    parser.add_argument("--location", metavar="REGION", help="for --preflight; else that of the stack's file")
    parser.add_argument(
        "--suffix",
        metavar="TEXT",
        help="for --preflight: the random suffix of the stack's names; else that of the stack's outputs, if it has any",
    )
    parser.add_argument("--resource-manager", metavar="URL", default=PUBLIC_CLOUD, help="of another cloud")
    parser.add_argument("--audience", metavar="URL", default=PUBLIC_CLOUD, help="of tokens for the resource manager")
    parser.add_argument(
        "--token-command", metavar="COMMAND", default=AZURE_CLI, help=f"prints a token (default: {AZURE_CLI})"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
