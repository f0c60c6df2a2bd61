"""The keeper: a process of its own that holds a worker's tasks.

It claims, beats and tells the server how attempts end; handlers run in the process that has
started it. The two speak in lines of JSON over this one's standard input and output. Nothing that
a handler does, be it that it blocks its event loop or holds the interpreter's lock for a minute,
can hold up what goes on here, since the two share nothing: a thread would not do.

What it is told is read by a thread, and what it says is written by one, so that a process that
does not read cannot stop the beats. When the input ends without a word, the other process is gone:
then its attempts have failed, and the server is told so at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import sys
import threading

from . import _wire
from ._keeper import Keeper, Message


def _write_all(messages: queue.SimpleQueue[Message | None]) -> None:
    """Write messages for as long as somebody reads them."""
    output = sys.stdout.buffer
    try:
        while (message := messages.get()) is not None:
            output.write(_wire.encoded(message) + b"\n")
            if messages.empty():
                output.flush()
        output.flush()
    except OSError:
        return


async def _keep(start: Message, messages: queue.SimpleQueue[Message | None], parent: int) -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[str | None] = loop.create_future()
    keeper = Keeper(start, messages.put)
    gone = "the worker's process ended in the middle of it"

    def close(reason: str | None) -> None:
        if not over.done():
            over.set_result(reason)

    def read_all() -> None:
        reason: str | None = gone
        try:
            for line in sys.stdin.buffer:
                message = json.loads(line)
                if message["t"] == "close":
                    reason = None
                    break
                loop.call_soon_threadsafe(keeper.take, message)
        finally:
            loop.call_soon_threadsafe(close, reason)

    async def watch_parent() -> None:
        # What the other process has forked may hold its end of the pipe when it is gone.
        while os.getppid() == parent:
            await asyncio.sleep(1.0)
        close(gone)

    threading.Thread(target=read_all, daemon=True, name="reader").start()
    watching = asyncio.create_task(watch_parent())
    await keeper.run(over)
    watching.cancel()


def main() -> None:
    """Keep tasks for the process that has started this one."""
    # Who ends the worker means the other process, which then says what is to become of the tasks.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    parent = os.getppid()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    writer = threading.Thread(target=_write_all, args=(messages,), daemon=True, name="writer")
    writer.start()
    asyncio.run(_keep(json.loads(line), messages, parent))
    messages.put({"t": "closed"})
    messages.put(None)
    # It waits for nobody who does not read.
    writer.join(1.0)
    os._exit(0)
