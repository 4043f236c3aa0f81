"""Subscribing and unsubscribing webhooks, of actions and of triggers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.http.http_calls import Response, Sender, prepare
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.runs.failures import CallError
from emulator.logic_apps.runs.runtime import Runtime

_LOG = logging.getLogger(__name__)
_REFUSED = 300


async def subscribe(
    runtime: Runtime, owner: str, place: str, inputs: Mapping[str, Any], sender: Sender, headers: Mapping[str, str]
) -> Response:
    """Subscribe at the endpoint that `inputs` describe, and keep how it is unsubscribed.

    A callback counts from the moment the request is sent: services may call back before they have answered.

    Raises:
        CallError: the endpoint does not answer, or refuses.
    """
    call = prepare(inputs["subscribe"], headers=headers)
    runtime.subscriptions.keep(owner, place, inputs, confirmed=False)
    try:
        response = await runtime.calls.tried(call, sender)
        if response.status >= _REFUSED:
            raise CallError("SubscriptionFailed", f"The subscription was answered with the status {response.status}.")
    except CallError:
        runtime.subscriptions.remove(owner, place)
        raise
    runtime.subscriptions.keep(owner, place, inputs, confirmed=True)
    return response


async def unsubscribe(runtime: Runtime, owner: str, place: str, identities: Identities) -> None:
    """Unsubscribe what is subscribed; nothing where no subscription is, or none can be taken back."""
    inputs = runtime.subscriptions.remove(owner, place)
    request = (inputs or {}).get("unsubscribe")
    if not request:
        return
    try:
        response = await runtime.calls.tried(prepare(request), Sender(identities, runtime.random))
        if response.status >= _REFUSED:
            _LOG.warning("%s of %s: unsubscribing was answered with %s", place, owner, response.status)
    except CallError as error:
        _LOG.warning("%s of %s: unsubscribing failed: %s", place, owner, error.message)
