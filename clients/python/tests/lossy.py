"""A way to the server on which answers get lost."""

from __future__ import annotations

import http.server
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx


@contextmanager
def lossy(url: str, seed: int) -> Iterator[str]:
    """A proxy that hands on every request, some of them twice, and loses every third answer."""
    chance = random.Random(seed)
    upstream = httpx.Client(base_url=url, timeout=60)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "connection", "content-length")
            }
            try:
                for _ in range(chance.choice([1, 1, 1, 2])):
                    answer = upstream.request(
                        self.command, self.path, headers=headers, content=body
                    )
            except httpx.HTTPError:
                self.close_connection = True
                return
            if chance.random() < 1 / 3:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name in ("content-type", "retry-after", "location"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = pass_on  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None: ...

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        upstream.close()
