"""CustomVisionProject: a Custom Vision project as a Pulumi resource.

Projects are no ARM resources, so no Azure provider of Pulumi knows them; they are made with the account's key through
the training API. The provider lives in an importable module and has no state of its own: what Pulumi keeps of it is a
reference to the class, so a later deployment always runs the code of that day.

What changes how:

==================================================  ==========================================================
name, description, domain, classification type,     in place (PATCH). The service takes another domain of the
export platforms                                    same type and the other classification type; the next
                                                    training uses them. Multiclass training refuses images that
                                                    have several tags.
training key, endpoint, Azure Resource Manager      in place, without a call: keys rotate, and the same account
                                                    may be reached by another address.
account, id of the adopted project                  replacement: it is another project.
==================================================  ==========================================================

The key in the state may be an old one: `pulumi refresh` and `pulumi destroy` run no program that would ask for the new
one. So a provider whose key is refused asks Azure Resource Manager for the present one, as who is logged in.

An adopted project (``adopt_project_id``) is brought to the declared name and settings and left in place when the
resource is deleted; that its account stays too is the business of who declares the account. A project that was made
here carries its owner at the end of its description, ``[pulumi:<project>/<stack>/<resource>]``: a creation that was
interrupted after the service had made the project finds it again by that, instead of making a second one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from components.azure_login import LoginError, logged_in
from components.custom_vision_api import CustomVisionClient, CustomVisionError, Project, ProjectDefinition
from components.domains import CLASSIFICATION_DOMAINS, CLASSIFICATION_TYPES, DETECTION_DOMAIN_IDS, EXPORT_PLATFORMS
from components.resource_manager import ResourceManager, ResourceManagerError

Properties = Mapping[str, Any]
"""Inputs or outputs of the resource by name; in a preview a value may be `pulumi.output.Unknown`."""

_UPDATED: Final = ("name", "description", "domain_id", "classification_type", "target_export_platforms")
_NOTED: Final = ("endpoint", "training_key", "resource_manager_endpoint", "resource_manager_audience", "owner")
"""Inputs whose change concerns only how the project is reached, and the marker of its owner."""
_KEYS_API: Final = "2025-06-01"
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class CustomVisionProjectArgs:
    """Inputs of `CustomVisionProject`.

    Attributes:
        account_id: ARM id of the training account.
        endpoint: address of the training account.
        training_key: one of its keys; always kept as a secret.
        resource_manager_endpoint, resource_manager_audience: the settings of these names; there a new key is asked for.
        name: the project's name.
        description: the project's description, without the marker of its owner.
        domain_id: GUID of a classification domain.
        classification_type: Multiclass or Multilabel.
        target_export_platforms: of CoreML, TensorFlow, DockerFile, ONNX, VAIDK.
        adopt_project_id: a project of the account to use instead of a new one.
    """

    account_id: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    training_key: pulumi.Input[str]
    resource_manager_endpoint: pulumi.Input[str]
    resource_manager_audience: pulumi.Input[str]
    name: pulumi.Input[str]
    description: pulumi.Input[str]
    domain_id: pulumi.Input[str]
    classification_type: pulumi.Input[str]
    target_export_platforms: pulumi.Input[list[str]]
    adopt_project_id: pulumi.Input[str] | None = None


class CustomVisionProjectProvider(ResourceProvider):
    """Creates, reads, updates and deletes projects; see the module for the rules."""

    sleep: ClassVar[Callable[[float], None]] = staticmethod(time.sleep)
    """Waits between two attempts of a call."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Name every input that is wrong; what is not known yet is not judged."""
        failures = [
            CheckFailure(field, reason)
            for field, judge in _RULES.items()
            if not isinstance(value := news.get(field), Unknown) and (reason := judge(value)) is not None
        ]
        return CheckResult(_checked(news), failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell an update from a replacement."""
        replaces = _replaces(_id, _olds, _news)
        changed = [field for field in (*_UPDATED, *_NOTED, "adopt_project_id") if _differs(field, _olds, _news)]
        # Not deleted before it is replaced: the two are different projects, and clients keep the old one meanwhile.
        return DiffResult(changes=bool(replaces or changed), replaces=replaces, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the project, or take over the one that is to be adopted.

        Raises:
            CustomVisionError: the service refused; nothing that was made is lost, a further attempt finds it.
        """
        definition = _definition(props)
        adopted = props.get("adopt_project_id")

        def made(client: CustomVisionClient) -> Project:
            project = _existing(client, adopted) if adopted else client.create_project(definition, _marker(props))
            return project if _defined(project) == definition else client.update_project(project, definition)

        project, used = self._asked(props, made)
        return CreateResult(project.id, _outputs(project, used))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look what became of the project: its present name and settings, or an empty id where it is gone."""
        project, used = self._asked(props, lambda client: client.get_project(id_))
        if project is None:
            return ReadResult("", {})
        return ReadResult(id_, _outputs(project, used))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bring the project to its new definition; a new key alone needs no call.

        Raises:
            CustomVisionError: the service refused, or the project is gone.
        """
        if _definition(_olds) == _definition(_news):
            return UpdateResult(_kept(_news))

        def updated(client: CustomVisionClient) -> Project:
            project = client.get_project(_id)
            if project is None:
                message = f"the project {_id} is gone; refresh the stack, and the next update makes it anew"
                raise CustomVisionError("GetProject", HTTPStatus.NOT_FOUND, "", message)
            return client.update_project(project, _definition(_news))

        project, used = self._asked(_news, updated)
        return UpdateResult(_outputs(project, used))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Unpublish and delete the project; an adopted one is left as it is, and a missing one is no error."""
        if not _props.get("adopt_project_id"):
            self._asked(_props, lambda client: client.delete_project(_id))

    def _asked(self, props: Properties, call: Callable[[CustomVisionClient], Answer]) -> tuple[Answer, Properties]:
        """Return what `call` answers, and the properties with the key that was taken.

        Raises:
            CustomVisionError: the service refused; it refused the key, and there is no other one.
        """
        try:
            return call(self._client(props)), props
        except CustomVisionError as error:
            if error.status != HTTPStatus.UNAUTHORIZED or (key := _present_key(props, error)) == props["training_key"]:
                raise
        renewed = {**props, "training_key": key}
        return call(self._client(renewed)), renewed

    def _client(self, props: Properties) -> CustomVisionClient:
        return CustomVisionClient(props["endpoint"], props["training_key"], type(self).sleep)


def _present_key(props: Properties, refusal: CustomVisionError) -> str:
    """Return the first key of the account; where it cannot be asked for, raise `refusal` with the reason."""
    endpoint, audience = (props.get(f"resource_manager_{part}") for part in ("endpoint", "audience"))
    if not endpoint or not audience:
        # The state of a version that did not keep them; what is refused says what to do.
        raise refusal
    tokens = logged_in()
    try:
        manager = ResourceManager(endpoint, lambda: tokens(audience))
        return str(manager.ask(f"{props['account_id']}/listKeys", _KEYS_API)["key1"])
    except (LoginError, ResourceManagerError) as error:
        refusal.add_note(f"Its present key could not be asked for: {error}")
        raise refusal from error


class CustomVisionProject(Resource, module="customvision", name="Project"):
    """A Custom Vision classification project; its `id` is the project's GUID."""

    name: pulumi.Output[str]
    """The project's name."""

    def __init__(
        self, resource_name: str, args: CustomVisionProjectArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        owner = f"{pulumi.get_project()}/{pulumi.get_stack()}/{resource_name}"
        props = {**vars(args), "training_key": pulumi.Output.secret(args.training_key), "owner": owner}
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["training_key"]))
        super().__init__(CustomVisionProjectProvider(), resource_name, props, options)


def _existing(client: CustomVisionClient, project_id: str) -> Project:
    project = client.get_project(project_id)
    if project is None:
        message = f"adopt_project_id {project_id} is no project of this account"
        raise CustomVisionError("GetProject", HTTPStatus.NOT_FOUND, "", message)
    if project.classification_type is None:
        message = f"adopt_project_id {project_id} is an object detection project"
        raise CustomVisionError("GetProject", HTTPStatus.OK, "", message)
    return project


def _judge_text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else f"is {value!r}; allowed: a text that is not empty"


def _judge_description(value: Any) -> str | None:
    return None if isinstance(value, str) else f"is {value!r}; allowed: a text"


def _judge_key(value: Any) -> str | None:
    # The value itself must not get into an error text.
    return None if isinstance(value, str) and value.strip() else "is empty; allowed: a key of the training account"


def _judge_endpoint(value: Any) -> str | None:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is not None and parts.scheme in ("https", "http") and parts.hostname:
        return None
    return f"is {value!r}; allowed: an http or https address"


def _judge_domain(value: Any) -> str | None:
    if not _is_guid(value):
        names = ", ".join(f"{domain.id} ({name})" for name, domain in CLASSIFICATION_DOMAINS.items())
        return f"is {value!r}; allowed: the GUID of a classification domain, e.g. {names}"
    if value in DETECTION_DOMAIN_IDS:
        return f"is {value!r}, a domain of object detection; allowed: a classification domain"
    return None


def _judge_classification_type(value: Any) -> str | None:
    if value in CLASSIFICATION_TYPES:
        return None
    return f"is {value!r}; allowed: {', '.join(CLASSIFICATION_TYPES)}"


def _judge_platforms(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(item, Unknown) or item in EXPORT_PLATFORMS for item in value):
        return None
    return f"is {value!r}; allowed: a list of {', '.join(EXPORT_PLATFORMS)}"


def _judge_adopted(value: Any) -> str | None:
    return None if value is None or _is_guid(value) else f"is {value!r}; allowed: the GUID of a project, or nothing"


_RULES: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "account_id": _judge_text,
    "endpoint": _judge_endpoint,
    "training_key": _judge_key,
    "resource_manager_endpoint": _judge_endpoint,
    "resource_manager_audience": _judge_text,
    "owner": _judge_text,
    "name": _judge_text,
    "description": _judge_description,
    "domain_id": _judge_domain,
    "classification_type": _judge_classification_type,
    "target_export_platforms": _judge_platforms,
    "adopt_project_id": _judge_adopted,
}
"""Input -> what is wrong with a value of it, or None. Every input has its rule."""


def _is_guid(value: Any) -> bool:
    try:
        return str(uuid.UUID(value)) == value.lower()
    except (ValueError, AttributeError, TypeError):
        return False


def _checked(news: Properties) -> dict[str, Any]:
    inputs = {field: news[field] for field in _RULES if news.get(field) is not None}
    endpoint = inputs.get("endpoint")
    if isinstance(endpoint, str):
        inputs["endpoint"] = endpoint.rstrip("/") + "/"
    # As the service gives them back: else every refresh would find a difference.
    for field in ("domain_id", "adopt_project_id"):
        if isinstance(inputs.get(field), str):
            inputs[field] = inputs[field].lower()
    if isinstance(inputs.get("description"), str):
        inputs["description"] = inputs["description"].strip()
    platforms = inputs.get("target_export_platforms")
    if isinstance(platforms, list) and all(isinstance(platform, str) for platform in platforms):
        inputs["target_export_platforms"] = sorted(platforms)
    return inputs


def _differs(field: str, olds: Properties, news: Properties) -> bool:
    # A null and an empty list are the same as nothing; what is unknown equals nothing that is known.
    return (news.get(field) or None) != (olds.get(field) or None)


def _replaces(project_id: str, olds: Properties, news: Properties) -> list[str]:
    replaces: list[str] = []
    # Not by the endpoint: while an account is merely updated, a preview knows its id and does not know its endpoint.
    if _differs("account_id", olds, news):
        replaces.append("account_id")
    # Adopting the very project that was made here only hands it over: it is then left in place at the end.
    if _differs("adopt_project_id", olds, news) and news.get("adopt_project_id") != project_id:
        replaces.append("adopt_project_id")
    return replaces


def _definition(props: Properties) -> ProjectDefinition:
    return ProjectDefinition(
        name=props["name"],
        description=_marked(props),
        domain_id=props["domain_id"],
        classification_type=props["classification_type"],
        target_export_platforms=tuple(sorted(props.get("target_export_platforms") or ())),
    )


def _defined(project: Project) -> ProjectDefinition:
    return ProjectDefinition(
        name=project.name,
        description=project.description,
        domain_id=project.domain_id,
        classification_type=project.classification_type or "",
        target_export_platforms=tuple(sorted(project.target_export_platforms)),
    )


def _marker(props: Properties) -> str:
    return "" if props.get("adopt_project_id") else f"[pulumi:{props['owner']}]"


def _marked(props: Properties) -> str:
    return f"{props['description']} {_marker(props)}".strip()


def _kept(props: Properties) -> dict[str, Any]:
    return {field: props.get(field) for field in _RULES}


def _outputs(project: Project, props: Properties) -> dict[str, Any]:
    """What Pulumi keeps: the inputs, with what the service says about the project in the place of what was asked."""
    return {
        **_kept(props),
        "name": project.name,
        "description": project.description.removesuffix(_marker(props)).rstrip(),
        "domain_id": project.domain_id.lower(),
        "classification_type": project.classification_type,
        "target_export_platforms": sorted(project.target_export_platforms),
    }
