import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from emulator.loopback import LoopbackOnly


async def answer(scope, receive, send):  # type: ignore[no-untyped-def]
    await PlainTextResponse(f"hello {Request(scope).url.path}")(scope, receive, send)


async def ask(host: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(LoopbackOnly(answer))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:10460") as client:
        return await client.get("/", headers={"Host": host, **{k.replace("_", "-"): v for k, v in headers.items()}})


@pytest.mark.parametrize("host", ["127.0.0.1:10460", "localhost:10460", "[::1]:10460", "LOCALHOST"])
async def test_loopback_hosts_are_served(host: str):
    assert (await ask(host)).text == "hello /"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:10460", "localhost.evil.example", ""])
async def test_a_foreign_host_is_refused_as_dns_rebinding_would_send_it(host: str):
    answer = await ask(host)
    assert answer.status_code == 421
    assert "Host header" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
async def test_a_browsers_cross_site_request_is_refused(headers: dict[str, str]):
    assert (await ask("127.0.0.1:10460", **headers)).status_code == 403


async def test_a_page_may_call_its_own_listener():
    headers = {"Origin": "http://127.0.0.1:10460", "Sec_Fetch_Site": "same-origin"}
    assert (await ask("127.0.0.1:10460", **headers)).status_code == 200
