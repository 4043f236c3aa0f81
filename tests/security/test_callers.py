"""Who may call the manual triggers: whoever has the signature, from an address that is let in."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from tests.security.program import ProgramRetraining, ProgramWorld
from tests.workflows.world import LOGIC

BODY = {"who": "anna", "why": "to try it"}
ELSEWHERE = httpx.HTTPTransport(local_address="127.0.0.2")
"""A caller from another address than the one that the stack local lets in, 127.0.0.1."""


def address(program: ProgramWorld, workflow: str) -> str:
    return program.arm.post(f"{workflow}/triggers/manual/listCallbackUrl", LOGIC)["value"]


def runs(program: ProgramWorld, workflow: str) -> int:
    return len(list(program.arm.values(f"{workflow}/runs", LOGIC)))


@pytest.fixture(params=["retrain", "rollback"])
def workflow(request: pytest.FixtureRequest, retraining: ProgramRetraining) -> str:
    return retraining.workflow if request.param == "retrain" else retraining.rollback


def test_without_the_signature_no_run_begins(program: ProgramWorld, workflow: str):
    whole = httpx.URL(address(program, workflow))
    signature = whole.params["sig"]
    other = httpx.URL(address(program, workflow)).params["sig"][::-1]
    before = runs(program, workflow)
    for faulty in (
        whole.copy_remove_param("sig"),
        whole.copy_set_param("sig", ""),
        whole.copy_set_param("sig", other),
        whole.copy_set_param("sig", signature[:-1]),
        whole.copy_set_param("sp", "/triggers/other/run"),
        whole.copy_with(path=whole.path.replace("/manual/", "/other/")),
        whole.copy_with(query=None),
    ):
        answer = httpx.post(faulty, json=BODY)
        assert answer.status_code in (400, 401, 404), faulty
        assert signature not in answer.text
    assert runs(program, workflow) == before


def test_the_signature_of_one_workflow_opens_no_other(program: ProgramWorld, retraining: ProgramRetraining):
    own = httpx.URL(address(program, retraining.workflow))
    other = httpx.URL(address(program, retraining.rollback))
    before = runs(program, retraining.rollback)
    assert httpx.post(other.copy_set_param("sig", own.params["sig"]), json=BODY).status_code == 401
    assert runs(program, retraining.rollback) == before


def test_a_caller_from_elsewhere_is_refused_though_the_signature_is_right(program: ProgramWorld, workflow: str):
    whole = address(program, workflow)
    before = runs(program, workflow)
    with httpx.Client(transport=ELSEWHERE) as client:
        answer = client.post(whole, json=BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    assert "127.0.0.2" in answer.text
    assert runs(program, workflow) == before


def test_an_address_ends_when_its_access_key_is_regenerated(
    program: ProgramWorld, retraining: ProgramRetraining, workflow: str
):
    old = address(program, workflow)
    program.arm.post(f"{workflow}/regenerateAccessKey", LOGIC, {"keyType": "Primary"})
    before = runs(program, workflow)
    assert httpx.post(old, json=BODY).status_code == 401
    assert runs(program, workflow) == before
    new = address(program, workflow)
    assert httpx.URL(new).params["sig"] != httpx.URL(old).params["sig"]
    if workflow == retraining.workflow:
        assert retraining.ask(BODY).status == "Succeeded"
    else:
        assert retraining.roll_back(workflow, BODY).status_code in (200, 409)


def test_the_other_key_goes_on_while_one_is_regenerated(program: ProgramWorld, retraining: ProgramRetraining):
    """So that callers can be moved from one to the other."""
    trigger = f"{retraining.rollback}/triggers/manual/listCallbackUrl"
    secondary = program.arm.post(trigger, LOGIC, {"keyType": "Secondary"})["value"]
    program.arm.post(f"{retraining.rollback}/regenerateAccessKey", LOGIC, {"keyType": "Primary"})
    assert httpx.post(secondary, json=BODY, timeout=60).status_code in (200, 409)
    program.arm.post(f"{retraining.rollback}/regenerateAccessKey", LOGIC, {"keyType": "Secondary"})
    assert httpx.post(secondary, json=BODY).status_code == 401


def test_the_name_of_a_trigger_is_no_way_around_the_signature(program: ProgramWorld, retraining: ProgramRetraining):
    whole = httpx.URL(address(program, retraining.workflow))
    for name in ("When_a_blob_is_added_or_modified", quote("manual/../manual", safe="")):
        path = whole.path.replace("/manual/", f"/{name}/")
        assert httpx.post(whole.copy_with(path=path), json=BODY).status_code in (400, 401, 404)
