"""A publication whose calls are refused, lost or late, in each place where one stands: after the gate, as a rollback,
and as the repair that either of them begins with."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from emulator.logic_apps.standalone.result import RunResult
from emulator.testing.workflow_runs import WorkflowLoader
from tests.workflows.mocked import (
    CONFLICT,
    FORBIDDEN,
    GONE,
    MADE,
    NAMES,
    NEW,
    OLD,
    OLDER,
    REFUSED,
    TIMED_OUT,
    WORKFLOWS,
    iteration,
    json_of,
    published,
    retrain,
    roll_back,
    train,
)

REPAIR = "_in_the_repair"
INTENT = {"id": "begun", "iterationId": NEW, "previousId": OLD, "kind": "training"}


@dataclass(frozen=True)
class Publication:
    """What came of the publication of `target` in the place of `previous`."""

    run: RunResult
    target: str
    previous: str
    suffix: str

    def status(self, action: str) -> str:
        return self.run.actions[action + self.suffix].status

    def calls(self, action: str) -> list[Any]:
        return self.run.calls_of(action + self.suffix)

    @property
    def recorded(self) -> Any:
        """The record that production points to; None where none was written."""
        calls = self.calls("Point_to_production")
        return calls[-1].body if calls else None

    @property
    def succeeded(self) -> bool:
        """Whether the run says so: its phases after it, its status and its answer."""
        done = self.status("The_publication_is_done") == "Succeeded"
        assert self.run.status == ("Succeeded" if done else "Failed")
        if self.run.workflow == "rollback":
            assert self.run.response is not None
            assert self.run.response["statusCode"] == (200 if done else 500)
        elif not done:
            assert self.run.error is not None
            assert self.run.error["message"].startswith("Repair failed: " if self.suffix else "Publish failed: ")
        return done


@dataclass(frozen=True)
class Place:
    """Where the phase stands."""

    workflow: str
    suffix: str
    target: str
    loader: WorkflowLoader

    @property
    def previous(self) -> str:
        return OLD

    def publish(self, first: bool = False, **answers: Any) -> Publication:
        """Publish; with `first` no iteration has been in production."""
        given = {f"{name}{self.suffix}": answer for name, answer in answers.items()}
        loaded = self.loader.load(WORKFLOWS / self.workflow)
        known = {**self._begin(first), **given}
        if self.workflow == "rollback":
            run = roll_back(loaded, known)
        else:
            run = retrain(loaded, known) if self.suffix else train(loaded, known)
        return Publication(run, self.target, self.previous, self.suffix)

    def _begin(self, first: bool) -> dict[str, Any]:
        if self.suffix:
            intent = {**INTENT, "previousId": None} if first else INTENT
            held = [] if first else [iteration(OLD, "production")]
            return {
                **published(NEW, OLD, self.suffix),
                # A rollback goes on from the repair: back to what was in production before it.
                **({} if self.workflow == "retrain" else published(OLDER if first else OLD, NEW)),
                "Read_the_intent": json_of(intent, ETag='"0x2"'),
                "List_the_iterations_at_the_start": json_of([iteration(NEW), *held]),
                f"Look_at_the_names{self.suffix}": json_of([iteration(NEW), *held]),
            }
        if not first:
            return {}
        names = json_of([iteration(self.target, NAMES["previous"] if self.workflow == "rollback" else None)])
        gate = {"List_the_iterations_at_the_gate": names} if self.workflow == "retrain" else {}
        return {
            **gate,
            "List_the_iterations_at_the_start": names,
            "Look_at_the_names": names,
            "Read_production": GONE,
        }


@pytest.fixture(
    params=[("retrain", "", NEW), ("retrain", REPAIR, NEW), ("rollback", "", OLDER), ("rollback", REPAIR, NEW)],
    ids=["training", "repair by a training", "rollback", "repair by a rollback"],
)
def place(request: pytest.FixtureRequest, workflow: WorkflowLoader) -> Place:
    name, suffix, target = request.param
    return Place(name, suffix, target, workflow)


def test_a_publication_moves_both_names_and_is_recorded(place: Place):
    found = place.publish()
    assert found.succeeded
    assert (found.recorded["iterationId"], found.recorded["previousIterationId"]) == (found.target, found.previous)
    assert found.recorded["unansweredForAMoment"] is False
    assert [call.url.partition("?")[0].split("/")[-2] for call in found.calls("Publish_the_previous")] == [OLD]
    assert found.status("Release_the_publication_lock") == "Succeeded"


def test_a_first_publication_leaves_nothing_to_go_back_to(place: Place):
    found = place.publish(first=True)
    assert found.status("The_publication_is_done") == "Succeeded"
    assert found.recorded["previousIterationId"] is None
    assert found.calls("Publish_the_previous") == []


def test_a_publication_waits_for_the_one_that_is_under_way(place: Place):
    found = place.publish(Acquire_the_publication_lock=[CONFLICT, CONFLICT, MADE])
    assert found.succeeded
    assert len(found.calls("Acquire_the_publication_lock")) == 3
    assert found.run.seconds >= 10


def test_a_publication_lock_that_stays_held_changes_nothing(place: Place):
    found = place.publish(Acquire_the_publication_lock=CONFLICT)
    assert not found.succeeded
    assert found.calls("Write_the_intent") == found.calls("Publish_the_target") == []


def test_another_name_of_the_target_is_taken_away_first(place: Place):
    names = json_of([iteration(place.target, "challenger"), iteration(OLD, "production")])
    found = place.publish(Look_at_the_names=names)
    assert found.succeeded
    (call,) = found.calls("Take_the_other_name_away")
    assert (call.method, call.url.split("/")[-2:]) == ("DELETE", [place.target, "publish"])
    order = [each.action for each in found.run.calls]
    assert order.index(f"Take_the_other_name_away{place.suffix}") < order.index(f"Publish_the_target{place.suffix}")


def test_where_answers_to_the_name_s_move_are_lost_it_counts_what_is_there(place: Place):
    found = place.publish(
        Publish_the_target=REFUSED,
        Look_at_the_target=json_of(iteration(place.target)),
        Take_the_name_from_its_holder=GONE,
        Publish_the_target_at_once=REFUSED,
        Look_at_the_target_again=json_of(iteration(place.target, "production")),
    )
    assert found.succeeded
    assert found.recorded["unansweredForAMoment"] is True


def test_where_the_service_refuses_to_overwrite_the_name_is_taken_and_given_at_once(place: Place):
    found = place.publish(
        Publish_the_target=REFUSED,
        Look_at_the_target=json_of(iteration(place.target)),
        Look_at_the_target_again=json_of(iteration(place.target, "production")),
    )
    assert found.succeeded
    (call,) = found.calls("Take_the_name_from_its_holder")
    assert (call.method, call.url.split("/")[-2]) == ("DELETE", OLD)
    assert found.recorded["unansweredForAMoment"] is True


def test_a_target_that_is_not_in_production_after_all_is_not_recorded_as_such(place: Place):
    found = place.publish(
        Publish_the_target=REFUSED,
        Look_at_the_target=json_of(iteration(place.target)),
        Publish_the_target_at_once=REFUSED,
        Look_at_the_target_again=json_of(iteration(place.target)),
    )
    assert not found.succeeded
    assert found.recorded is None
    assert found.status("Release_the_publication_lock") == "Succeeded"


def test_where_answers_to_the_previous_name_s_move_are_lost_it_counts_what_is_there(place: Place):
    holders = [iteration(place.target), iteration(OLD, "production"), iteration("oldest", NAMES["previous"])]
    found = place.publish(
        Look_at_the_names=json_of(holders),
        Publish_the_previous=REFUSED,
        Look_at_the_previous=json_of(iteration(OLD)),
        Take_the_previous_name_from_its_holder=GONE,
        Publish_the_previous_at_once=REFUSED,
        Look_at_the_previous_again=json_of(iteration(OLD, NAMES["previous"])),
    )
    assert found.succeeded
    (call,) = found.calls("Take_the_previous_name_from_its_holder")
    assert call.url.split("/")[-2] == "oldest"


def test_a_previous_iteration_that_cannot_be_looked_at_again_is_not_taken_for_kept(place: Place):
    holders = [iteration(place.target), iteration(OLD, "production"), iteration("oldest", NAMES["previous"])]
    found = place.publish(
        Look_at_the_names=json_of(holders),
        Publish_the_previous=REFUSED,
        Look_at_the_previous=json_of(iteration(OLD)),
        Look_at_the_previous_again=FORBIDDEN,
    )
    assert not found.succeeded
    assert found.status("The_previous_is_kept") == "Failed"
    assert found.recorded is None


def test_a_previous_iteration_that_was_deleted_meanwhile_is_no_loss(place: Place):
    found = place.publish(Publish_the_previous=GONE, Look_at_the_previous=GONE)
    assert found.succeeded
    assert found.calls("Take_the_previous_name_from_its_holder") == []


def test_a_history_that_another_run_began_a_moment_before_is_appended_to(place: Place):
    found = place.publish(
        Append_to_the_history_of_production=GONE,
        Create_the_history_of_production=CONFLICT,
        Begin_the_history_of_production=MADE,
    )
    assert found.succeeded
    (call,) = found.calls("Begin_the_history_of_production")
    assert json.loads(base64.b64decode(call.body["$content"])) == found.recorded


def test_a_publication_that_the_history_does_not_have_is_not_pointed_to(place: Place):
    found = place.publish(
        Append_to_the_history_of_production=GONE,
        Create_the_history_of_production=MADE,
        Begin_the_history_of_production=FORBIDDEN,
    )
    assert not found.succeeded
    assert found.recorded is None
    assert found.status("Release_the_publication_lock") == "Succeeded"


@pytest.mark.parametrize("answer", [FORBIDDEN, TIMED_OUT], ids=["refused", "late"])
def test_a_record_that_is_not_written_leaves_the_publication_to_be_done_again(place: Place, answer: Any):
    found = place.publish(Point_to_production=answer)
    assert not found.succeeded
    assert found.status("Release_the_publication_lock") == "Succeeded"


@pytest.mark.parametrize("answer", [FORBIDDEN, TIMED_OUT], ids=["refused", "late"])
def test_a_publication_is_done_though_its_lock_is_not_released(place: Place, answer: Any):
    assert place.publish(Release_the_publication_lock=answer).succeeded


@pytest.mark.parametrize("name", ["retrain", "rollback"])
def test_a_publication_lock_that_another_run_makes_first_is_no_fault(workflow: WorkflowLoader, name: str):
    loaded = workflow.load(WORKFLOWS / name)
    answers = {"Read_the_intent": GONE, "Create_the_publication_lock": CONFLICT}
    run = roll_back(loaded, answers) if name == "rollback" else train(loaded, answers)
    assert run.actions["Create_the_publication_lock"].status == "Failed"
    assert run.actions["The_publication_is_done"].status == run.status == "Succeeded"


@pytest.mark.parametrize("name", ["retrain", "rollback"])
@pytest.mark.parametrize("action", ["Read_production", "Read_the_intent"])
def test_without_the_records_nothing_is_published(workflow: WorkflowLoader, name: str, action: str):
    loaded = workflow.load(WORKFLOWS / name)
    answers = {action: FORBIDDEN}
    run = roll_back(loaded, answers) if name == "rollback" else train(loaded, answers)
    assert run.status == "Failed"
    assert run.actions["Records_were_read"].status == "Failed"
    assert run.calls_of("Publish_the_target") == run.calls_of("Publish_the_target_in_the_repair") == []
