"""Threads that run what they are given, and wait for more.

Unlike those of ``concurrent.futures`` nobody waits for them at the end of the process: one whose
handler does not stop must not keep the process from ending.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Threads:
    """As many threads as there is work at a time; those without work are used again."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._count = 0

    def run(self, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread, at once. It handles its own errors."""
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
            else:
                self._count += 1
                name = f"glassworks-{self._count}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
        self._work.put(work)

    def close(self) -> None:
        """Let the threads end once they have nothing to do."""
        for _ in range(self._count):
            self._work.put(None)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work
            with self._lock:
                self._idle += 1
