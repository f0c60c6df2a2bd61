"""Servers and workers in processes of their own, and waiting for what they do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from glassworks import Client

BINARY = os.environ.get("GLASSWORKS_BINARY", "")
LIMIT = 90.0
"""The longest that anything is waited for, in seconds. It takes a hundredth of it."""

Found = TypeVar("Found")


def eventually(what: str, look: Callable[[], Found | None]) -> Found:
    """Look until there is something."""
    until = time.monotonic() + LIMIT
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


class Process:
    """A process whose output is read. It is killed at the end."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GLASSWORKS_")}
        self.process = subprocess.Popen(
            command,
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)

    def says(self, text: str) -> str:
        """Wait until it says something, and return that line."""

        def look() -> str | None:
            assert self.process.poll() is None or self.said, "it ended without a word"
            return next((line for line in list(self.said) if text in line), None)

        return eventually(f"{text!r} in {self.said}", look)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end."""
        return self.process.wait(LIMIT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def keeper(self) -> int:
        """The process that keeps a worker's tasks: its only child."""
        command = ["ps", "-o", "pid=", "--ppid", str(self.process.pid)]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(found.stdout)


class Server(Process):
    """A Glassworks server with a database of its own."""

    def __init__(self, folder: Path, listen: str = "127.0.0.1:0") -> None:
        self.folder = folder
        command = [BINARY, "--listen", listen, "--database", f"sqlite:{folder}/tasks.db"]
        super().__init__(command, {})
        line = self.says("running on http://")
        self.url = line[line.index("http://") :].strip()

    def again(self) -> Server:
        """Start it again at the same address, after it was killed."""
        return Server(self.folder, self.url.removeprefix("http://"))


Start = Callable[..., Process]


@contextlib.contextmanager
def workers(tmp_path: Path) -> Iterator[Start]:
    """Start workers, and kill them at the end."""
    started: list[Process] = []

    def start(url: str, text: str, **environment: str) -> Process:
        module = f"module_{len(started)}"
        (tmp_path / f"{module}.py").write_text(text)
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        process = Process(
            [sys.executable, "-m", "glassworks", f"{module}:worker"],
            {"PYTHONPATH": path, "GLASSWORKS_URL": url, "FOLDER": str(tmp_path), **environment},
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()


def offered(client: Client, kind: str) -> None:
    """Wait until a worker has offered a kind."""
    eventually(f"the kind {kind}", lambda: any(it.kind == kind for it in client.kinds()))


def printed(client: Client, id: str, text: str) -> None:
    """Wait until a task has printed something."""
    seen = ""
    for piece in client.tail(id):
        seen += piece
        if text in seen:
            return
    raise AssertionError(f"the task is over and has printed {seen!r}: {client.get(id)}")


def output(client: Client, id: str) -> str:
    """All that a task has printed, once it is over."""
    return "".join(client.tail(id))
