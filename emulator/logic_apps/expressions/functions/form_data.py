"""Fields of forms and parts of multipart bodies, of an action's outputs or of the trigger's.

A body of a form has its fields in ``$formdata`` ([{key, value}]), one of several parts has them in ``$multipart``
([{headers, body}]).
"""

from __future__ import annotations

import re
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.reference import action_body, trigger_body
from emulator.logic_apps.expressions.functions.registry import function, integer, refused, text
from emulator.logic_apps.expressions.values import find_key

_FIELD = re.compile(r';\s*name=(?:"([^"]*)"|([^;]*))', re.IGNORECASE)


def _member(value: Any, name: str) -> Any:
    found = find_key(value, name) if isinstance(value, dict) else None
    return None if found is None else value[found]


def _fields(name: str, body: Any, key: str) -> list[Any]:
    """Return the values of the form's fields of that name, which ignores case."""
    kind = str(_member(body, "$content-type") or "").lower()
    fields, parts = _member(body, "$formdata"), _member(body, "$multipart")
    if kind.startswith("application/x-www-form-urlencoded") and isinstance(fields, list):
        return [_member(each, "value") for each in fields if str(_member(each, "key")).lower() == key.lower()]
    if kind.startswith("multipart/form-data") and isinstance(parts, list):
        return [_member(part, "body") for part in parts if _name_of(part) == key.lower()]
    raise refused(
        name, "the body is no form: it has to be of type multipart/form-data or application/x-www-form-urlencoded"
    )


def _name_of(part: Any) -> str | None:
    match = _FIELD.search(str(_member(_member(part, "headers"), "content-disposition") or ""))
    return None if match is None else (match[1] if match[1] is not None else match[2].strip()).lower()


def _field(name: str, body: Any, key: str) -> Any:
    found = _fields(name, body, key)
    if len(found) > 1:
        raise refused(name, f"the form has {len(found)} fields '{key}'")
    return found[0] if found else None


def _part(name: str, body: Any, index: int) -> Any:
    kind, parts = str(_member(body, "$content-type") or ""), _member(body, "$multipart")
    if not kind.lower().startswith("multipart/") or not isinstance(parts, list):
        raise refused(name, f"the body of type '{kind}' has no parts")
    if not 0 <= index < len(parts):
        raise refused(name, f"the body has {len(parts)} parts, and none of index {index}")
    return _member(parts[index], "body")


@function("formDataValue", least=2, of_run=True)
def form_data_value(environment: Environment, action: Any, key: Any) -> Any:
    """Return a field of the form that an action has as its body, null if there is none."""
    return _field("formDataValue", action_body(environment, "formDataValue", action), text("formDataValue", key, 2))


@function("formDataMultiValues", least=2, of_run=True)
def form_data_multi_values(environment: Environment, action: Any, key: Any) -> list[Any]:
    """Return all fields of that name of the form that an action has as its body."""
    name = "formDataMultiValues"
    return _fields(name, action_body(environment, name, action), text(name, key, 2))


@function("multipartBody", least=2, of_run=True)
def multipart_body(environment: Environment, action: Any, index: Any) -> Any:
    """Return a part of the body of an action."""
    name = "multipartBody"
    return _part(name, action_body(environment, name, action), integer(name, index, 2))


@function("triggerFormDataValue", least=1, of_run=True)
def trigger_form_data_value(environment: Environment, key: Any) -> Any:
    """Return a field of the form that the trigger has as its body, null if there is none."""
    return _field("triggerFormDataValue", trigger_body(environment), text("triggerFormDataValue", key))


@function("triggerFormDataMultiValues", least=1, of_run=True)
def trigger_form_data_multi_values(environment: Environment, key: Any) -> list[Any]:
    """Return all fields of that name of the form that the trigger has as its body."""
    name = "triggerFormDataMultiValues"
    return _fields(name, trigger_body(environment), text(name, key))


@function("triggerMultipartBody", least=1, of_run=True)
def trigger_multipart_body(environment: Environment, index: Any) -> Any:
    """Return a part of the trigger's body."""
    return _part("triggerMultipartBody", trigger_body(environment), integer("triggerMultipartBody", index))
