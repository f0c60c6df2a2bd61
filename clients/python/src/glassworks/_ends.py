"""What the server is told of attempts that have ended, in calls that it takes."""

from __future__ import annotations

import sys
from typing import Any

from . import _wire
from ._held import Held
from ._lane import Lane

CARRIED = 1024 * 1024
"""How much output one beat carries, and how long a call of ends is, in bytes.

The server takes 8 MiB, and JSON can make six of a byte.
"""
LAST_PIECE = 128 * 1024
"""How much output an end brings along at most, in bytes."""

PATHS = {
    "complete": "/api/claims/complete",
    "fail": "/api/claims/fail",
    "release": "/api/claims/release",
}


def rest_of(those: list[Held]) -> int:
    """How much has to be told before these attempts can end."""
    progress = sum(held.progress is not None for held in those)
    return progress + sum(held.unsaid.size for held in those if held.unsaid.size > LAST_PIECE)


def ending(held: Held) -> dict[str, Any]:
    """What the server is told of an end."""
    item: dict[str, Any] = {"task": held.task, "lease": held.lease}
    output = held.unsaid.first(sys.maxsize)
    if output:
        item["output"] = output
    end = held.end or {}
    item.update({name: value for name, value in end.items() if name != "outcome"})
    return item


def in_calls(ended: list[tuple[Lane, Held]]) -> list[list[tuple[Lane, Held]]]:
    """Several ends for each call, and no call too long."""
    calls: list[list[tuple[Lane, Held]]] = []
    room = 0
    for it in ended:
        size = len(_wire.encoded(ending(it[1])))
        if not calls or size > room or len(calls[-1]) >= 1_000:
            calls.append([])
            room = CARRIED
        calls[-1].append(it)
        room -= size
    return calls
