"""Kinds that share their places, and the attempts that are made in them."""

from __future__ import annotations

import asyncio
from typing import Any

from ._held import Held


class Lane:
    """Kinds that share their places. To the server it is a worker of its own."""

    def __init__(self, described: dict[str, Any]) -> None:
        self.worker: str = described["worker"]
        self.kinds: list[dict[str, Any]] = described["kinds"]
        self.limit: int = described["limit"]
        self.held: dict[int, Held] = {}
        self.news = asyncio.Event()
        """There is something for a beat to tell."""
        self.beating = asyncio.Lock()
        """One beat at a time: of two, the earlier could arrive last."""
        self.changed = asyncio.Event()
        """There may be room now."""

    @property
    def room(self) -> int:
        """How many more tasks may be claimed; none while one waits for its handler to start."""
        if not all(held.begun for held in self.held.values()):
            return 0
        return self.limit - len(self.held)
