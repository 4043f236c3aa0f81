"""No secret of a deployment can be read anywhere: a whole stack, every way that a run can end, every place."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from emulator import process
from emulator.clock import SystemClock
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.pulumi.environment import environment
from emulator.resource_manager import ResourceManager, deploying_person
from tests.security import disclosure
from tests.security.disclosure import Place, disclosed
from tests.security.program import ProgramRetraining, ProgramWorld, keys_of
from tests.workflows.test_gate import HELD_OUT, WRONG
from tests.workflows.world import LOGIC, STORAGE, merged, pictures

pytestmark = pytest.mark.e2e

CODE = "a-secret-code-of-a-receiver"
ALERT_CODE = "a-secret-code-of-who-is-told-of-alerts"
ALERT_EMAIL = "nobody-else-should-read-this@contoso.example"
PLANTED = "planted-for-the-search"
"""No secret: it is put wherever a user can put something, to see that the search finds it there."""
KEEPERS = (
    "secrets.json",
    "azurite/accounts.json",
    "custom_vision/custom_vision.sqlite",
    "custom_vision/custom_vision.sqlite-wal",
    "custom_vision/signing_key",
)
"""Where the emulator keeps what Azure keeps inside of its services."""
FIRST = merged([pictures("red", 8), pictures("blue", 8), {f"red/{PLANTED}.jpg": b"", "loose.png": b"x"}])


class Receiver(ThreadingHTTPServer):
    """Takes notices."""

    def __init__(self, code: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.told: list[bytes] = []
        self.address = f"http://127.0.0.1:{self.server_port}/hook?code={code}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        self.server.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ProcessWorld(ProgramWorld):
    """The emulator as a user starts it, in a process with a log; the receiver is told of runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SystemClock())
        self.receiver, self.alerted = Receiver(CODE), Receiver(ALERT_CODE)

    def serve(self) -> None:
        self.process = process.start(self.home)
        self.arm = ResourceManager(self.home, self.clock)

    def start(self) -> None:
        self.serve()
        self.deploy(noticeWebhook=self.receiver.address, alertWebhook=self.alerted.address, alertEmail=ALERT_EMAIL)

    def stop(self) -> None:
        for receiver in (self.receiver, self.alerted):
            receiver.shutdown()
            receiver.server_close()
        self.arm.close()
        process.stop(self.home)
        if self.process is not None:
            self.process.wait(30)

    def fault(self, **members: Any) -> None:
        configuration, secrets = self.home.load()
        issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, self.clock)
        token = issuer.issue(deploying_person(configuration), ARM_AUDIENCES[0])
        answer = httpx.post(
            f"{configuration.url('arm')}/emulator/faults",
            json={"service": "*", "kind": "status", "count": 1, **members},
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[ProcessWorld]:
    made = ProcessWorld(tmp_path_factory.mktemp("secrets") / "home")
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def retraining(world: ProcessWorld) -> ProgramRetraining:
    """Every way in which a run ends, each of them once."""
    made = ProgramRetraining(world)
    made.hold_out(HELD_OUT)
    decisions: list[str | None] = []

    def end(upload: dict[str, bytes] | None = None, **fault: Any) -> None:
        if fault:
            world.fault(**fault)
        made.upload(upload or {})
        run = made.run() if upload else made.ask({"who": PLANTED, "why": "to see it"})
        decisions.append((run.manifest or {}).get("decision"))

    end(FIRST)
    end(pictures("red", 2, 100), action="Write_the_manifest", status=403)
    end(WRONG)
    assert made.roll_back(made.rollback, {"who": PLANTED, "why": "to see it"}).status_code in (200, 409)
    end(pictures("red", 2, 110), action="List_the_training_keys", status=403)
    end(pictures("red", 2, 120), action="Add_the_images", status=400)
    world.fault(action="List_the_training_keys", status=403)
    assert made.roll_back(made.rollback, {"who": PLANTED, "why": "to see it"}).status_code == 500
    made.configure({"minimumNewImages": 0})
    end()
    assert decisions[:3] == ["published", None, "rejected"], decisions
    assert decisions[3:5] == ["failed", "failed"], decisions
    assert decisions[-1] == "failed", decisions
    return made


@pytest.fixture(scope="module")
def secrets(world: ProcessWorld, retraining: ProgramRetraining) -> dict[str, str]:
    """Every secret of the deployment that is not known by its form alone."""
    _, own = world.home.load()
    found = {
        **keys_of(world),
        "the passphrase of the state": environment(world.home)["PULUMI_CONFIG_PASSPHRASE"],
        "the key of the state": own.state_encryption_key,
        "the key of tokens": own.token_signing_key,
        "the code of the receiver": CODE,
        "the code of who is told of alerts": ALERT_CODE,
    }
    for workflow in (retraining.workflow, retraining.rollback):
        url = httpx.URL(world.arm.post(f"{workflow}/triggers/manual/listCallbackUrl", LOGIC)["value"])
        found[f"the signature of {workflow.rsplit('/', 1)[-1]}"] = url.params["sig"]
    assert len(found) == 13
    return found


@pytest.fixture(scope="module")
def places(world: ProcessWorld, retraining: ProgramRetraining) -> list[Place]:
    """Everything that can be read of the deployment."""
    workspaces = f"{world.group}/providers/Microsoft.OperationalInsights/workspaces"
    return [
        ("the outputs", json.dumps(world.outputs).encode()),
        *disclosure.files(world.home.root, KEEPERS),
        *disclosure.blobs(world, retraining.containers.values()),
        *disclosure.resources(world),
        *disclosure.histories(world, retraining.workflow),
        *disclosure.histories(world, retraining.rollback),
        *disclosure.tables(world, f"{workspaces}/{world.outputs['logAnalyticsWorkspaceName']}"),
        *((f"notice {number}", told) for number, told in enumerate(world.receiver.told)),
        *((f"alert {number}", told) for number, told in enumerate(world.alerted.told)),
    ]


def is_of_the_action_group(place: str) -> bool:
    """Azure shows a webhook's address to who may read the action group; the emulator keeps groups in two files."""
    kept = ("the file state/arm/resources.sqlite", "the file state/monitor/rules.db")
    return "/actionGroups/" in place or place.startswith(kept)


def test_no_secret_can_be_read_anywhere(places: list[Place], secrets: dict[str, str]):
    elsewhere = [place for place in places if not is_of_the_action_group(place[0])]
    assert disclosed(secrets, elsewhere) == []
    others = {name: secret for name, secret in secrets.items() if secret != ALERT_CODE}
    assert disclosed(others, places) == []
    assert any(disclosed({"it": ALERT_CODE}, [place]) for place in places if "/actionGroups/" in place[0])
    names = {name for name, _ in places}
    assert {"the outputs", "the file emulator.log", "the file azurite/blobs/azurite.log"} <= names
    assert "the file stacks/custom-vision-retraining/local.json" in names


def test_the_address_for_mails_is_where_it_was_set_and_nowhere_else(places: list[Place]):
    kept = ("the file stacks/", "the file pulumi-state/", "the file state/monitor/outbox/")
    elsewhere = [each for each in places if not is_of_the_action_group(each[0]) and not each[0].startswith(kept)]
    assert disclosed({"it": ALERT_EMAIL}, elsewhere) == []
    assert disclosed({"it": ALERT_EMAIL}, [each for each in places if is_of_the_action_group(each[0])])


def test_what_is_planted_is_found_in_every_kind_of_place(places: list[Place]):
    found = disclosed({"it": PLANTED}, places)
    for place in (
        "the file state/logic_apps/runs.db",
        "the blob model-artifacts/runs/",
        "the blob rejected-images/",
        "a content of the history of the trigger manual",
        "a content of Rejected of",
        "a content of repetitions of Copy_to_rejected",
        "the table RetrainingQuality_CL",
        "notice",
    ):
        assert any(each.startswith(f"it in {place}") for each in found), f"nothing was found in: {place}; {found}"


def test_every_secret_is_found_in_every_form(secrets: dict[str, str]):
    for name, secret in secrets.items():
        for written in (secret, quote(secret, safe=""), json.dumps({"key": secret}), f"https://x/?code={secret}&a=b"):
            assert disclosed({name: secret}, [("a log", f"before {written} after".encode())]), (name, written)
        for before in ("", "x", "xy"):
            hidden = base64.b64encode(f"{before}{secret} and more".encode())
            assert disclosed({name: secret}, [("a log", hidden)]) == [f"{name} in a log"], before


def test_signatures_and_tokens_are_found_by_their_form(world: ProcessWorld, retraining: ProgramRetraining):
    sas = world.arm.post(
        f"{world.storage}/listServiceSas",
        STORAGE,
        {
            "canonicalizedResource": f"/blob/{world.outputs['storageAccountName']}/training-images",
            "signedResource": "c",
            "signedPermission": "r",
            "signedExpiry": "2100-01-01T00:00:00Z",
        },
    )["serviceSasToken"]
    callback = world.arm.post(f"{retraining.workflow}/triggers/manual/listCallbackUrl", LOGIC)["value"]
    configuration, own = world.home.load()
    issuer = TokenIssuer(own.token_signing_key, configuration.tenant_id, world.clock)
    token = issuer.issue(deploying_person(configuration), ARM_AUDIENCES[0])
    for kind, texts in {
        "a signature": [sas, quote(sas, safe=""), callback, json.dumps(callback).replace("&", "\\u0026")],
        "a bearer token": [token, f"Bearer {token}", quote(token, safe="")],
    }.items():
        for text in texts:
            assert disclosed({}, [("a log", f"before {text} after".encode())]) == [f"{kind} in a log"], text
