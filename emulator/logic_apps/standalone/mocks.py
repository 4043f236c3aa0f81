"""Mock files: what calls and actions are answered, read from JSON (`mock_file.schema.json`) into answers."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import jsonschema
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

from emulator.durations import duration_seconds
from emulator.logic_apps.expressions import Json

SCHEMA = Path(__file__).with_name("mock_file.schema.json")
"""The JSON Schema of mock files."""

Failure: TypeAlias = Literal["timeout", "connectionDropped", "connectionRefused", "nameNotResolved"]


class MockError(Exception):
    """A mock file is not valid, or does not answer what a run asks; the message says where and what."""


@dataclass(frozen=True)
class Response:
    """An HTTP answer that comes after `delay` seconds."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json = None
    delay: float = 0.0


@dataclass(frozen=True)
class NoResponse:
    """A call that fails after `delay` seconds."""

    failure: Failure
    delay: float = 0.0


@dataclass(frozen=True)
class Result:
    """What comes of an action after `delay` seconds."""

    status: str = "Succeeded"
    code: str | None = None
    outputs: Json = None
    error: Mapping[str, str] | None = None
    delay: float = 0.0


@dataclass(frozen=True)
class StaticResult:
    """What comes of an action: one of the definition's ``staticResults``."""

    name: str


CallAnswer: TypeAlias = Response | NoResponse
Answer: TypeAlias = Response | NoResponse | Result | StaticResult


@dataclass(frozen=True)
class Answers:
    """Answers of one call after the other; `repeats` tells whether the last one stands for all further calls."""

    sequence: Sequence[Answer]
    repeats: bool

    def at(self, number: int) -> Answer | None:
        """Return the answer of a call, counted from 0; None where there are no more."""
        if number < len(self.sequence):
            return self.sequence[number]
        return self.sequence[-1] if self.repeats else None


@dataclass(frozen=True)
class ActionAnswers:
    """The answers of an action: those of a repetition in a loop (``000001``), else the others."""

    repetitions: Mapping[str, Answers]
    otherwise: Answers | None

    def every(self) -> Iterable[Answer]:
        """Return all answers."""
        for answers in (*self.repetitions.values(), *([self.otherwise] if self.otherwise else [])):
            yield from answers.sequence


@dataclass(frozen=True)
class Rule:
    """Answers for the calls that fit."""

    url: str
    answers: Answers
    method: str | None = None
    action: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json = None
    body_contains: str | None = None

    def fits(self, action: str, method: str, url: str, headers: Mapping[str, str], content: bytes) -> bool:
        """Tell whether a call is one of those; `headers` are by lower-case name."""
        return (
            (self.method is None or self.method == method.upper())
            and (self.action is None or self.action.lower() == action.lower())
            and matches(self.url, url)
            and all(matches(pattern, headers.get(name.lower(), "")) for name, pattern in self.headers.items())
            and (self.body_contains is None or self.body_contains in content.decode("utf-8", errors="replace"))
            and (self.body is None or _holds(_parsed(content), self.body))
        )


@dataclass(frozen=True)
class TriggerGiven:
    """What a trigger gives; `outputs` None where a mock file says nothing of it."""

    name: str | None = None
    outputs: Mapping[str, Json] | None = None


@dataclass(frozen=True)
class Mocks:
    """All that a mock file says."""

    actions: Mapping[str, ActionAnswers] = field(default_factory=dict[str, ActionAnswers])
    rules: Sequence[Rule] = ()
    passthrough: Sequence[str] = ()
    trigger: TriggerGiven = field(default_factory=TriggerGiven)
    parameters: Mapping[str, Json] = field(default_factory=dict[str, Json])
    app_settings: Mapping[str, str] = field(default_factory=dict[str, str])
    now: datetime | None = None
    source: str = "the mocks"

    def action(self, name: str) -> ActionAnswers | None:
        """Return the answers of an action, whatever the case of its name."""
        return next((answers for known, answers in self.actions.items() if known.lower() == name.lower()), None)

    def passes(self, url: str) -> bool:
        """Tell whether a call that nothing answers goes to the network."""
        return any(matches(pattern, url) for pattern in self.passthrough)

    def check_names(self, actions: Iterable[str]) -> None:
        """Refuse answers for actions that a definition does not have.

        Raises:
            MockError: one is not among `actions`.
        """
        known = {name.lower(): name for name in actions}
        named = [("actions", name) for name in self.actions]
        named += [(f"requests.{number}.action", rule.action) for number, rule in enumerate(self.rules) if rule.action]
        for where, name in named:
            if name.lower() not in known:
                near = difflib.get_close_matches(name.lower(), known, 1)
                hint = f"; did you mean '{known[near[0]]}'" if near else f"; there are: {', '.join(known.values())}"
                raise MockError(f"{self.source}: {where}: the workflow has no action '{name}'{hint}")


def read_mocks(path: Path) -> Mocks:
    """Return what a mock file says.

    Raises:
        MockError: the file cannot be read or is not valid; the message names file, field and value.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise MockError(f"{path}: {error}") from error
    return parse_mocks(content, str(path))


def parse_mocks(content: Any, source: str = "the mocks") -> Mocks:
    """Return what the content of a mock file says; `source` names it in errors.

    Raises:
        MockError: it is not valid; the message names source, field and value.
    """
    error = best_match(_validator().iter_errors(content))
    if error is not None:
        raise MockError(f"{source}: {_told(error)}")
    passthrough = content.get("passthrough", [])
    try:
        return Mocks(
            {name: _action_answers(given) for name, given in content.get("actions", {}).items()},
            [_rule(given) for given in content.get("requests", [])],
            ["*"] if passthrough is True else passthrough or [],
            _trigger(content.get("trigger", {})),
            content.get("parameters", {}),
            content.get("appSettings", {}),
            _moment(content["now"]) if "now" in content else None,
            source,
        )
    except ValueError as fault:
        raise MockError(f"{source}: {fault}") from fault


def matches(pattern: str, text: str) -> bool:
    """Tell whether `text` is of the pattern, in which * stands for any characters."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), registry=Registry())


def _told(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path) or "the file"
    schema: Any = error.schema
    instance: Any = error.instance
    value = json.dumps(instance, ensure_ascii=False)
    shown = value if len(value) <= 100 else f"{value[:100]}..."
    match str(error.validator):
        case "additionalProperties":
            unknown = sorted(set(instance) - set(schema.get("properties", {})))
            return f"{where}: unknown: {', '.join(unknown)}; allowed: {', '.join(schema.get('properties', {}))}"
        case "oneOf":
            return f"{where}: needs one of: {', '.join(each['required'][0] for each in schema['oneOf'])}; it is {shown}"
        case "enum":
            return f"{where}: is {shown}; allowed: {', '.join(str(each) for each in schema['enum'])}"
        case _:
            return f"{where}: {error.message if len(error.message) <= 300 else f'is {shown}'}"


def _action_answers(given: Any) -> ActionAnswers:
    if isinstance(given, dict) and "repetitions" in given:
        otherwise = given.get("otherwise")
        return ActionAnswers(
            {name: _answers(each) for name, each in given["repetitions"].items()},
            _answers(otherwise) if otherwise is not None else None,
        )
    return ActionAnswers({}, _answers(given))


def _answers(given: Any) -> Answers:
    if isinstance(given, list):
        return Answers([_answer(each) for each in given], repeats=False)
    if "answers" in given:
        return Answers([_answer(each) for each in given["answers"]], given.get("afterwards") == "repeat")
    return Answers([_answer(given)], repeats=True)


def _answer(given: Mapping[str, Any]) -> Answer:
    delay = duration_seconds(given["delay"]) if "delay" in given else 0.0
    if "statusCode" in given:
        return Response(given["statusCode"], given.get("headers", {}), given.get("body"), delay)
    if "failure" in given:
        return NoResponse(given["failure"], delay)
    if "staticResult" in given:
        return StaticResult(given["staticResult"])
    return Result(given.get("status", "Succeeded"), given.get("code"), given.get("outputs"), given.get("error"), delay)


def _rule(given: Mapping[str, Any]) -> Rule:
    if "responses" in given:
        answers = Answers([_answer(each) for each in given["responses"]], given.get("afterwards") == "repeat")
    else:
        answers = Answers([_answer(given.get("response") or {"statusCode": given["statusCode"]})], repeats=True)
    return Rule(
        given["url"],
        answers,
        given["method"].upper() if "method" in given else None,
        given.get("action"),
        given.get("headers", {}),
        given.get("body"),
        given.get("bodyContains"),
    )


def _trigger(given: Mapping[str, Any]) -> TriggerGiven:
    if "outputs" in given:
        return TriggerGiven(given.get("name"), given["outputs"])
    outputs = {name: value for name, value in given.items() if name != "name"}
    return TriggerGiven(given.get("name"), outputs or None)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"now: {text!r} is no moment such as 2026-01-01T00:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", errors="replace")


def _holds(value: Json, wanted: Json) -> bool:
    """Tell whether objects have at least the wanted members; everything else is equal."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            name in value and _holds(value[name], member) for name, member in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(value, list)
            and len(value) == len(wanted)
            and all(_holds(one, other) for one, other in zip(value, wanted, strict=True))
        )
    return type(value) is type(wanted) and value == wanted
