"""Connections that rest between two calls."""

import httpx

from emulator.server import server_configuration

AIOHTTP_SECONDS = 15
"""For how long aiohttp keeps a connection by default (aiohttp.BaseConnector)."""


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody is served here")


def test_a_service_closes_no_connection_that_a_client_may_be_about_to_use():
    kept = httpx.Limits().keepalive_expiry
    assert kept is not None
    assert server_configuration(nothing).timeout_keep_alive > max(kept, AIOHTTP_SECONDS)
