"""An attempt in the process that runs its handler: what it says, and whether it is to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ._held import BUFFER
from .context import Context
from .errors import TaskCancelled

Send = Callable[[dict[str, Any]], None]

KEPT = 1024 * 1024
"""So much output of an async handler waits for the server at most, in bytes."""
GATHERED = 8 * 1024
"""So much of an unfinished line is sent at once, in bytes."""
PROGRESS_EVERY = 0.05
"""Progress that is said more often than this is not sent each time, in seconds."""


class Attempt:
    """One attempt. Its methods may be called from every thread."""

    def __init__(
        self,
        number: int,
        claimed: Mapping[str, Any],
        worker: str,
        send: Send,
        gathers: Callable[[], None],
        loop_thread: int,
    ) -> None:
        self.number = number
        self.context = Context(self, claimed, worker)
        self.stop_reason: str | None = None
        self.stopping = threading.Event()
        self.on_stop: Callable[[], None] | None = None
        """Interrupts the handler, when it is async."""
        self.over = False
        """Whether the handler has ended: what still runs of it has nothing to say any more."""
        self._send = send
        self._gathers = gathers
        self._loop_thread = loop_thread
        self._changed = threading.Condition()
        self._on_its_way = 0
        self._lines: list[tuple[str, str]] = []
        self._bytes = 0
        self._left_out = 0
        self._said_at = 0.0
        self._unsaid: tuple[float, str | None] | None = None

    # What it says.

    def write(self, stream: str, text: str) -> None:
        """Take output. A thread waits while too much of it has not reached the server.

        The event loop cannot wait: beyond what is kept, output is left out there, and a line says
        how much.
        """
        if not text:
            return
        size = len(text.encode("utf-8", "backslashreplace"))
        with self._changed:
            may_wait = threading.get_ident() != self._loop_thread
            if may_wait:
                self._changed.wait_for(lambda: self._has_room() or self._is_unheard())
            if self._is_unheard():
                return
            waiting = self._on_its_way + self._bytes
            if not may_wait and (self._left_out or (waiting and waiting + size > KEPT)):
                self._left_out += size
                return
            self._lines.append((stream, text))
            self._bytes += size
            if text.endswith("\n") or self._bytes > GATHERED:
                self._flush()
        if self._lines:
            self._gathers()

    def _has_room(self) -> bool:
        return self._on_its_way + self._bytes < BUFFER

    def _is_unheard(self) -> bool:
        return self.over or self.stop_reason == "lost"

    def flush(self) -> None:
        """Send what is gathered: an unfinished line, the latest progress."""
        with self._changed:
            if not self.over:
                self._flush()
                self._flush_progress(time.monotonic())

    def _flush(self) -> None:
        if self._on_its_way >= BUFFER:
            return
        gathered: list[tuple[str, str]] = []
        for stream, text in self._lines:
            if gathered and gathered[-1][0] == stream:
                gathered[-1] = (stream, gathered[-1][1] + text)
            else:
                gathered.append((stream, text))
        self._lines.clear()
        self._on_its_way += self._bytes
        self._bytes = 0
        if self._left_out:
            note = f"\n[{self._left_out} bytes left out: the server did not take them in time]\n"
            gathered.append(("stderr", note))
            self._on_its_way += len(note)
            self._left_out = 0
        for stream, text in gathered:
            # Half a character cannot be sent.
            clean = text.encode("utf-8", "backslashreplace").decode()
            self._send({"t": "output", "id": self.number, "stream": stream, "text": clean})

    def taken(self, size: int) -> None:
        """The server has so many bytes more of the output."""
        with self._changed:
            self._on_its_way -= size
            if not self.over:
                self._flush()
            self._changed.notify_all()

    def progress(self, fraction: float, message: str | None) -> None:
        """Take how far it is."""
        with self._changed:
            if self._is_unheard():
                return
            self._unsaid = (fraction, None if message is None else str(message))
            now = time.monotonic()
            if now - self._said_at >= PROGRESS_EVERY:
                self._flush_progress(now)
        if self._unsaid is not None:
            self._gathers()

    def _flush_progress(self, now: float) -> None:
        if self._unsaid is None:
            return
        fraction, message = self._unsaid
        self._unsaid = None
        self._said_at = now
        if message is not None:
            message = message.encode("utf-8", "backslashreplace").decode()
        self._send({"t": "progress", "id": self.number, "fraction": fraction, "message": message})

    @property
    def has_unsent(self) -> bool:
        """Whether something is gathered."""
        return bool(self._lines) or self._unsaid is not None

    def end(self, end: dict[str, Any]) -> None:
        """Say how it ended, after all else that it said."""
        with self._changed:
            if self.over:
                return
            # The end carries all that the server has not.
            self._on_its_way = 0
            self._flush()
            self._flush_progress(time.monotonic())
            self.over = True
            self._changed.notify_all()
            self._send({"t": "end", "id": self.number, "end": end})

    def abandon(self) -> None:
        """Let nothing that it says count any more."""
        with self._changed:
            self.over = True
            self._changed.notify_all()

    # Whether it is to stop.

    def stop(self, reason: str) -> None:
        """Have the handler stop. Once it is lost, nothing else is true of it."""
        with self._changed:
            if self.over or self.stop_reason in (reason, "lost"):
                return
            if self.stop_reason is not None and reason != "lost":
                return
            self.stop_reason = reason
            self.stopping.set()
            self._changed.notify_all()
        if self.on_stop is not None:
            self.on_stop()

    def check(self) -> None:
        """Raise where the handler can be told so."""
        if self.stop_reason is not None and threading.get_ident() != self._loop_thread:
            raise TaskCancelled(self.stop_reason)
