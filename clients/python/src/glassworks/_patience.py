"""How long to wait before asking again, and for how long to go on asking."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


class Patience:
    """Pauses that double, and are spread so that many clients do not come back together."""

    def __init__(
        self, seconds: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._until = None if seconds is None else clock() + seconds
        self._pause = FIRST_PAUSE

    def next(self, retry_after: float | None = None) -> float | None:
        """The next pause in seconds, or ``None`` when it would last beyond the end of patience."""
        pause = self._pause * random.uniform(0.75, 1.25)
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if retry_after is not None:
            # Not all at the same moment, and never before it.
            pause = retry_after + random.uniform(0, 0.25) * min(retry_after, 1.0)
        if self._until is not None and self._clock() + pause > self._until:
            return None
        return pause

    def restart(self) -> None:
        """Something has worked: the next pause is a short one."""
        self._pause = FIRST_PAUSE
