"""The query API of Log Analytics.

Source: "Azure Monitor Log Analytics API" (learn.microsoft.com) and its specification v1: a workspace by its
customerId, or by its resource id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import duckdb
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.arm.provider import Authorizer
from emulator.clock import Clock
from emulator.identity import LOG_ANALYTICS_AUDIENCES, InvalidTokenError, Principal, TokenIssuer, bearer_token
from emulator.monitor.kql import Column, KqlError, Query, compile_query
from emulator.monitor.logs.answers import LogsError
from emulator.monitor.logs.store import LogStore, Span
from emulator.monitor.logs.times import span_of
from emulator.monitor.workspaces import Workspaces

MOST_ROWS: Final = 500_000
"""Of an answer ("Azure Monitor service limits", learn.microsoft.com)."""
_QUERY: Final = "Microsoft.OperationalInsights/workspaces/query/read"
_DATA: Final = "Microsoft.OperationalInsights/workspaces/tables/data/read"
_MEMBERS: Final = ("query", "timespan", "workspaces")


class QueryApi:
    """Answers queries."""

    def __init__(
        self, workspaces: Workspaces, logs: LogStore, issuer: TokenIssuer, authorizer: Authorizer, clock: Clock
    ) -> None:
        self._workspaces = workspaces
        self._logs = logs
        self._issuer = issuer
        self._authorizer = authorizer
        self._clock = clock

    async def by_customer_id(self, request: Request) -> Response:
        """Answer ``/v1/workspaces/{customer}/query``."""
        return await self._answered(request, self._workspaces.find(request.path_params["customer"]))

    async def by_resource_id(self, request: Request) -> Response:
        """Answer ``/v1/{resource id of a workspace}/query``."""
        id = f"/{request.path_params['resource']}"
        return await self._answered(request, id if self._workspaces.customer_id(id) else None)

    async def _answered(self, request: Request, workspace: str | None) -> Response:
        try:
            principal = self._principal(request)
            text, timespan = await _asked(request)
            if workspace is None:
                raise LogsError(404, "WorkspaceNotFoundError", "The workspace could not be found")
            return JSONResponse(await self._answer(principal, workspace, text, timespan))
        except LogsError as error:
            return error.response()

    def _principal(self, request: Request) -> Principal:
        try:
            token = bearer_token(request.headers.get("authorization")) or ""
            return self._issuer.verify(token, LOG_ANALYTICS_AUDIENCES)
        except InvalidTokenError as error:
            text = f"Valid authentication was not provided: {error}"
            raise LogsError(401, "AuthorizationRequiredError", text, headers={"WWW-Authenticate": "Bearer"}) from error

    async def _answer(self, principal: Principal, workspace: str, text: str, timespan: str | None) -> dict[str, Any]:
        now = self._clock.now()
        try:
            span = span_of(timespan, now)
        except ValueError as error:
            raise _bad_argument("InvalidTimespan", str(error)) from error
        query = self._compiled(workspace, text, span, now)
        self._authorize(principal, workspace, query)
        try:
            rows = await asyncio.to_thread(self._logs.run, query, MOST_ROWS + 1)
        except duckdb.Error as error:
            raise _bad_argument("QueryFailed", f"The query failed on these rows: {error}") from error
        answer: dict[str, Any] = {"tables": [table_json(query.columns, rows[:MOST_ROWS])]}
        if len(rows) > MOST_ROWS:
            answer["error"] = {
                "code": "PartialError",
                "message": f"There were some errors when processing your query: more than {MOST_ROWS} rows.",
            }
        return answer

    def _compiled(self, workspace: str, text: str, span: Span, now: datetime) -> Query:
        sources = self._logs.sources(workspace, self._workspaces.customer_id(workspace) or "", span)
        try:
            return compile_query(text, sources, now)
        except KqlError as error:
            raise _of_query(error) from error

    def _authorize(self, principal: Principal, workspace: str, query: Query) -> None:
        may = self._authorizer.may(principal, _QUERY, workspace) and all(
            self._authorizer.may(principal, f"Microsoft.OperationalInsights/workspaces/query/{table}/read", workspace)
            or self._authorizer.may_data(principal, _DATA, f"{workspace}/tables/{table}")
            for table in query.tables
        )
        if not may:
            text = "The provided credentials have insufficient access to perform the requested operation"
            raise LogsError(403, "InsufficientAccessError", text)


def table_json(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return rows as the API answers them: datetimes and timespans as texts, dynamic values as texts of JSON."""
    return {
        "name": "PrimaryResult",
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": [[_json_value(value, column) for value, column in zip(row, columns, strict=True)] for row in rows],
    }


def _json_value(value: Any, column: Column) -> Any:
    if value is None:
        return None
    match column.type:
        case "datetime":
            return datetime_text(value)
        case "timespan":
            return timespan_text(value)
        case "dynamic":
            return json.dumps(json.loads(value), separators=(",", ":"), ensure_ascii=False)
        case "real" if value != value or value in (float("inf"), float("-inf")):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        case _:
            return value


def datetime_text(value: datetime) -> str:
    """Return a datetime's text, with as many digits of a second as it has."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def timespan_text(microseconds: int) -> str:
    """Return a timespan's text, [-][d.]hh:mm:ss[.fffffff]."""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    text = f"{days}." if days else ""
    text += f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{'-' if microseconds < 0 else ''}{text}{f'.{fraction:06d}0' if fraction else ''}"


async def _asked(request: Request) -> tuple[str, str | None]:
    if request.method == "GET":
        body: Any = dict(request.query_params)
        body.pop("api-version", None)
    else:
        try:
            body = await request.json()
        except ValueError as error:
            raise _bad_argument("InvalidBody", f"The body is not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _bad_argument("MissingQuery", "The body needs the member 'query', a text")
    unknown = sorted(set(body) - set(_MEMBERS))
    if unknown or body.get("workspaces"):
        named = ", ".join(unknown) or "workspaces"
        raise _bad_argument("NotEmulated", f"{named}: not emulated; the emulator takes query and timespan")
    timespan = body.get("timespan")
    if timespan is not None and not isinstance(timespan, str):
        raise _bad_argument("InvalidTimespan", f"timespan is {timespan!r}; allowed: a text")
    return body["query"], timespan


def _bad_argument(code: str, text: str) -> LogsError:
    inner = {"code": code, "message": text}
    return LogsError(400, "BadArgumentError", "The request had some invalid properties", inner=inner)


def _of_query(error: KqlError) -> LogsError:
    place = {"line": error.position.line, "pos": error.position.column}
    match error.kind:
        case "syntax":
            code, text, inner = "SyntaxError", "A recognition error occurred in the query.", "SYN0002"
        case "semantic":
            code, text, inner = "SemanticError", "A semantic error occurred.", "SEM0100"
        case _:
            code, text, inner = "NotEmulated", "The query needs what is not emulated.", "NotEmulated"
    details = {"code": code, "message": text, "innererror": {"code": inner, "message": str(error), **place}}
    return LogsError(400, "BadArgumentError", "The request had some invalid properties", inner=details)
