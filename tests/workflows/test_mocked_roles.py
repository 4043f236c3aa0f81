"""Roles that are missing, or do not count yet, on mocked answers: each is named, and the first run waits for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import (
    ADDRESS,
    FORBIDDEN,
    GONE,
    MADE,
    RECORDS,
    TRAINED,
    json_of,
    listing,
    manifest,
    retrain,
    roll_back,
    train,
)

REFUSED: dict[str, Any] = {"statusCode": 403, "headers": {"x-ms-error-code": "AuthorizationPermissionMismatch"}}
NOT_AUTHORIZED = json_of({"error": {"code": "AuthorizationFailed", "message": "does not have authorization"}}, 403)
LOOKS = {
    "Look_into_the_training_images": (REFUSED, "Storage Blob Data Contributor on training"),
    "Look_into_the_processed_images": (REFUSED, "Storage Blob Data Contributor on processed"),
    "Look_into_the_rejected_images": (REFUSED, "Storage Blob Data Contributor on rejected"),
    "Look_into_the_evaluation_images": (REFUSED, "Storage Blob Data Reader on evaluation"),
    "Ask_whether_it_may_sign": (NOT_AUTHORIZED, "our role on stimages"),
    "Ask_whether_it_may_list_keys": (NOT_AUTHORIZED, "our role on cv-train"),
    "Ask_for_this_run": (NOT_AUTHORIZED, "our role on retrain"),
}
FIRST = {"Acquire_the_lease": GONE, "Create_the_lock": MADE}
PARAMETERS = {
    "customRole": "our role",
    "storageAccountId": "/subscriptions/s/providers/Microsoft.Storage/storageAccounts/stimages",
    "trainingAccountId": "/subscriptions/s/providers/Microsoft.CognitiveServices/accounts/cv-train",
}


def test_a_role_for_the_lock_that_counts_later_is_waited_for(loaded: LoadedWorkflow):
    found = retrain(loaded, {"Acquire_the_lease": [REFUSED, REFUSED, MADE]})
    assert (found.status, len(found.calls_of("Acquire_the_lease"))) == ("Succeeded", 3)
    assert manifest(found)["roles"] == {"missing": [], "minutesWaited": 2, "records": None}
    assert manifest(found)["reason"].endswith(
        "; 2 minutes were spent waiting until the roles of a new deployment count"
    )


def test_a_role_for_the_lock_that_never_counts_is_named_after_ten_minutes(loaded: LoadedWorkflow):
    found = retrain(loaded, {"Acquire_the_lease": REFUSED, "Name_the_holder": REFUSED})
    assert (found.status, len(found.calls_of("Acquire_the_lease"))) == ("Failed", 11)
    assert found.error is not None
    assert "lacks Storage Blob Data Contributor on artifacts; " in found.error["message"]
    assert found.calls_of("List_a_page") == []


@pytest.mark.parametrize(("minutes", "tries"), [(1, 11), (40, 11), (61, 1), (100000, 1)])
def test_a_role_for_the_lock_is_waited_for_in_the_first_hour_of_a_deployment_alone(
    loaded: LoadedWorkflow, minutes: int, tries: int
):
    deployed = {"deployedAt": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()}
    answers = {"Acquire_the_lease": REFUSED, "Name_the_holder": REFUSED}
    found = retrain(loaded, answers, parameters=deployed)
    assert (found.status, len(found.calls_of("Acquire_the_lease"))) == ("Failed", tries)
    assert found.error is not None
    assert "lacks Storage Blob Data Contributor on artifacts" in found.error["message"]
    assert manifest(found)["roles"]["minutesWaited"] == (0 if tries == 1 else 11)


@pytest.mark.parametrize("look", list(LOOKS))
def test_the_first_run_makes_the_lock_once_every_role_counts(loaded: LoadedWorkflow, look: str):
    answer, _ = LOOKS[look]
    found = retrain(
        loaded,
        {**TRAINED, **FIRST, look: [answer, answer, json_of({})]},
        parameters=PARAMETERS,
        notices=ADDRESS,
    )
    assert (found.status, len(found.calls_of(look)), len(found.calls_of("Create_the_lock"))) == ("Succeeded", 3, 1)
    assert (manifest(found)["decision"], manifest(found)["roles"]["minutesWaited"]) == ("published", 2)
    (notice,) = found.calls_of("Tell_what_was_done")
    assert "2 minutes were spent waiting until the roles" in notice.body["reason"]


@pytest.mark.parametrize("look", list(LOOKS))
def test_the_first_run_names_a_role_that_does_not_count_after_ten_minutes(loaded: LoadedWorkflow, look: str):
    answer, role = LOOKS[look]
    found = retrain(loaded, {**FIRST, look: answer, "Name_the_holder": GONE}, parameters=PARAMETERS)
    assert (found.status, len(found.calls_of(look)), found.calls_of("Create_the_lock")) == ("Failed", 11, [])
    assert manifest(found)["roles"]["missing"] == [role]
    assert found.error is not None
    assert f" lacks {role}; 11 minutes were spent waiting" in found.error["message"]


def test_later_runs_ask_for_no_role(loaded: LoadedWorkflow):
    found = retrain(loaded, {})
    assert [look for look in LOOKS if found.calls_of(look)] == []
    assert manifest(found)["roles"]["minutesWaited"] == 0


@pytest.mark.parametrize(
    ("answers", "role"),
    [
        ({"Read_the_settings": REFUSED}, "Storage Blob Data Contributor on artifacts"),
        ({"List_a_page": REFUSED}, "Storage Blob Data Contributor on training"),
        (
            {"List_a_page": listing("red/1.png", size=0), "Copy_to_rejected": REFUSED},
            "Storage Blob Data Contributor on rejected",
        ),
        ({"List_a_page_of_held_out": REFUSED}, "Storage Blob Data Reader on evaluation"),
        ({"Sign_the_training_container": NOT_AUTHORIZED}, "our role on stimages"),
        ({"List_the_training_keys": NOT_AUTHORIZED}, "our role on cv-train"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_role_that_is_missing_is_named_at_once(loaded: LoadedWorkflow, answers: dict[str, Any], role: str):
    found = retrain(loaded, answers, parameters=PARAMETERS)
    assert found.error is not None
    assert f"The identity of retrain lacks {role}, or it was assigned in the last minutes" in found.error["message"]
    assert manifest(found)["roles"]["missing"] == [role]


def test_a_refusal_for_another_reason_blames_no_role(loaded: LoadedWorkflow):
    firewall = {"statusCode": 403, "headers": {"x-ms-error-code": "AuthorizationFailure"}}
    policy = json_of({"error": {"code": "RequestDisallowedByPolicy"}}, 403)
    for answers in ({"Read_the_settings": firewall}, {"List_the_training_keys": policy}):
        found = retrain(loaded, answers)
        assert found.error is not None
        assert "lacks" not in found.error["message"]
        assert manifest(found)["roles"]["missing"] == []


def test_a_publication_that_may_not_be_locked_is_not_begun_and_not_waited_for(
    loaded: LoadedWorkflow, rollback: LoadedWorkflow
):
    answers = {"Acquire_the_publication_lock": REFUSED}
    for found in (train(loaded, answers), roll_back(rollback, answers)):
        assert (found.status, len(found.calls_of("Acquire_the_publication_lock"))) == ("Failed", 1)
        assert found.calls_of("Publish_the_target") == []
        assert found.error is not None
        assert "lacks Storage Blob Data Contributor on artifacts" in found.error["message"]


def test_a_manifest_that_may_not_be_written_names_the_role(loaded: LoadedWorkflow):
    found = retrain(loaded, {"Write_the_manifest": REFUSED})
    assert found.error is not None
    assert "The identity of retrain lacks Storage Blob Data Contributor on artifacts" in found.error["message"]


def test_records_that_are_refused_are_told_and_fail_no_run(loaded: LoadedWorkflow):
    answers = {"Send_the_beginning": FORBIDDEN, "Send_the_records": FORBIDDEN}
    found = retrain(loaded, answers, parameters=RECORDS)
    role = "Monitoring Metrics Publisher on the data collection rule"
    assert (found.status, found.actions["Report"].status) == ("Succeeded", "Failed")
    assert manifest(found)["roles"]["records"] == role
    assert found.actions["Reported"].outputs == {"status": "Failed", "missingRole": role}
    assert len(found.calls_of("Send_the_records")) == 3


@pytest.mark.parametrize(
    ("answers_of_the_service", "status", "times"),
    # Such a run has three batches: of the run, of images by label, of the rules that it went by.
    [([FORBIDDEN] * 6 + [MADE] * 3, "Succeeded", 3), (FORBIDDEN, "Failed", 7)],
    ids=["taken later", "never taken"],
)
def test_the_first_run_sends_its_records_again_for_half_an_hour(
    loaded: LoadedWorkflow, answers_of_the_service: Any, status: str, times: int
):
    answers = {
        **FIRST,
        "Send_the_beginning": FORBIDDEN,
        "Send_the_records": answers_of_the_service,
    }
    found = retrain(loaded, answers, parameters=RECORDS)
    assert (found.status, found.actions["Report"].status) == ("Succeeded", status)
    assert len(found.calls_of("Send_the_records")) == 3 * times
    assert (found.actions["Reported"].outputs["missingRole"] is None) is (status == "Succeeded")
