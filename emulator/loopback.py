"""What keeps other machines and other web sites out of a listener on loopback.

A listener binds to 127.0.0.1 only. That alone does not stop a web page in the user's browser: by DNS rebinding it
reaches loopback under its own host name, and cross-site requests reach it directly. So the Host header must name
loopback, and what a browser marks as coming from another site is refused.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class LoopbackOnly:
    """ASGI middleware that refuses foreign Host headers (421) and a browser's cross-site requests (403)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = _refusal(headers)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, code, message = refusal
        await JSONResponse({"error": {"code": code, "message": message}}, status)(scope, receive, send)


def _refusal(headers: dict[str, str]) -> tuple[int, str, str] | None:
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK_NAMES:
        return (
            421,
            "MisdirectedRequest",
            f"The Host header {host!r} is not one of {', '.join(sorted(LOOPBACK_NAMES))}.",
        )
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin", "same-site"):
        return 403, "CrossSiteRequest", "A browser sent this request from another site; that is refused."
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return 403, "CrossSiteRequest", f"The origin {origin!r} is not this listener's own; that is refused."
    return None


def _name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
