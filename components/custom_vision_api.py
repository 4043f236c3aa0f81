"""A small client of the Custom Vision training API v3.3: projects, and the iterations that keep one from going.

Reference: https://learn.microsoft.com/rest/api/customvision/training/projects (v3.3).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

import requests

Parsed = TypeVar("Parsed")

BASE_PATH: Final = "customvision/v3.3/training"

_TIMEOUT_SECONDS: Final = (10, 60)
"""To connect, and between two bytes of the answer."""
_ATTEMPTS: Final = 7
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
"""Without a word of the service pauses are 1, 2, 4, 8, 16 and 32 s, in which the name of a new account gets around;
what the service asks for is kept up to this long."""


_KEPT_SETTINGS: Final = ("imageProcessingSettings",)
"""Settings that can be written and are not the program's: an update sends back what it has found."""
_STALE_KEY: Final = (
    " (If the account's keys were regenerated since the last deployment: `pulumi up` takes the new one.)"
)
_LOST_CONNECTION: Final = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class CustomVisionError(Exception):
    """The service refused, or could not be asked.

    `status` is the HTTP status, or None where there was no answer; `code` the service's error code, or "".
    """

    def __init__(self, operation: str, status: int | None, code: str, message: str) -> None:
        self.operation = operation
        self.status = status
        self.code = code
        answer = "no answer" if status is None else f"HTTP {status}" + (f" {code}" if code else "")
        super().__init__(f"Custom Vision: {operation}: {answer}: {message}")


@dataclass(frozen=True)
class Project:
    """A project as the service describes it; the fields have the meaning of the API's own."""

    id: str
    name: str
    description: str
    domain_id: str
    classification_type: str | None
    target_export_platforms: tuple[str, ...]
    settings: Mapping[str, Any]

    @classmethod
    def parse(cls, body: Any) -> Project:
        """Read the JSON of a Project; raises KeyError or TypeError where it is not one."""
        settings = body["settings"]
        return cls(
            id=str(body["id"]),
            name=str(body["name"]),
            description=str(body.get("description") or ""),
            domain_id=str(settings["domainId"]),
            classification_type=settings.get("classificationType"),
            target_export_platforms=tuple(settings.get("targetExportPlatforms") or ()),
            settings=settings,
        )


@dataclass(frozen=True)
class ProjectDefinition:
    """What a project is made with, and what can be changed later."""

    name: str
    description: str
    domain_id: str
    classification_type: str
    target_export_platforms: tuple[str, ...]


class CustomVisionClient:
    """Calls one training account.

    A call is repeated after 429, 5xx and a lost connection, seven times in all, with growing pauses or those that the
    service asks for. The key is sent in the Training-Key header only, never to another address (redirects are not
    followed), and is cut out of whatever text comes back.

    Args:
        endpoint: address of the training account, with a trailing slash.
        training_key: one of the account's keys.
        sleep: waits for so many seconds.
    """

    def __init__(self, endpoint: str, training_key: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = endpoint
        self._key = training_key
        self._sleep = sleep

    def get_project(self, project_id: str) -> Project | None:
        """Return the project, or None where the account has none of this id."""
        try:
            return self._project("GetProject", "GET", f"projects/{project_id}")
        except CustomVisionError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list_projects(self) -> list[Project]:
        """Return every project of the account (the service has no paging here)."""
        return _parsed("GetProjects", _projects, self._call("GetProjects", "GET", "projects"))

    def create_project(self, definition: ProjectDefinition, owner_mark: str) -> Project:
        """Make the project, or return the one that an interrupted call of the same owner has made.

        The service lets two projects have the same name. So a project whose description ends with `owner_mark`, as that
        of `definition` must, is taken for the one that is wanted, whatever else it is like: before the first call, and
        before each further one, as a lost answer does not say whether the project was made.
        """
        query = {
            "name": definition.name,
            "description": definition.description,
            "domainId": definition.domain_id,
            "classificationType": definition.classification_type,
        }
        if definition.target_export_platforms:
            query["targetExportPlatforms"] = ",".join(definition.target_export_platforms)
        pauses = _pauses()
        while True:
            made = self._find(owner_mark)
            if made is not None:
                return made
            try:
                body = self._call_once("CreateProject", "POST", "projects", query, None)
                return _parsed("CreateProject", Project.parse, body)
            except _TryAgain as refusal:
                self._pause(refusal, pauses)

    def update_project(self, project: Project, definition: ProjectDefinition) -> Project:
        """Change the project to `definition`; settings that are not in it stay as they are."""
        settings = {
            **{member: project.settings[member] for member in _KEPT_SETTINGS if member in project.settings},
            "domainId": definition.domain_id,
            "classificationType": definition.classification_type,
            "targetExportPlatforms": list(definition.target_export_platforms),
        }
        body = {"name": definition.name, "description": definition.description, "settings": settings}
        return self._project("UpdateProject", "PATCH", f"projects/{project.id}", body)

    def delete_project(self, project_id: str) -> None:
        """Delete the project with all its images and iterations; one that is gone already is no error.

        The service refuses while an iteration is published, so those are unpublished first.
        """
        try:
            iterations = self._call("GetIterations", "GET", f"projects/{project_id}/iterations")
            for iteration_id in _parsed("GetIterations", _published, iterations):
                self._unpublish(project_id, iteration_id)
            self._call("DeleteProject", "DELETE", f"projects/{project_id}")
        except CustomVisionError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _unpublish(self, project_id: str, iteration_id: str) -> None:
        try:
            self._call("UnpublishIteration", "DELETE", f"projects/{project_id}/iterations/{iteration_id}/publish")
        except CustomVisionError as error:
            # What a repeated call finds after an answer that was lost.
            if error.code != "BadRequestIterationNotPublished":
                raise

    def _find(self, owner_mark: str) -> Project | None:
        return next((each for each in self.list_projects() if each.description.endswith(owner_mark)), None)

    def _project(self, operation: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Project:
        return _parsed(operation, Project.parse, self._call(operation, method, path, body))

    def _call(self, operation: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call an operation that may be repeated without harm."""
        pauses = _pauses()
        while True:
            try:
                return self._call_once(operation, method, path, {}, body)
            except _TryAgain as refusal:
                self._pause(refusal, pauses)

    def _pause(self, refusal: _TryAgain, pauses: Iterator[float]) -> None:
        pause = next(pauses, None)
        if pause is None:
            raise refusal.error from None
        asked_for = refusal.retry_after
        self._sleep(pause if asked_for is None else min(asked_for, _LONGEST_PAUSE_SECONDS))

    def _call_once(
        self, operation: str, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Any:
        try:
            response = requests.request(
                method,
                f"{self._endpoint}{BASE_PATH}/{path}",
                params=query,
                json=body,
                headers={"Training-Key": self._key},
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            failure = CustomVisionError(operation, None, "", self._without_key(f"{self._endpoint}: {error}"))
            if isinstance(error, _LOST_CONNECTION):
                raise _TryAgain(failure, None) from error
            raise failure from error
        if response.ok and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            if not response.content:
                return None
            try:
                return response.json()
            except ValueError as error:
                raise CustomVisionError(
                    operation, response.status_code, "", f"{self._endpoint} did not answer with JSON"
                ) from error
        code, message = _reason(response)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            message += _STALE_KEY
        failure = CustomVisionError(operation, response.status_code, code, self._without_key(message))
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or response.status_code >= 500:
            raise _TryAgain(failure, _retry_after(response, message))
        raise failure

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[training key]") if self._key else text


class _TryAgain(Exception):  # noqa: N818 - a signal between two methods, not an error of its own
    def __init__(self, error: CustomVisionError, retry_after: float | None) -> None:
        self.error = error
        self.retry_after = retry_after
        super().__init__(str(error))


def _pauses() -> Iterator[float]:
    return (_FIRST_PAUSE_SECONDS * 2**attempt for attempt in range(_ATTEMPTS - 1))


def _projects(body: Any) -> list[Project]:
    return [Project.parse(each) for each in _items(body)]


def _published(body: Any) -> list[str]:
    return [str(iteration["id"]) for iteration in _items(body) if iteration.get("publishName")]


def _items(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise TypeError(f"a list was expected, not {type(body).__name__}")
    return body


def _parsed(operation: str, parse: Callable[[Any], Parsed], body: Any) -> Parsed:
    try:
        return parse(body)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CustomVisionError(
            operation, HTTPStatus.OK, "", f"the answer has not the documented shape: {error!r}"
        ) from error


def _reason(response: requests.Response) -> tuple[str, str]:
    """Code and message of both forms: the service's ``{code, message}``, and ``{"error": {...}}`` of its gateway."""
    try:
        body = response.json()
    except ValueError:
        return "", response.text[:500] or response.reason
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        return "", str(error)[:500]
    return str(error.get("code") or ""), str(error.get("message") or response.reason)


def _retry_after(response: requests.Response, message: str) -> float | None:
    """Seconds that the service asks to wait: in the header, as seconds or a date, or only in the gateway's message."""
    header = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}", header):
        return float(header)
    if header:
        try:
            return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None
    named = re.search(r"retry after (\d{1,6}) second", message)
    return float(named[1]) if named else None
