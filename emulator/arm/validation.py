"""What is checked of a resource before its provider is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

from emulator.arm.errors import ArmError
from emulator.arm.provider import Resource, ResourceType
from emulator.arm.regions import REGIONS, region_name
from emulator.arm.resource_id import ResourceId

MAXIMUM_TAGS = 50
MAXIMUM_TAG_NAME = 512
MAXIMUM_TAG_VALUE = 256
"""https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations"""

_NOT_IN_TAG_NAMES = frozenset("<>%&\\?/")
_SHOWN_CHARACTERS = 100


def check_name(type: ResourceType, id: ResourceId) -> None:
    """Check the last name of the id against the type's rule.

    Raises:
        ArmError: 400 InvalidResourceName.
    """
    if type.name.pattern.fullmatch(id.name) is None:
        raise ArmError(
            400,
            "InvalidResourceName",
            f"'{id.name}' is not a valid name for a resource of type '{type.type}'. Allowed: {type.name.words}.",
            "name",
        )


def check_envelope(id: ResourceId, type: ResourceType, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body without ``id``, ``name`` and ``type``, which say again what the address says.

    Raises:
        ArmError: 400 InvalidRequestContent, when they say something else.
    """
    for member, expected in (("id", str(id)), ("name", id.name), ("type", type.type)):
        given = body.get(member, expected)
        if not isinstance(given, str) or given.lower() != expected.lower():
            raise _invalid(member, f"{_shown(given)} differs from the request's address, which says '{expected}'")
    return {name: value for name, value in body.items() if name not in ("id", "name", "type")}


def check_location(type: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its location in Azure's spelling.

    Raises:
        ArmError: 400 LocationRequired, LocationNotAvailableForResourceType or InvalidRequestContent.
    """
    location = body.get("location")
    if type.location == "none":
        if location is not None:
            raise _invalid("location", f"a resource of type '{type.type}' has no location; leave it out")
        return body
    if location is None:
        raise ArmError(400, "LocationRequired", f"The location property is required for '{type.type}'.", "location")
    allowed = REGIONS if type.location == "required" else frozenset({"global"})
    name = region_name(location) if isinstance(location, str) else ""
    if name not in allowed:
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location {_shown(location)} is not available for resource type '{type.type}'. Available: "
            f"{', '.join(sorted(allowed))}.",
            "location",
        )
    return body | {"location": name}


def check_tags(body: Mapping[str, Any]) -> None:
    """Check number and lengths of the tags.

    Raises:
        ArmError: 400 InvalidTag or TooManyTags.
    """
    tags: Any = body.get("tags")
    if tags is None:
        return
    if not isinstance(tags, dict):
        raise _invalid("tags", f"{_shown(tags)} is not an object of names and values")
    if len(tags) > MAXIMUM_TAGS:
        raise ArmError(400, "TooManyTags", f"There are {len(tags)} tags; allowed: {MAXIMUM_TAGS}.", "tags")
    spellings: dict[str, str] = {}
    for name, value in tags.items():
        if spellings.setdefault(name.lower(), name) != name:
            text = f"tags.{name}: the tag is there twice, as '{spellings[name.lower()]}' too; its case says nothing."
            raise ArmError(400, "InvalidTag", text, "tags")
        if _NOT_IN_TAG_NAMES & set(name):
            text = f"tags.{name}: not allowed in a tag's name: {' '.join(sorted(_NOT_IN_TAG_NAMES))}."
            raise ArmError(400, "InvalidTagNameCharacters", text, "tags")
        if not isinstance(value, str):
            raise ArmError(400, "InvalidTag", f"tags.{name}: {_shown(value)} is not a string.", f"tags.{name}")
        if not 0 < len(name) <= MAXIMUM_TAG_NAME or len(value) > MAXIMUM_TAG_VALUE:
            raise ArmError(
                400,
                "InvalidTag",
                f"tags.{name[:_SHOWN_CHARACTERS]}: a tag's name has 1 to {MAXIMUM_TAG_NAME} characters, its value at "
                f"most {MAXIMUM_TAG_VALUE}.",
                "tags",
            )


def check_schema(type: ResourceType, body: Mapping[str, Any]) -> None:
    """Check the body against the type's JSON Schema. Values of what the schema calls ``writeOnly`` are never shown.

    Raises:
        ArmError: 400 InvalidRequestContent; names every property at fault, its value and what is allowed.
    """
    # One explanation names all members that are missing or unknown; jsonschema reports each of them.
    found = sorted({_explain(error) for error in Draft7Validator(type.schema).iter_errors(body)})
    if not found:
        return
    message = "; ".join(f"{path}: {text}" if path else text for path, text in found)
    raise ArmError(
        400,
        "InvalidRequestContent",
        f"The request content is invalid for '{type.type}': {message}.",
        found[0][0] or None,
    )


def without_read_only(schema: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the body without what the schema calls ``readOnly``: a client may send back what it has read."""
    return _pruned(schema, body, lambda _, rule: not _is_read_only(rule))


def only_declared(schema: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return of a kept body what a request may contain by the schema, for a PATCH to start from."""
    return _pruned(
        schema,
        body,
        lambda around, rule: (
            around.get("additionalProperties") is not False if rule is None else not _is_read_only(rule)
        ),
    )


def check_immutable(type: ResourceType, previous: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with the immutable properties that it leaves out as they were. Unset and false are the same.

    Raises:
        ArmError: 409 InvalidResourceLocation or PropertyChangeNotAllowed, when it changes one.
    """
    old = previous.body.get("location")
    if old is not None and body.get("location", old) != old:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{previous.id.name}' already exists in location '{old}'. It cannot be moved to "
            f"'{body['location']}'.",
            "location",
        )
    for path in type.immutable:
        names = path.split(".")
        before, after = _get(previous.body, names), _get(body, names)
        if after is _MISSING:
            if before is not _MISSING:
                body = _with(body, names, before)
        elif not (_same(before, after) or (before is _MISSING and after is False)):
            shown = "unset" if before is _MISSING else _shown(before)
            raise ArmError(
                409,
                "PropertyChangeNotAllowed",
                f"Changing property '{path}' is not allowed: it is {shown} and cannot become {_shown(after)}.",
                path,
            )
    return body


_MISSING: Any = object()


def _get(body: Mapping[str, Any], names: list[str]) -> Any:
    value: Any = body
    for name in names:
        if not isinstance(value, dict) or value.get(name) is None:
            return _MISSING
        value = value[name]
    return value


def _with(body: dict[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    first, *rest = names
    return body | {first: _with(body.get(first) or {}, rest, value) if rest else value}


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return before.lower() == after.lower()
    return before == after


def _is_read_only(rule: Any) -> bool:
    return isinstance(rule, dict) and rule.get("readOnly") is True


def _pruned(schema: Any, value: Any, keeps: Callable[[Mapping[str, Any], Any], bool]) -> Any:
    """Return `value` without the members that `keeps(schema around, the member's own schema or None)` denies."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        return [_pruned(schema.get("items"), item, keeps) for item in value]
    if not isinstance(value, dict):
        return value
    rules = schema.get("properties", {})
    return {
        name: _pruned(rules.get(name), member, keeps)
        for name, member in value.items()
        if keeps(schema, rules.get(name))
    }


def _explain(error: ValidationError) -> tuple[str, str]:
    """Return the path of the property at fault and what is wrong with it."""
    while error.context:
        # Of alternatives, one of the value's own type says more than one of another type.
        likely = [other for other in error.context if other.validator != "type" or other.path] or error.context
        error = best_match(likely) or likely[0]
    path = _path(error.absolute_path)
    rule: Any = error.schema if isinstance(error.schema, dict) else {}
    instance: Any = error.instance
    value = "the value" if rule.get("writeOnly") else _shown(instance)
    expected: Any = error.validator_value
    keyword: Any = error.validator
    match keyword:
        case "additionalProperties":
            known = rule.get("properties", {})
            unknown = ", ".join(sorted(name for name in instance if name not in known))
            allowed = ", ".join(sorted(name for name, member in known.items() if not _is_read_only(member)))
            text = f"unknown: {unknown}; allowed: {allowed or 'nothing'}"
        case "required":
            text = f"required and missing: {', '.join(name for name in expected if name not in instance)}"
        case "enum":
            text = f"{value} is not allowed; allowed: {', '.join(map(_shown, expected))}"
        case "const":
            text = f"{value} is not allowed; allowed: {_shown(expected)}"
        case "type":
            text = f"{value} is not of type {expected if isinstance(expected, str) else ' or '.join(expected)}"
        case _:
            text = f"{value} violates {keyword} {json.dumps(expected)[:_SHOWN_CHARACTERS]}"
    return path, text


def _path(names: Iterable[str | int]) -> str:
    return "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names).lstrip(".")


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        # Not their content: there may be secrets in it.
        return "an object" if isinstance(value, dict) else "an array"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _invalid(target: str, text: str) -> ArmError:
    return ArmError(400, "InvalidRequestContent", f"The request content is invalid: {target}: {text}.", target)
