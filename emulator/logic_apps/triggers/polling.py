"""Looks of triggers that poll: Http triggers call, Recurrence triggers fire.

What an answer means: "Schema reference guide for trigger and action types in Azure Logic Apps", HTTP trigger.
"""

from __future__ import annotations

from http import HTTPStatus

from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.expressions import ExpressionError, compile_template
from emulator.logic_apps.history.records import FAILED, SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.http.authentication import shown as shown_inputs
from emulator.logic_apps.http.http_calls import Response, Sender, prepare
from emulator.logic_apps.http.retry_policy import seconds_to_wait
from emulator.logic_apps.runs.failures import CallError
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.triggers.firing import Firing, Look, decides_on_status, shown

_REFUSED = 400
_LOCATION = "location"


class Polling:
    """Asks what Http triggers ask."""

    def __init__(self, runtime: Runtime, firing: Firing) -> None:
        self._runtime = runtime
        self._firing = firing

    async def look(self, workflow: Workflow, trigger: Trigger) -> Look:
        """Return what comes of a look now."""
        began = self._firing.now()
        record = TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK", hidden=sorted(trigger.secured))
        if trigger.kind != "http":
            return self._firing.judged(workflow, trigger, record)
        try:
            inputs = compile_template(trigger.inputs).evaluate(self._firing.environment(workflow, trigger, record))
            record.inputs = shown_inputs(inputs)
            owner = owner_of(workflow, trigger)
            location = self._runtime.store.working(owner, _LOCATION)
            if location is not None:
                inputs = {**inputs, "method": "GET", "uri": location, "queries": None, "body": None}
            response = await self._runtime.calls.tried(
                prepare(inputs), Sender(workflow.identities, self._runtime.random)
            )
        except CallError as error:
            return Look(FAILED, error.code, message=error.message)
        except ExpressionError as error:
            return Look(FAILED, error.code, message=shown(trigger, error))
        self._keep_location(owner, response)
        record.outputs, record.end, record.code = response.outputs(), self._firing.now(), _phrase(response.status)
        return self._meaning(workflow, trigger, record, response)

    def _keep_location(self, owner: str, response: Response) -> None:
        if "location" in response.headers:
            url = str(response.url.join(response.headers["location"]))
            self._runtime.store.keep_working(owner, _LOCATION, url)
        else:
            self._runtime.store.drop_working(owner, _LOCATION)

    def _meaning(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord, response: Response) -> Look:
        pause = seconds_to_wait(response.headers)
        if response.status == HTTPStatus.OK or decides_on_status(trigger):
            judged = self._firing.judged(workflow, trigger, record)
            return Look(judged.status, judged.code, judged.record, judged.message, again_after=pause)
        if response.status >= _REFUSED:
            code = str(response.status)
            return Look(FAILED, code, message=f"The call was answered with {response.status}.", not_before=pause)
        return Look(SKIPPED, _phrase(response.status), not_before=pause)


def owner_of(workflow: Workflow, trigger: Trigger) -> str:
    """Return under which name the working state of a trigger is kept."""
    return f"trigger:{workflow.id.lower()}:{trigger.name.lower()}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase if status == HTTPStatus.OK else HTTPStatus(status).phrase.replace(" ", "")
    except ValueError:
        return str(status)
