"""The keeper's process, and talking to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import _wire

Message = dict[str, Any]


class Link:
    """A keeper that runs. What it says is handed to ``take``, by a thread; ``None`` is its end."""

    def __init__(self, take: Callable[[Message | None], None]) -> None:
        # It finds its modules where this process finds them, and runs nobody's `__main__`.
        program = (
            f"import sys; sys.path = {sys.path!r}; from glassworks._keeping import main; main()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Nothing is held back here that a fork of this process could write a second time.
            bufsize=0,
        )
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._take = take
        self._reader = threading.Thread(target=self._read, daemon=True, name="glassworks-link")

    def start(self, message: Message) -> None:
        """Tell the keeper what to do, and listen to it."""
        self.send(message)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The keeper's process id."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Tell the keeper something. One that has died is told nothing, and a fork says nothing."""
        rest = memoryview(_wire.encoded(message) + b"\n")
        pipe = self._process.stdin
        assert pipe is not None
        if os.getpid() != self._pid:
            return
        with self._lock:
            try:
                while rest:
                    rest = rest[pipe.write(rest) :]
            except (OSError, ValueError):
                return

    def close(self, within: float) -> None:
        """Wait for the keeper's end; kill it when it takes longer than ``within`` seconds."""
        self.send({"t": "close"})
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        try:
            with open(os.dup(pipe.fileno()), "rb") as said:
                for line in said:
                    self._take(json.loads(line))
        finally:
            self._take(None)
