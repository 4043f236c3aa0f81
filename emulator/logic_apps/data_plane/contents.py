"""Serves inputs and outputs of triggers and actions at the signed addresses that the management API gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.logic_apps.history.records import Part
from emulator.logic_apps.history.run_history import RunHistory
from emulator.logic_apps.history.run_store import TRIGGER_PARTS

_RUN: Final = "/workflows/{guid}/runs/{run}"
_ACTION: Final = f"{_RUN}/actions/{{action}}"
_REPETITION: Final = f"{_ACTION}/repetitions/{{repetition}}"
_REQUEST: Final = "/requestHistories/{request}"
_ACTION_PARTS: Final[dict[str, Part]] = {"ActionInputs": "inputs", "ActionOutputs": "outputs"}
_RESPONSE_BODY: Final = "ResponseBody"

Admission = Callable[[Request, str], Response | str]
"""Returns the refusal of a request, or the id of the workflow whose contents the given permission opens."""
Refusal = Callable[[int, str, str], Response]


class Contents:
    """The addresses of contents; who is admitted, and how refusals look, the service says."""

    def __init__(self, history: RunHistory, admitted: Admission, refusal: Refusal) -> None:
        self._history = history
        self._admitted = admitted
        self._refusal = refusal

    @property
    def routes(self) -> list[Route]:
        """The addresses."""
        places = (_RUN, _ACTION, _REPETITION, _ACTION + _REQUEST, _REPETITION + _REQUEST)
        return [Route(f"{place}/contents/{{part}}", self._serve) for place in places]

    async def _serve(self, request: Request) -> Response:
        names: dict[str, Any] = request.path_params
        workflow = self._admitted(request, _permission(names))
        if isinstance(workflow, Response):
            return workflow
        run = self._history.run(workflow, names["run"])
        text = self._found(names) if run is not None else None
        if text is None:
            return self._refusal(404, "ContentNotFound", f"There is no {names['part']} at {request.url.path}.")
        return Response(text, media_type="application/json")

    def _found(self, names: dict[str, Any]) -> str | None:
        run, part = names["run"], names["part"]
        if "action" not in names:
            return self._history.content(run, "", part) if part in TRIGGER_PARTS.values() else None
        path = self._history.path_of(run, names["action"], names.get("repetition", ""))
        if path is None:
            return None
        if "request" in names:
            return self._history.content(run, path, names["request"]) if part == _RESPONSE_BODY else None
        side = _ACTION_PARTS.get(part)
        return self._history.action_content(run, path, side) if side else None


def _permission(names: dict[str, Any]) -> str:
    """Return what a signature has to permit for the address: its path from the run on, and reading."""
    found = f"/runs/{names['run']}"
    for name, word in (("action", "actions"), ("repetition", "repetitions"), ("request", "requestHistories")):
        if name in names:
            found += f"/{word}/{names[name]}"
    return f"{found}/contents/{names['part']}/read"
