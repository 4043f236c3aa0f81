"""The signed addresses that Custom Vision fetches images by: they read one container for some hours, and no more."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.testing.workflow_runs import LoadedWorkflow, WorkflowLoader
from tests.security.program import ProgramRetraining, ProgramWorld
from tests.workflows.mocked import MADE, TRAINED, WORKFLOWS, listing, retrain
from tests.workflows.world import STORAGE, pictures

VERSION = "2021-12-02"
LONGEST = timedelta(hours=6)
SIGNING = {"Sign_the_training_container": "training", "Sign_the_evaluation_container": "evaluation"}
ASKED_FOR = {"canonicalizedResource", "signedResource", "signedPermission", "signedProtocol", "signedExpiry"}


@pytest.fixture
def loaded(workflow: WorkflowLoader) -> LoadedWorkflow:
    return workflow.load(WORKFLOWS / "retrain")


@pytest.mark.parametrize("action", SIGNING)
def test_on_azure_a_signature_reads_one_container_over_https_for_some_hours(loaded: LoadedWorkflow, action: str):
    account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stimages"
    answers = {**TRAINED, "List_a_page_of_held_out": listing("red/1.png"), "Ask_the_challenger": MADE}
    found = retrain(loaded, answers, parameters={"storageAccountId": account})
    (call,) = found.calls_of(action)
    assert call.url.partition("?")[0].endswith(f"{account[1:]}/listServiceSas")
    assert set(call.body) == ASKED_FOR
    assert call.body["canonicalizedResource"] == f"/blob/stimages/{SIGNING[action]}"
    assert (call.body["signedResource"], call.body["signedPermission"]) == ("c", "r")
    assert call.body["signedProtocol"] == "https"
    lasts = datetime.fromisoformat(call.body["signedExpiry"]) - found_start(found)
    assert timedelta(hours=1) <= lasts <= LONGEST


def found_start(found: Any) -> datetime:
    """Return the time that the run's manifest has for its end: no time passes in a mocked run but in waits."""
    return datetime.fromisoformat(found.calls_of("Write_the_manifest")[-1].body["finishedAt"][:19] + "+00:00")


def signed_address(program: ProgramWorld, retraining: ProgramRetraining) -> str:
    """Run, and return an address that Custom Vision is given for an image that waits."""
    given: list[str] = []

    def intercept(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/images/urls"):
            return None
        given.extend(each["url"] for each in json.loads(request.content)["images"])
        # Refused, so that the image waits where it is.
        return httpx.Response(400, json={"code": "BadRequest", "message": "for the test"})

    program.transport.intercept = intercept
    retraining.upload(pictures("red", 1, 9000))
    assert retraining.run("manual").status == "Failed"
    program.transport.intercept = lambda request: None
    assert len(given) == 1
    return given[0]


def test_what_a_run_signs_is_enforced(program: ProgramWorld, retraining: ProgramRetraining):
    address = signed_address(program, retraining)
    base, query = urlsplit(address)._replace(query="").geturl(), urlsplit(address).query
    signed = {name: values[0] for name, values in parse_qs(query).items()}
    assert (signed["sp"], signed["sr"]) == ("r", "c")
    left = datetime.fromisoformat(signed["se"]) - program.clock.now()
    assert timedelta(0) < left <= LONGEST
    assert httpx.get(address).status_code == 200
    account = program.blob_endpoint
    container = f"{account}{retraining.containers['training']}"
    put = {"x-ms-blob-type": "BlockBlob", "x-ms-version": VERSION}
    refused = {
        "list": httpx.get(f"{container}?restype=container&comp=list&{query}"),
        "overwrite": httpx.put(address, content=b"x", headers=put),
        "write": httpx.put(f"{container}/red/new.png?{query}", content=b"x", headers=put),
        "delete": httpx.delete(address),
        "another container": httpx.get(f"{account}{retraining.containers['artifacts']}/project-config.json?{query}"),
        "changed": httpx.get(f"{base}?{query.replace('sp=r', 'sp=rwdl')}"),
        "longer": httpx.get(f"{base}?{query.replace(signed['se'][:4], '2099', 1)}"),
        "unsigned": httpx.get(base),
    }
    let_in = {what: answer.status_code for what, answer in refused.items() if answer.status_code not in (403, 404, 409)}
    assert let_in == {}
    assert httpx.get(address).status_code == 200


def test_one_for_https_alone_is_refused_over_http_and_one_that_is_over_is_refused(
    program: ProgramWorld, retraining: ProgramRetraining
):
    blob = f"{program.blob_endpoint}{retraining.containers['artifacts']}/project-config.json"

    def status(**fields: str) -> int:
        account = program.outputs["storageAccountName"]
        body = {
            "canonicalizedResource": f"/blob/{account}/{retraining.containers['artifacts']}",
            "signedResource": "c",
            "signedPermission": "r",
            "signedProtocol": "https,http",
            "signedExpiry": "2099-01-01T00:00:00Z",
            **fields,
        }
        token = program.arm.post(f"{program.storage}/listServiceSas", STORAGE, body)["serviceSasToken"]
        return httpx.get(f"{blob}?{token}").status_code

    assert (status(), status(signedProtocol="https"), status(signedExpiry="2026-01-01T00:00:00Z")) == (200, 403, 403)
