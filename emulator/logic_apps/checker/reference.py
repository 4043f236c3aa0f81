"""The page docs/checker.md, made of the catalogue of rules.

``python -m emulator.logic_apps.checker.reference`` writes it anew; a test fails where it is not what is rendered here.
"""

from __future__ import annotations

import json
import textwrap
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from emulator.logic_apps.checker.rules import RULES, Rule, Severity

PAGE: Final = Path(__file__).parents[3] / "docs" / "checker.md"
_WIDTH: Final = 110
_HEAD: Final = """\
# The checker of workflow definitions

<!-- Written by `python -m emulator.logic_apps.checker.reference`; a test fails when it is out of date. -->

    python -m emulator lint PATH...

tells what Azure would refuse when a workflow is saved, and what it accepts to your harm, before anything is deployed.
It needs no Azure, no running emulator, no network, and works for anybody's Logic Apps. A PATH is

- a workflow definition,
- an ARM template: every `Microsoft.Logic/workflows` in it, in nested deployments too. Strings in `[...]` are known at
  deployment and fit anywhere, `[[` stands for `[`; comments are allowed,
- a `workflow.json` of Standard (`definition` and `kind`); the app's `parameters.json` is read where there is one,
- a workflow resource (`properties.definition`); the values of its parameters are checked too,
- a folder: every `*.json` below it that holds one of these; other files are skipped and counted.

`{"$include": "file.json"}` in a definition stands for the content of that file of its folder; places point into the
included file.

    orders.json:12:15: error unknown-function: the action 'Sum': The template function 'sum' is not defined or not ...
      "inputs": "@sum(1, 2)"
                  ^

In brackets at the end of the line stands the code with which the service refuses. Columns count characters from 1,
inside of expressions too.

| option | meaning |
|---|---|
| `--format text` | for people |
| `--format json` | a list of `{file, line, column, pointer, severity, code, message}` |
| `--format sarif` | SARIF 2.1.0, for code scanning |
| `--strict` | warnings make the exit status 1 too |
| `--target emulator` | tell as well what Azure runs and the emulator does not |
| `--config FILE` | instead of the nearest `.workflowlint.toml` above each PATH |

Exit status: 0 without errors, 1 with errors, 2 where a path or the configuration cannot be used.

## Configuration

`.workflowlint.toml` says which warnings do not count. Every entry needs a reason; a name that is no rule, or an error,
is refused: what the service refuses cannot be switched off.

    [rules.address-in-definition]
    severity = "off"                # off, warning or error
    reason = "one environment only"

    [[ignore]]
    rule = "write-retried"
    files = "orders/*.json"         # below the folder of this file; all where it is left out
    pointer = "/actions/Send*"      # JSON Pointer, * stands for anything; all where it is left out
    reason = "the receiver drops what it has seen"

## Where it stops

It does not run anything: types of values that expressions give, and what connectors ask for, are known only at run
time (`python -m emulator eval` evaluates an expression). Types of operations that Azure has and the emulator does not
are checked as far as the rules of all operations go. ARM expressions are not evaluated.
"""


def page() -> str:
    """Return the whole of docs/checker.md."""
    parts = [_HEAD]
    for severity, title in ((Severity.ERROR, "Errors"), (Severity.WARNING, "Warnings")):
        rules = sorted(
            (rule for rule in RULES.values() if rule.severity is severity), key=lambda rule: (rule.topic, rule.code)
        )
        for topic, members in groupby(rules, key=lambda rule: rule.topic):
            parts.append(f"## {title}: {topic}\n")
            parts += [_section(rule) for rule in members]
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    service = f" The service answers `{rule.service}`." if rule.service is not None else ""
    text = f"{rule.summary} {rule.reason}{service}"
    lines = [f"### {rule.code}", "", *_wrapped(text), "", *_wrapped(f"Fix: {rule.fix}"), ""]
    if rule.example:
        lines += [*_block(rule.example), "", "mended:", "", *_block(rule.fixed), ""]
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _block(example: str) -> list[str]:
    """Return the lines of an example, indented: a long one in as many as it needs to stay narrow."""
    text = example.strip()
    lines = [text] if len(text) <= _WIDTH else _narrow(json.loads(text), "", "")
    return [f"    {line}" for line in lines]


def _narrow(value: Any, before: str, after: str) -> list[str]:
    """Return the lines of a JSON value, between what stands before and after it: one where it fits."""
    text = f"{before}{json.dumps(value, ensure_ascii=False)}{after}"
    indent = " " * (len(before) - len(before.lstrip()))
    if len(text) <= _WIDTH or not isinstance(value, dict | list):
        return [text]
    pairs: list[tuple[str, Any]] = (
        [(f"{json.dumps(name, ensure_ascii=False)}: ", member) for name, member in value.items()]
        if isinstance(value, dict)
        else [("", member) for member in value]
    )
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    lines = [f"{before}{opening}"]
    for number, (name, member) in enumerate(pairs, 1):
        lines += _narrow(member, f"{indent}  {name}", "," if number < len(pairs) else "")
    return [*lines, f"{indent}{closing}{after}"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
