"""An OpenAI-compatible embeddings endpoint on the loopback that misbehaves as it is told."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.embeddings.records import vector_of

Trick = Callable[["FakeEndpoint", list[dict[str, Any]]], Any]


class FakeEndpoint:
    """Answers requests; `tricks` holds, for the next requests in turn, what to do instead."""

    def __init__(self) -> None:
        self.tricks: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.paid: list[str] = []
        self.keys: list[str | None] = []
        self.shuffle = True
        self.url = ""

    def rows(self, inputs: list[str], n_dims: int) -> list[dict[str, Any]]:
        rows = [
            {"object": "embedding", "index": i, "embedding": [float(x) for x in vector_of(text, n_dims)]}
            for i, text in enumerate(inputs)
        ]
        if self.shuffle:
            random.Random(len(inputs)).shuffle(rows)
        return rows


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    state = FakeEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(asked)
            state.keys.append(self.headers.get("Authorization"))
            trick = state.tricks.pop(0) if state.tricks else None
            if isinstance(trick, tuple):  # a status, a body, headers
                self.answer(*trick)
                return
            rows = state.rows(asked["input"], asked.get("dimensions", 5))
            if trick == "die":
                content = json.dumps({"object": "list", "data": rows}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.connection.close()
                return
            if callable(trick):
                rows = trick(rows)
            else:
                state.paid += asked["input"]
            body = (
                rows if isinstance(rows, bytes) else {"object": "list", "data": rows, "model": asked["model"]}
            )
            self.answer(200, body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
