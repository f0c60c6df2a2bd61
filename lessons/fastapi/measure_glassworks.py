"""Measures this server in the ways in which measure.py measures FastAPI, and prints TOML."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import tempfile

from client import ask, leave, slowest_ping, until_up
from figures import Figures, free_port

TASKS = 20


class Glassworks:
    """A server with a database of its own."""

    def __init__(self, binary: str, folder: str) -> None:
        self.port = free_port()
        self.command = [binary, "--listen", f"127.0.0.1:{self.port}"]
        self.command += ["--database", f"sqlite:{folder}/tasks.db"]

    async def __aenter__(self) -> "Glassworks":
        await self.start()
        return self

    async def __aexit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    async def start(self) -> None:
        nowhere = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=nowhere, stderr=nowhere)
        await until_up(self.port, "/livez")

    async def kill(self) -> None:
        """kill -9, and a new start."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        await self.start()

    async def get(self, target: str):
        return json.loads((await ask(self.port, target)).body)

    async def submit(self, payload: dict, **options):
        body = {"kind": "sleep", "payload": payload, **options}
        return await ask(self.port, "/api/tasks", "POST", json.dumps(body).encode())

    async def completed(self, tag: str) -> int:
        page = await self.get(f"/api/tasks?state=completed&tag={tag}&limit=100")
        return len(page["tasks"])

    async def open_requests(self) -> int:
        text = (await ask(self.port, "/metrics")).body.decode()
        return int(re.search(r"^glassworks_http_requests_open (\d+)", text, re.M)[1])


async def waiting(it: Glassworks, figures: Figures) -> None:
    slow = lambda: ask(it.port, "/api/slow?seconds=2")  # noqa: E731
    ping = await slowest_ping(it.port, "/api/hello", slow)
    figures.add("glassworks-ping-beside-slow", ping, "ms", "GET /api/hello, during GET /api/slow?seconds=2")
    calls = [ask(it.port, "/api/slow?seconds=1") for _ in range(200)]
    slowest = max(answer.done for answer in await asyncio.gather(*calls))
    what = "The slowest of 200 calls at the same time of GET /api/slow?seconds=1"
    figures.add("glassworks-slow-200", slowest, "ms", what)
    took = (await ask(it.port, "/api/aggregate")).done
    figures.add("glassworks-aggregate", took, "ms", "GET /api/aggregate: waits of 1.0, 2.0 and 1.5 s")
    limited = await ask(it.port, "/api/slow?seconds=3&timeout=0.2")
    assert limited.status == 504
    what = "GET /api/slow?seconds=3&timeout=0.2, which answers 504"
    figures.add("glassworks-limit", limited.done, "ms", what)


async def background(it: Glassworks, figures: Figures) -> None:
    answers = [await it.submit({"seconds": 2}) for _ in range(5)]
    fastest = sorted(answer.done for answer in answers)[2]
    what = "POST /api/tasks, answered when the task is on the disk: the median of 5"
    figures.add("glassworks-submit", fastest, "ms", what)

    options = {"max_attempts": 2, "retry": {"initial_ms": 100, "factor": 1, "max_ms": 100}}
    answer = await it.submit({"seconds": 0, "steps": 2, "panic_at_step": 2}, **options)
    address = f"/api/tasks/{json.loads(answer.body)['id']}"
    await ask(it.port, f"{address}/output?follow=true")
    task = await it.get(address)
    assert task["state"] == "failed", task
    figures.add("glassworks-panic-status", answer.status, "status", "The status of a task that will panic")
    what = "Failures kept of a task that panicked in both of its attempts, of 2"
    figures.add("glassworks-panic-kept", len(task["errors"]), "of 2", what)

    posts = [it.submit({"seconds": 1}, tags=["crash"]) for _ in range(TASKS)]
    assert all(answer.status == 202 for answer in await asyncio.gather(*posts))
    await it.kill()
    await asyncio.sleep(3)
    what = f"Tasks that were completed 3 s after kill -9 and a new start, of {TASKS}"
    figures.add("glassworks-crash-done", await it.completed("crash"), f"of {TASKS}", what)


async def streaming(it: Glassworks, figures: Figures) -> None:
    answer = await ask(it.port, "/api/stream?count=10&interval_ms=100")
    what = "of GET /api/stream?count=10&interval_ms=100"
    figures.add("glassworks-stream-first", answer.first_byte, "ms", f"The first byte {what}")
    figures.add("glassworks-stream-done", answer.done, "ms", f"The last byte {what}")


async def leaving(it: Glassworks, figures: Figures) -> None:
    before = await it.open_requests()
    await asyncio.gather(*(leave(it.port, "/api/slow?seconds=3", 0.3) for _ in range(10)))
    await asyncio.sleep(0.5)
    what = "Handlers of GET /api/slow that went on half a second after their client had gone, of 10"
    figures.add("glassworks-left-endpoint", await it.open_requests() - before, "of 10", what)

    payload = {"kind": "sleep", "payload": {"seconds": 1}, "tags": ["left"]}
    for _ in range(10):
        # The client is gone as soon as it has its answer; the task does not know it.
        await ask(it.port, "/api/tasks", "POST", json.dumps(payload).encode())
    await asyncio.sleep(2.5)
    what = "Tasks that were completed after their client had gone, of 10"
    figures.add("glassworks-left-task", await it.completed("left"), "of 10", what)


async def main(binary: str, build: str) -> None:
    printed = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    versions = {"glassworks": printed.stdout.split()[-1], "build": build}
    note = "one node on SQLite; the median of five trials where one endpoint is asked beside another; other programs ran on the machine"
    figures = Figures("lessons/fastapi/measure glassworks BINARY", note, versions)
    with tempfile.TemporaryDirectory() as folder:
        async with Glassworks(binary, folder) as it:
            for part in (waiting, background, streaming, leaving):
                await part(it, figures)
    figures.print()


asyncio.run(main(sys.argv[1], sys.argv[2]))
