"""Faults made on purpose: through the endpoint, over real HTTP, and on the way to the services."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from emulator.clock import ManualClock, SystemClock
from emulator.faults.rule import OPERATION_HEADER, WORKFLOW_HEADER, Call, FaultError, parse
from emulator.faults.switch import FaultSwitch
from emulator.faults.transport import FaultyTransport
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from tests.emulator.custom_vision.alone import Alone, alone

GROUPS = "/subscriptions/{}/resourcegroups?api-version=2024-03-01"


class Client:
    """Azure Resource Manager's port as the person, and the person's token."""

    def __init__(self, emulator: Alone) -> None:
        self.configuration, secrets = emulator.home.load()
        issuer = TokenIssuer(secrets.token_signing_key, self.configuration.tenant_id, SystemClock())
        person = Principal(self.configuration.person_id, "User", "person")
        other = Principal("44444444-4444-4444-8444-444444444444", "ServicePrincipal", "other")
        self.others_token = issuer.issue(other, ARM_AUDIENCES[0], timedelta(hours=1))
        token = issuer.issue(person, ARM_AUDIENCES[0], timedelta(hours=1))
        base = self.configuration.url("arm")
        self.http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    def fault(self, **members: Any) -> httpx.Response:
        return self.http.post("/emulator/faults", json=members)

    def groups(self, **options: Any) -> httpx.Response:
        return self.http.get(GROUPS.format(self.configuration.subscription_id), **options)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Client]:
    with alone(tmp_path_factory.mktemp("faults") / "home") as served:
        client = Client(served)
        yield client
        client.http.close()


@pytest.fixture
def client(emulator: Client) -> Generator[Client]:
    yield emulator
    emulator.http.delete("/emulator/faults")


def test_a_status_meets_as_many_calls_as_are_counted_after_those_that_are_skipped(client: Client):
    made = client.fault(service="arm", kind="status", status=429, retryAfterSeconds=7, path="*groups*", skip=1, count=2)
    assert (made.status_code, made.json()["met"]) == (201, 0)
    answers = [client.groups() for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 429, 429, 200]
    assert (answers[1].headers["Retry-After"], answers[1].json()["error"]["code"]) == ("7", "InjectedFault")
    (listed,) = client.http.get("/emulator/faults").json()["value"]
    assert listed == {**made.json(), "met": 2}


def test_a_fault_is_met_by_the_calls_that_fit_alone(client: Client):
    client.fault(service="arm", kind="status", method="PUT")
    client.fault(service="custom-vision", kind="status")
    client.fault(service="arm", kind="status", path="*/elsewhere*")
    client.fault(service="arm", kind="status", action="Read_the_lock", workflow="retrain*")
    assert client.groups().status_code == 200
    named = {OPERATION_HEADER: "Read_the_lock", WORKFLOW_HEADER: "retrain-1"}
    assert client.groups(headers=named).status_code == 503
    assert client.groups(headers={**named, OPERATION_HEADER: "Read"}).status_code == 200
    assert (
        httpx.get(client.configuration.url("custom-vision") + "/customvision/v3.3/training/domains").status_code == 503
    )


def test_a_dropped_connection_a_time_out_and_wrong_json_are_what_a_client_sees(client: Client):
    client.fault(service="arm", kind="droppedConnection", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.groups()
    client.fault(service="arm", kind="timeOut", count=1)
    with pytest.raises(httpx.ReadTimeout):
        client.groups(timeout=0.3)
    client.fault(service="arm", kind="wrongJson", count=1)
    wrong = client.groups()
    assert wrong.headers["Content-Type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        wrong.json()
    assert client.groups().status_code == 200


def test_what_is_carried_out_is_done_though_its_answer_is_lost(client: Client):
    path = f"/subscriptions/{client.configuration.subscription_id}/resourcegroups/{{}}?api-version=2024-03-01"
    for name, carried_out in (("done", True), ("undone", False)):
        client.fault(service="arm", kind="droppedConnection", method="PUT", count=1, carriedOut=carried_out)
        with pytest.raises(httpx.RemoteProtocolError):
            client.http.put(path.format(name), json={"location": "eastus"})
    assert client.http.get(path.format("done")).status_code == 200
    assert client.http.get(path.format("undone")).status_code == 404


def test_a_slow_answer_comes_later(client: Client):
    client.fault(service="arm", kind="slow", seconds=0.5, count=1)
    with pytest.raises(httpx.ReadTimeout):
        client.groups(timeout=0.1)
    assert client.groups(timeout=5).status_code == 200


def test_a_fault_is_turned_off_by_its_id_and_an_unknown_one_is_named(client: Client):
    first, second = (client.fault(service="arm", kind="status").json()["id"] for _ in range(2))
    assert client.http.delete(f"/emulator/faults/{first}").status_code == 204
    again = client.http.delete(f"/emulator/faults/{first}")
    assert again.status_code == 404
    assert f"'{first}'" in again.text
    assert second in again.text
    assert client.groups().status_code == 503
    assert client.http.delete(f"/emulator/faults/{second}").status_code == 204
    assert client.groups().status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_only_the_person_turns_faults_on(client: Client, method: str):
    url = client.configuration.url("arm") + "/emulator/faults"
    body = {"service": "arm", "kind": "status"} if method == "POST" else None
    refused = [
        httpx.request(method, url, json=body).status_code,
        httpx.request(method, url, json=body, headers={"Authorization": "Bearer x.y.z"}).status_code,
        httpx.request(method, url, json=body, headers={"Authorization": f"Bearer {client.others_token}"}).status_code,
    ]
    assert refused == [401, 401, 403]
    assert client.http.get("/emulator/faults").json() == {"value": []}


@pytest.mark.parametrize(
    ("changed", "field", "allowed"),
    [
        ({"service": "queue"}, "service", "'queue'; allowed: *, arm, storage, custom-vision"),
        ({"kind": "explosion"}, "kind", "status, timeOut, droppedConnection, wrongJson, slow"),
        ({"kind": None}, "kind", "status, timeOut"),
        ({"method": "get"}, "method", "DELETE, GET"),
        ({"path": 7}, "path", "a pattern"),
        ({"action": ""}, "action", "a pattern"),
        ({"status": 200}, "status", "300 to 599"),
        ({"status": True}, "status", "300 to 599"),
        ({"count": 0}, "count", "1 to 1000000, or null"),
        ({"skip": -1}, "skip", "0 to 1000000"),
        ({"retryAfterSeconds": 3601}, "retryAfterSeconds", "0 to 3600"),
        ({"carriedOut": "yes"}, "carriedOut", "true, false"),
        ({"kind": "slow", "carriedOut": True}, "carriedOut", "false with the kind 'slow'"),
        ({"kind": "slow", "seconds": 0}, "seconds", "above 0, to 3600"),
        ({"kind": "slow", "seconds": float("nan")}, "seconds", "above 0, to 3600"),
        ({"seconds": 1}, "seconds", "only with the kind 'slow'"),
        ({"kind": "timeOut", "status": 500}, "status", "only with the kind 'status'"),
        ({"times": 3}, "times", "the members service, kind"),
    ],
)
def test_a_member_that_is_wrong_is_named_with_what_is_allowed(changed: dict[str, Any], field: str, allowed: str):
    with pytest.raises(FaultError) as refused:
        parse({"service": "arm", "kind": "status", **changed})
    assert f"'{field}'" in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize("body", ["[]", "null", "{", "[" * 30_000, "{}"])
def test_what_is_no_fault_is_refused_by_the_endpoint(client: Client, body: str):
    refused = client.http.post("/emulator/faults", content=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFault")


def test_a_fault_is_read_as_it_is_shown():
    for kind in ("status", "timeOut", "droppedConnection", "wrongJson", "slow"):
        rule = parse({"service": "*", "kind": kind, "count": 3})
        assert parse(rule.to_json()) == rule


def test_as_many_calls_meet_a_fault_as_are_counted_however_many_come_at_once():
    switch = FaultSwitch()
    id = switch.add(parse({"service": "*", "kind": "status", "count": 50}))
    met: list[bool] = []
    threads = [
        threading.Thread(target=lambda: met.extend(bool(switch.draw(Call("arm", "GET", "/"))) for _ in range(100)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(met), switch.met(id)) == (50, 50)


async def outcome(make: Callable[[httpx.Request], httpx.Response], body: dict[str, Any]) -> httpx.Response:
    switch = FaultSwitch()
    switch.add(parse({"service": "storage", **body}))
    transport = FaultyTransport(httpx.MockTransport(make), switch, {10461: "storage"}, ManualClock())
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.put("http://127.0.0.1:10461/account/blob?comp=lease")


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize(
    ("fault", "error"),
    [({"kind": "timeOut"}, TimeoutError), ({"kind": "droppedConnection"}, httpx.RemoteProtocolError)],
)
async def test_on_the_way_a_time_out_takes_no_time(fault: dict[str, Any], error: type[Exception], carried_out: bool):
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201)

    with pytest.raises(error):
        await outcome(answer, {**fault, "path": "*comp=lease", "carriedOut": carried_out})
    assert len(asked) == int(carried_out)


async def test_on_the_way_other_calls_are_answered_by_the_service():
    found = await outcome(lambda _: httpx.Response(201), {"kind": "status", "path": "*comp=list"})
    assert found.status_code == 201
    faulted = await outcome(lambda _: httpx.Response(201), {"kind": "status", "status": 412, "path": "/account/*"})
    assert faulted.status_code == 412
