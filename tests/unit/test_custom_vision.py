"""The provider of CustomVisionProject against a training API on loopback."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pulumi.output import UNKNOWN

from components.custom_vision import CustomVisionProjectProvider
from components.custom_vision_api import CustomVisionClient, CustomVisionError
from components.domains import CLASSIFICATION_DOMAINS
from tests.unit.training_service import KEY, Fault, TrainingService

GENERAL = CLASSIFICATION_DOMAINS["General"].id
COMPACT = CLASSIFICATION_DOMAINS["General (compact)"].id
OWNER = "project/dev/ml-project"
MARK = f"Retrains itself. [pulumi:{OWNER}]"


@pytest.fixture
def service() -> Iterator[TrainingService]:
    service = TrainingService()
    yield service
    service.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def provider(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> CustomVisionProjectProvider:
    monkeypatch.setattr(CustomVisionProjectProvider, "sleep", staticmethod(pauses.append))
    return CustomVisionProjectProvider()


@pytest.fixture
def props(service: TrainingService) -> dict[str, Any]:
    """The inputs of a project as `check` leaves them."""
    return {
        "account_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a",
        "endpoint": service.endpoint,
        "training_key": KEY,
        "resource_manager_endpoint": "http://127.0.0.1:9/",
        "resource_manager_audience": "https://management.azure.com/",
        "owner": OWNER,
        "name": "parts",
        "description": "Retrains itself.",
        "domain_id": GENERAL,
        "classification_type": "Multiclass",
        "target_export_platforms": [],
    }


class TestCheck:
    def test_good_inputs_pass_and_are_normalised(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        news = {
            **props,
            "endpoint": props["endpoint"].rstrip("/"),
            "domain_id": COMPACT.upper(),
            "description": "Retrains itself. ",
            "target_export_platforms": ["ONNX", "CoreML"],
            "adopt_project_id": None,
            "__provider": "reference",
        }
        result = provider.check({}, news)
        assert result.failures == []
        assert result.inputs == {
            **props,
            "domain_id": COMPACT,
            "target_export_platforms": ["CoreML", "ONNX"],
        }

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("account_id", "", "a text that is not empty"),
            ("endpoint", "eastus", "'eastus'; allowed: an http or https address"),
            ("endpoint", None, "an http or https address"),
            ("training_key", " ", "a key of the training account"),
            ("owner", "", "a text that is not empty"),
            ("name", "  ", "'  '; allowed: a text that is not empty"),
            ("description", 3.0, "3.0; allowed: a text"),
            ("domain_id", "General", "GUID of a classification domain"),
            ("domain_id", "da2e3a8a-40a5-4171-82f4-58522f70fbc1", "object detection"),
            ("classification_type", "multiclass", "'multiclass'; allowed: Multiclass, Multilabel"),
            ("target_export_platforms", ["ONNX", "Windows"], "CoreML, TensorFlow, DockerFile, ONNX, VAIDK"),
            ("target_export_platforms", "ONNX", "a list of"),
            ("adopt_project_id", "parts", "the GUID of a project"),
        ],
    )
    def test_a_bad_input_is_named_with_what_is_allowed(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any], field: str, value: Any, said: str
    ):
        failures = provider.check({}, {**props, field: value}).failures
        assert [failure.property for failure in failures] == [field]
        assert said in failures[0].reason

    def test_every_bad_input_is_named_at_once(self, provider: CustomVisionProjectProvider):
        failures = provider.check({}, {}).failures
        assert {failure.property for failure in failures} == {
            "account_id",
            "endpoint",
            "training_key",
            "resource_manager_endpoint",
            "resource_manager_audience",
            "owner",
            "name",
            "description",
            "domain_id",
            "classification_type",
            "target_export_platforms",
        }

    def test_a_bad_key_is_not_repeated(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        (failure,) = provider.check({}, {**props, "training_key": ["the secret"]}).failures
        assert "the secret" not in failure.reason

    def test_what_is_not_known_yet_is_not_judged(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        news = dict.fromkeys(props, UNKNOWN)
        result = provider.check({}, news)
        assert result.failures == []
        assert result.inputs == news
        mixed = {**props, "target_export_platforms": ["ONNX", UNKNOWN]}
        assert provider.check({}, mixed).failures == []


class TestDiff:
    def test_nothing_changed(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        # Outputs hold what is not set as null, inputs do not hold it at all.
        result = provider.diff(
            "id", {**props, "adopt_project_id": None, "__provider": "a"}, {**props, "__provider": "b"}
        )
        assert (result.changes, result.replaces) == (False, [])

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "other"),
            ("description", "other"),
            ("domain_id", COMPACT),
            ("classification_type", "Multilabel"),
            ("target_export_platforms", ["ONNX"]),
            ("training_key", "another"),
            ("endpoint", "https://another.example/"),
            ("endpoint", UNKNOWN),
            ("training_key", UNKNOWN),
            ("name", UNKNOWN),
        ],
    )
    def test_an_update_in_place(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any], field: str, value: Any
    ):
        result = provider.diff("id", props, {**props, field: value})
        assert (result.changes, result.replaces) == (True, [])

    @pytest.mark.parametrize("value", ["/subscriptions/s/another", UNKNOWN])
    def test_another_account_is_another_project(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any], value: Any
    ):
        result = provider.diff("id", props, {**props, "account_id": value, "endpoint": UNKNOWN})
        assert (result.changes, result.replaces) == (True, ["account_id"])

    def test_adopting_another_project_replaces(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        adopted = {**props, "adopt_project_id": "another"}
        assert provider.diff("id", props, adopted).replaces == ["adopt_project_id"]
        assert provider.diff("another", adopted, props).replaces == ["adopt_project_id"]

    def test_adopting_the_project_itself_does_not(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        result = provider.diff("id", props, {**props, "adopt_project_id": "id"})
        assert (result.changes, result.replaces) == (True, [])


class TestCreate:
    def test_everything_goes_into_the_query_with_the_key_in_its_header(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        result = provider.create({**props, "domain_id": COMPACT, "target_export_platforms": ["CoreML", "ONNX"]})
        (post,) = [request for request in service.requests if request.method == "POST"]
        assert post.path == "projects"
        assert post.body is None
        assert post.query == {
            "name": "parts",
            "description": MARK,
            "domainId": COMPACT,
            "classificationType": "Multiclass",
            "targetExportPlatforms": "CoreML,ONNX",
        }
        assert post.headers["Training-Key"] == KEY
        assert list(service.projects) == [result.id]

    def test_the_outputs_are_the_inputs_without_the_marker(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        result = provider.create(props)
        assert result.outs == {**props, "adopt_project_id": None}
        assert provider.diff(str(result.id), result.outs or {}, props).changes is False

    def test_a_creation_that_was_interrupted_after_the_service_had_made_the_project_finds_it(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        first = provider.create(props)
        second = provider.create(props)
        assert first.id == second.id
        assert len(service.projects) == 1

    def test_it_finds_it_also_when_the_settings_were_changed_meanwhile(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        first = provider.create(props)
        second = provider.create({**props, "name": "other", "domain_id": COMPACT})
        assert first.id == second.id
        project = service.projects[str(first.id)]
        assert (project["name"], project["settings"]["domainId"]) == ("other", COMPACT)
        assert (second.outs or {})["name"] == "other"

    @pytest.mark.parametrize(
        "fault", [Fault(lost=True, after=True), Fault(status=500, after=True), Fault(lost=True), Fault(status=429)]
    )
    def test_a_lost_answer_makes_no_second_project(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any], fault: Fault
    ):
        service.faults.extend([Fault(status=200, body=[]), fault])
        result = provider.create(props)
        assert "POST projects" in service.calls
        assert list(service.projects) == [result.id]

    def test_a_project_of_the_same_name_that_is_somebody_elses_is_left_alone(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        other = service.add_project("parts", "Retrains itself. [pulumi:another/stack/project]")
        assert provider.create(props).id != other
        assert len(service.projects) == 2

    def test_a_refusal_says_operation_code_and_reason(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        body = {"code": "BadRequestExceedProjectLimit", "message": "no more than 2 projects"}
        service.faults.extend([Fault(status=200, body=[]), Fault(status=400, body=body)])
        with pytest.raises(CustomVisionError) as caught:
            provider.create(props)
        assert str(caught.value) == (
            "Custom Vision: CreateProject: HTTP 400 BadRequestExceedProjectLimit: no more than 2 projects"
        )

    def test_the_gateways_form_of_an_error_is_read_too(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        with pytest.raises(CustomVisionError, match=r"HTTP 401 401: Access denied .* `pulumi up` takes the new one"):
            provider.create({**props, "training_key": "wrong"})

    def test_a_new_key_is_taken_from_azure_resource_manager_and_kept(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("AZURE_TOKEN_COMMAND", "echo token-for-{audience}")
        asked: list[str] = []
        manager = "components.custom_vision.ResourceManager.ask"
        monkeypatch.setattr(manager, lambda _, *what: asked.append(" ".join(what)) or {"key1": KEY})
        created = provider.create(props)
        old = {**(created.outs or {}), "training_key": "old"}
        read = provider.read(str(created.id), old)
        assert (read.outs or {})["training_key"] == KEY
        assert (provider.update(str(created.id), old, {**old, "name": "new"}).outs or {})["training_key"] == KEY
        provider.delete(str(created.id), old)
        assert provider.read(str(created.id), props).id == ""
        assert asked == [f"{props['account_id']}/listKeys 2025-06-01"] * 3

    @pytest.mark.parametrize(
        ("login", "address", "note"),
        [
            ("no-such-command", "http://127.0.0.1:9/", "no token for https://management.azure.com/: no-such-command"),
            ("echo token", "http://127.0.0.1:9/", "no answer: ConnectionError"),
            ("echo token", "", ""),
        ],
    )
    def test_a_key_that_cannot_be_asked_for_leaves_the_refusal_and_says_why(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
        login: str, address: str, note: str,
    ):  # fmt: skip
        monkeypatch.setenv("AZURE_TOKEN_COMMAND", login)
        old = {**props, "training_key": "wrong", "resource_manager_endpoint": address}
        with pytest.raises(CustomVisionError, match=r"HTTP 401 .* `pulumi up` takes the new one") as caught:
            provider.read("00000000-0000-4000-8000-000000000000", old)
        assert note in "".join(getattr(caught.value, "__notes__", []))


class TestAdoption:
    @pytest.fixture
    def existing(self, service: TrainingService) -> str:
        project = service.add_project("by hand", "made in the portal")
        service.publish(project, "production")
        return project

    def test_the_project_is_used_and_takes_the_declared_name_and_settings(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any], existing: str
    ):
        result = provider.create({**props, "adopt_project_id": existing})
        assert result.id == existing
        project = service.projects[existing]
        assert (project["name"], project["description"]) == ("parts", "Retrains itself.")
        assert project["settings"]["classificationType"] == "Multiclass"
        assert project["settings"]["useNegativeSet"] is True
        assert "POST projects" not in service.calls

    def test_a_project_that_is_already_as_declared_is_not_written(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        existing = service.add_project("parts", "Retrains itself.", classificationType="Multiclass")
        provider.create({**props, "adopt_project_id": existing})
        assert service.calls == [f"GET projects/{existing}"]

    def test_a_project_that_is_not_there_cannot_be_adopted(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        missing = str(uuid.uuid4())
        with pytest.raises(CustomVisionError, match=f"adopt_project_id {missing} is no project of this account"):
            provider.create({**props, "adopt_project_id": missing})

    def test_an_object_detection_project_cannot_be_adopted(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        detection = service.add_project("boxes", classificationType=None)
        with pytest.raises(CustomVisionError, match="object detection"):
            provider.create({**props, "adopt_project_id": detection})
        assert service.projects[detection]["name"] == "boxes"

    def test_it_is_left_in_place_with_what_is_published(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any], existing: str
    ):
        outs = provider.create({**props, "adopt_project_id": existing}).outs or {}
        service.requests.clear()
        provider.delete(existing, outs)
        assert service.calls == []
        assert service.iterations[existing][0]["publishName"] == "production"

    def test_a_project_that_was_adopted_once_is_never_taken_for_an_own_one(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any], existing: str
    ):
        provider.create({**props, "adopt_project_id": existing})
        assert provider.create(props).id != existing


class TestRead:
    def test_a_project_that_was_changed_outside_is_seen(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        service.projects[str(created.id)] |= {"name": "renamed", "description": "edited"}
        service.projects[str(created.id)]["settings"]["domainId"] = COMPACT
        read = provider.read(str(created.id), created.outs or {})
        assert read.id == created.id
        assert read.outs == {
            **(created.outs or {}),
            "name": "renamed",
            "description": "edited",
            "domain_id": COMPACT,
        }
        assert provider.diff(str(created.id), read.outs or {}, props).changes is True

    def test_a_project_that_was_not_changed_shows_no_difference(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        created = provider.create(props)
        read = provider.read(str(created.id), created.outs or {})
        assert provider.diff(str(created.id), read.outs or {}, props).changes is False

    def test_a_project_that_was_deleted_outside_is_gone(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        read = provider.read(str(uuid.uuid4()), props)
        assert not read.id
        assert read.outs == {}

    def test_a_service_that_cannot_be_asked_is_no_deleted_project(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        service.faults.extend([Fault(status=503)] * 7)
        with pytest.raises(CustomVisionError, match="HTTP 503"):
            provider.read(str(uuid.uuid4()), props)


class TestUpdate:
    def test_name_and_settings_change_and_the_rest_of_the_settings_stays(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        news = {**props, "name": "other", "domain_id": COMPACT, "target_export_platforms": ["ONNX"]}
        updated = provider.update(str(created.id), created.outs or {}, news)
        project = service.projects[str(created.id)]
        assert (project["name"], project["description"]) == ("other", MARK)
        assert project["settings"]["domainId"] == COMPACT
        assert project["settings"]["targetExportPlatforms"] == ["ONNX"]
        assert project["settings"]["imageProcessingSettings"] == {"augmentationMethods": {"rotation": False}}
        assert updated.outs == {**news, "adopt_project_id": None}

    def test_a_new_key_needs_no_call(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        service.requests.clear()
        updated = provider.update(str(created.id), created.outs or {}, {**props, "training_key": "the other key"})
        assert service.calls == []
        assert updated.outs == {**(created.outs or {}), "training_key": "the other key"}

    def test_a_change_made_outside_is_taken_back(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        service.projects[str(created.id)]["name"] = "renamed"
        read = provider.read(str(created.id), created.outs or {})
        provider.update(str(created.id), read.outs or {}, props)
        assert service.projects[str(created.id)]["name"] == "parts"

    def test_a_project_that_is_gone_cannot_be_updated(
        self, provider: CustomVisionProjectProvider, props: dict[str, Any]
    ):
        with pytest.raises(CustomVisionError, match="is gone; refresh the stack"):
            provider.update(str(uuid.uuid4()), props, {**props, "name": "other"})


class TestDelete:
    def test_published_iterations_are_unpublished_first(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        project = str(created.id)
        service.publish(project, None)
        published = service.publish(project, "production")
        previous = service.publish(project, "production-previous")
        service.requests.clear()
        provider.delete(project, created.outs or {})
        assert service.calls == [
            f"GET projects/{project}/iterations",
            f"DELETE projects/{project}/iterations/{published}/publish",
            f"DELETE projects/{project}/iterations/{previous}/publish",
            f"DELETE projects/{project}",
        ]
        assert service.projects == {}

    def test_one_that_is_gone_already_is_deleted(self, provider: CustomVisionProjectProvider, props: dict[str, Any]):
        provider.delete(str(uuid.uuid4()), props)

    def test_an_answer_lost_while_unpublishing_does_not_stop_it(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        service.publish(str(created.id), "production")
        listing = list(service.iterations[str(created.id)])
        service.faults.extend([Fault(status=200, body=[dict(each) for each in listing]), Fault(lost=True, after=True)])
        provider.delete(str(created.id), created.outs or {})
        assert service.projects == {}

    def test_a_refusal_is_told(
        self, provider: CustomVisionProjectProvider, service: TrainingService, props: dict[str, Any]
    ):
        created = provider.create(props)
        body = {"code": "ForbiddenDRModeEnabled", "message": "read-only for now"}
        service.faults.extend([Fault(status=200, body=[]), Fault(status=403, body=body)])
        with pytest.raises(
            CustomVisionError, match="DeleteProject: HTTP 403 ForbiddenDRModeEnabled: read-only for now"
        ):
            provider.delete(str(created.id), created.outs or {})
        assert len(service.projects) == 1


class TestRetries:
    def client(self, service: TrainingService, pauses: list[float]) -> CustomVisionClient:
        return CustomVisionClient(service.endpoint, KEY, pauses.append)

    @pytest.mark.parametrize("fault", [Fault(status=429), Fault(status=500), Fault(status=503), Fault(lost=True)])
    def test_a_passing_fault_is_waited_out_with_growing_pauses(
        self, service: TrainingService, pauses: list[float], fault: Fault
    ):
        service.faults.extend([fault] * 6)
        assert self.client(service, pauses).list_projects() == []
        assert pauses == [1, 2, 4, 8, 16, 32]

    def test_a_lasting_fault_ends_in_its_error(self, service: TrainingService, pauses: list[float]):
        service.faults.extend([Fault(status=503)] * 8)
        with pytest.raises(CustomVisionError, match="GetProjects: HTTP 503 ErrorUnknown: a fault of the service"):
            self.client(service, pauses).list_projects()
        assert len(service.requests) == 7

    def test_an_address_where_nobody_listens_is_named(self, service: TrainingService, pauses: list[float]):
        service.close()
        with pytest.raises(CustomVisionError, match=r"GetProjects: no answer: http://127\.0\.0\.1") as caught:
            self.client(service, pauses).list_projects()
        assert caught.value.status is None
        assert KEY not in str(caught.value)
        assert len(pauses) == 6

    @pytest.mark.parametrize(
        ("headers", "message", "pause"),
        [
            ({"Retry-After": "7"}, "slow down", 7),
            ({"Retry-After": "3600"}, "slow down", 60),
            ({"Retry-After": "soon"}, "slow down", 1),
            ({}, "Please retry after 3 seconds.", 3),
        ],
    )
    def test_the_service_says_how_long_to_wait(
        self, service: TrainingService, pauses: list[float], headers: dict[str, str], message: str, pause: float
    ):
        body = {"error": {"code": "429", "message": message}}
        service.faults.append(Fault(status=429, body=body, headers=headers))
        self.client(service, pauses).list_projects()
        assert pauses == [pause]

    def test_it_may_say_it_as_a_date(self, service: TrainingService, pauses: list[float]):
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        service.faults.append(Fault(status=429, headers={"Retry-After": date}))
        self.client(service, pauses).list_projects()
        assert 20 < pauses[0] <= 30

    def test_a_refusal_is_not_tried_again(self, service: TrainingService, pauses: list[float]):
        service.faults.append(Fault(status=400, body={"code": "BadRequest", "message": "no"}))
        with pytest.raises(CustomVisionError, match="HTTP 400 BadRequest: no"):
            self.client(service, pauses).list_projects()
        assert pauses == []

    def test_a_redirect_is_not_followed_because_the_key_would_go_along(
        self, service: TrainingService, pauses: list[float]
    ):
        service.faults.append(Fault(status=307, body="", headers={"Location": service.endpoint}))
        with pytest.raises(CustomVisionError, match="HTTP 307"):
            self.client(service, pauses).list_projects()
        assert len(service.requests) == 1

    @pytest.mark.parametrize("body", ["<html>", {"value": []}, [{"id": "x"}], [None], None])
    def test_an_answer_of_another_shape_is_named_for_what_it_is(
        self, service: TrainingService, pauses: list[float], body: Any
    ):
        service.faults.append(Fault(status=200, body=body))
        with pytest.raises(
            CustomVisionError, match=r"GetProjects: HTTP 200: .*(not answer with JSON|documented shape)"
        ):
            self.client(service, pauses).list_projects()

    @pytest.mark.parametrize("body", ["plain text", ["a list"], {"error": "a text"}, {"message": None}, ""])
    def test_an_error_of_any_shape_is_told(self, service: TrainingService, pauses: list[float], body: Any):
        service.faults.append(Fault(status=418, body=body))
        with pytest.raises(CustomVisionError, match="GetProjects: HTTP 418: "):
            self.client(service, pauses).list_projects()

    def test_a_key_that_the_service_repeats_is_cut_out(self, service: TrainingService, pauses: list[float]):
        service.faults.append(Fault(status=403, body={"code": "Forbidden", "message": f"the key {KEY} may not"}))
        with pytest.raises(CustomVisionError, match=r"the key \[training key\] may not") as caught:
            self.client(service, pauses).list_projects()
        assert KEY not in str(caught.value)
