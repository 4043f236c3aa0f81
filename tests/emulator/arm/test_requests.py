"""Authentication, addresses, API versions, methods, headers."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from emulator.identity import ARM_AUDIENCES, STORAGE_AUDIENCES
from tests.emulator.arm.clouds import CONFIGURATION, GROUP, GROUPS_API, PERSON, SUBSCRIPTION, WIDGET, Client, Cloud
from tests.emulator.arm.contoso import API


def error(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()["error"]
    return answer.status_code, body["code"], body["message"]


async def test_request_without_a_token_is_refused(cloud: Cloud) -> None:
    answer = await cloud.http.get(WIDGET, params={"api-version": API})
    assert error(answer)[:2] == (401, "AuthenticationFailed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("fault", ["foreign", "expired", "audience"])
async def test_token_that_is_not_good_for_this_control_plane_is_refused(cloud: Cloud, fault: str) -> None:
    audience = STORAGE_AUDIENCES[0] if fault == "audience" else ARM_AUDIENCES[0]
    token = cloud.issuer.issue(PERSON, audience, timedelta(seconds=-1 if fault == "expired" else 60))
    if fault == "foreign":
        token = f"{token[:-8]}AAAAAAAA"
    answer = await cloud.http.get(WIDGET, params={"api-version": API}, headers={"Authorization": f"Bearer {token}"})
    status, code, message = error(answer)
    assert (status, code) == (401, "InvalidAuthenticationToken")
    assert {"foreign": "issuer", "expired": "expired", "audience": "audience"}[fault] in message
    assert token not in message


async def test_missing_api_version_is_refused_with_those_there_are(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.get(widget, None))
    assert (status, code) == (400, "MissingApiVersionParameter")
    assert "2024-01-01, 2023-01-01" in message


async def test_api_version_of_another_type_is_refused_with_those_there_are(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.get(widget, GROUPS_API))
    assert (status, code) == (400, "InvalidApiVersionParameter")
    assert GROUPS_API in message
    assert "2024-01-01, 2023-01-01" in message


async def test_every_registered_api_version_is_accepted(arm: Client, widget: str) -> None:
    assert (await arm.get(widget, "2023-01-01")).status_code == 200


async def test_unknown_type_is_refused_with_the_types_of_the_namespace(arm: Client, group: str) -> None:
    status, code, message = error(await arm.put(f"{group}/providers/Contoso.Test/gadgets/x", {}))
    assert (status, code) == (404, "InvalidResourceType")
    assert "'gadgets'" in message
    assert "Contoso.Test/widgets" in message


async def test_unknown_namespace_is_refused_with_the_namespaces_there_are(arm: Client, group: str) -> None:
    status, code, message = error(await arm.get(f"{group}/providers/Fabrikam.Test/gadgets/x"))
    assert (status, code) == (404, "InvalidResourceNamespace")
    assert "Fabrikam.Test" in message
    assert "Contoso.Test" in message


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/elsewhere",
        f"{SUBSCRIPTION}/resourceGroups/rg/exportTemplate",
        f"{SUBSCRIPTION}/tagNames",
        f"{GROUP}/providers",
        f"{GROUP}/providers/Contoso.Test",
    ],
)
async def test_path_that_means_nothing_is_an_error_that_names_it(arm: Client, group: str, path: str) -> None:
    status, _, message = error(await arm.get(path))
    assert status == 404
    assert path in message or path.rsplit("/", 1)[1] in message


async def test_path_with_an_empty_segment_is_refused(arm: Client, group: str) -> None:
    assert error(await arm.get(f"{group}//providers/Contoso.Test/widgets/x"))[:2] == (400, "InvalidRequestPath")


async def test_other_subscription_is_not_found(arm: Client) -> None:
    path = WIDGET.replace(CONFIGURATION.subscription_id, "99999999-9999-4999-8999-999999999999")
    status, code, message = error(await arm.get(path))
    assert (status, code) == (404, "SubscriptionNotFound")
    assert "99999999-9999-4999-8999-999999999999" in message


async def test_unknown_query_parameter_is_refused_not_ignored(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.get(widget, dollar_expand="all"))
    assert (status, code) == (400, "InvalidQueryParameter")
    assert "$expand" in message


async def test_method_that_an_address_does_not_have_is_refused(arm: Client, widget: str) -> None:
    assert error(await arm.post(widget))[:2] == (405, "MethodNotAllowed")
    assert error(await arm.put(f"{GROUP}/providers/Contoso.Test/widgets", {}))[:2] == (405, "MethodNotAllowed")
    assert error(await arm.put(SUBSCRIPTION, {}, GROUPS_API))[:2] == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"{", "deserialized"),
        (b"[]", "object"),
        (b"", "object"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": ' + b"[" * 100_000, "nests too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "deserialized"),
    ],
)
async def test_body_that_is_no_json_object_is_refused(cloud: Cloud, group: str, content: bytes, shown: str) -> None:
    token = cloud.issuer.issue(PERSON, ARM_AUDIENCES[0])
    answer = await cloud.http.put(
        WIDGET, params={"api-version": API}, headers={"Authorization": f"Bearer {token}"}, content=content
    )
    status, code, message = error(answer)
    assert (status, code) == (400, "InvalidRequestContent")
    assert shown in message


async def test_body_above_the_limit_is_refused(arm: Client, group: str) -> None:
    answer = await arm.put(WIDGET, {"tags": {"a": "x" * (4 * 1024 * 1024)}})
    assert error(answer)[:2] == (413, "RequestContentTooLarge")


async def test_answers_carry_request_ids_and_keep_the_clients_correlation(cloud: Cloud, arm: Client) -> None:
    first, second = await arm.get(SUBSCRIPTION, GROUPS_API), await arm.get(WIDGET)
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    assert second.headers["x-ms-correlation-request-id"]
    answer = await cloud.http.get(WIDGET, headers={"x-ms-correlation-request-id": "mine"})
    assert answer.headers["x-ms-correlation-request-id"] == "mine"


async def test_cloud_describes_itself_without_a_token(cloud: Cloud) -> None:
    answer = await cloud.http.get("/metadata/endpoints", params={"api-version": "2022-09-01"})
    assert answer.status_code == 200
    assert answer.json()["resourceManager"] == CONFIGURATION.url("arm")
    assert answer.json()["authentication"]["tenant"] == CONFIGURATION.tenant_id
    assert error(await cloud.http.get("/metadata/endpoints"))[:2] == (400, "MissingApiVersionParameter")


async def test_defect_of_a_provider_is_answered_in_arms_form_without_its_text(
    cloud: Cloud, arm: Client, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a secret of the provider")

    cloud.widgets.before_put = broken
    answer = await arm.put(WIDGET, {"location": "westeurope", "properties": {"colour": "Red"}})
    assert error(answer)[:2] == (500, "InternalServerError")
    assert "a secret of the provider" not in answer.text
    assert answer.headers["x-ms-request-id"] in caplog.text


async def test_stopped_control_plane_refuses_requests(cloud: Cloud, arm: Client) -> None:
    await cloud.control_plane.stop()
    assert error(await arm.get(WIDGET))[:2] == (503, "ServiceUnavailable")


async def test_a_path_with_a_line_break_is_answered_in_arms_form(cloud: Cloud) -> None:
    token = cloud.issuer.issue(PERSON, ARM_AUDIENCES[0])
    answer = await cloud.http.get(
        f"{WIDGET}%0Ax", params={"api-version": API}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code in (400, 404)
    assert error(answer)[1] != ""
