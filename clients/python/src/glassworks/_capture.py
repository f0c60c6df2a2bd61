"""What a handler prints goes to its task, and what others print goes where it went before."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from .context import CURRENT

if TYPE_CHECKING:
    from ._attempt import Attempt

_lock = threading.Lock()
_users = 0
_pid = 0
_before: dict[str, TextIO] = {}


class _Divided(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr``."""

    def __init__(self, stream: str, before: TextIO) -> None:
        self._stream = stream
        self._before = before

    def _attempt(self) -> Attempt | None:
        """The attempt that the caller belongs to, while it is one."""
        context = CURRENT.get()
        # A process that a handler has forked has no part in the attempt.
        if context is None or context._attempt.over or os.getpid() != _pid:
            return None
        return context._attempt

    def write(self, text: str) -> int:
        attempt = self._attempt()
        if attempt is None:
            return self._before.write(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        attempt.write(self._stream, text)
        return len(text)

    def flush(self) -> None:
        attempt = self._attempt()
        if attempt is None:
            self._before.flush()
        else:
            attempt.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._attempt() is None and self._before.isatty()

    def fileno(self) -> int:
        return self._before.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._before, name)


def begin() -> None:
    """Divide what is printed, until :func:`end` was called as often."""
    global _users, _pid  # noqa: PLW0603
    with _lock:
        _users += 1
        if _users == 1:
            _pid = os.getpid()
            for name in ("stdout", "stderr"):
                _before[name] = getattr(sys, name)
                setattr(sys, name, _Divided(name, _before[name]))


def end() -> None:
    """Put back what was there, unless somebody else has put something there meanwhile."""
    global _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users == 0:
            for name, before in _before.items():
                if isinstance(getattr(sys, name), _Divided):
                    setattr(sys, name, before)
            _before.clear()
