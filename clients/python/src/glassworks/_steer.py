"""A cancel that arrives in a coroutine as :class:`TaskCancelled`."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from .errors import TaskCancelled


@types.coroutine
def steered(
    coroutine: Coroutine[Any, Any, Any], reason: Callable[[], str | None]
) -> Generator[Any, Any, Any]:
    """Run a coroutine as ``await`` would, but name the reason of a cancel.

    ``asyncio.Task.cancel`` throws a plain ``CancelledError`` to where the innermost coroutine
    awaits. While ``reason`` gives one, a ``TaskCancelled`` takes its place; that is one, too, so
    what handles cancels (``asyncio.timeout``, task groups, ``finally``) goes on to do so.
    Everything else is passed on unchanged, as PEP 380 says of ``yield from``.
    """
    sent: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            try:
                awaited = coroutine.send(sent) if thrown is None else coroutine.throw(thrown)
            except StopIteration as ended:
                return ended.value
            sent, thrown = None, None
            try:
                sent = yield awaited
            except asyncio.CancelledError as error:
                why = reason()
                thrown = error if why is None else TaskCancelled(why)
            except Exception as error:
                thrown = error
    finally:
        coroutine.close()
