"""One attempt as the keeper knows it: its lease, and what the server has not been told of it."""

from __future__ import annotations

import asyncio
from typing import Any

Piece = tuple[int, bytearray, str]
"""Where it begins in all that was printed, what, and to which stream."""

BUFFER = 256 * 1024
"""So much output of an attempt waits here for the server at most, in bytes."""


class Unsaid:
    """Output that the server has not, or has not said that it has."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._printed = 0
        self.size = 0
        """In bytes."""

    def add(self, stream: str, text: str) -> None:
        """Take what was printed last."""
        content = text.encode("utf-8", "backslashreplace")
        if not content:
            return
        if self._pieces and self._pieces[-1][2] == stream:
            self._pieces[-1][1].extend(content)
        else:
            self._pieces.append((self._printed, bytearray(content), stream))
        self._printed += len(content)
        self.size += len(content)

    def first(self, room: int) -> list[dict[str, Any]]:
        """The first pieces, as many as there is room for, as the server reads them."""
        first = []
        for offset, content, stream in self._pieces:
            end = _floor(content, room)
            if end == 0:
                break
            text = content[:end].decode()
            first.append({"offset": offset, "text": text, "stream": stream})
            room -= end
        return first

    def forget_until(self, known: int) -> int:
        """Forget what the server has: so many bytes of all output. How many that were."""
        forgotten = 0
        while self._pieces:
            offset, content, stream = self._pieces[0]
            cut = _floor(content, known - offset)
            if cut == 0:
                break
            forgotten += cut
            if cut < len(content):
                del content[:cut]
                self._pieces[0] = (offset + cut, content, stream)
                break
            del self._pieces[0]
        self.size -= forgotten
        return forgotten


def _floor(content: bytearray, most: int) -> int:
    """The longest beginning of at most so many bytes that ends between two characters."""
    if most >= len(content):
        return len(content)
    end = max(0, most)
    while end > 0 and content[end] & 0xC0 == 0x80:
        end -= 1
    return end


class Held:
    """An attempt that this worker makes."""

    def __init__(self, number: int, claimed: dict[str, Any]) -> None:
        self.number = number
        """What both processes call it."""
        self.task: str = claimed["task"]
        self.lease: str = claimed["lease"]
        self.lease_ms: int = claimed["lease_ms"]
        self.begun = False
        """Whether its handler was started."""
        self.revoked = False
        """Whether its handler may not be started any more."""
        self.lost = False
        """Whether the task is not this attempt's any more."""
        self.stop_reason: str | None = None
        self.progress: dict[str, Any] | None = None
        self.unsaid = Unsaid()
        self.end: dict[str, Any] | None = None
        """How it ended, until the server knows."""
        self.timers: list[asyncio.TimerHandle] = []

    def item(self, room: int) -> dict[str, Any]:
        """What a beat says of it."""
        item: dict[str, Any] = {"task": self.task, "lease": self.lease}
        output = self.unsaid.first(room)
        if output:
            item["output"] = output
        if self.progress is not None:
            item["progress"] = self.progress
        return item
