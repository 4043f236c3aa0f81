"""A service on loopback, for tests of its clients."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LoopbackService:
    """Serves from the beginning until it is closed; subclasses answer in `handle`, from several threads."""

    def __init__(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                service.handle(self)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names of http.server

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        raise NotImplementedError
