"""An HTTP client that shows when things happen: one connection a request, nothing kept or hidden."""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median

# Longer than anything that is measured takes.
LIMIT = 60


@dataclass
class Answer:
    """What came back, in milliseconds after the request was sent."""

    status: int
    first_byte: float
    done: float
    body: bytes
    # When each read of the body returned.
    chunks: list[float] = field(default_factory=list)


async def send(port: int, method: str, target: str, body: bytes = b"") -> tuple:
    """Sends a request and returns its connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await writer.drain()
    return reader, writer


async def ask(port: int, target: str, method: str = "GET", body: bytes = b"") -> Answer:
    """Asks, and takes the answer to its end."""
    began = time.perf_counter()

    def elapsed() -> float:
        return (time.perf_counter() - began) * 1000

    async with asyncio.timeout(LIMIT):
        reader, writer = await send(port, method, target, body)
        head = await reader.readuntil(b"\r\n\r\n")
        whole, chunks, first = b"", [], elapsed()
        while part := await reader.read(65536):
            # The first byte of the content, and not of the head: a head can come long before it.
            first = elapsed() if not chunks else first
            chunks.append(elapsed())
            whole += part
        writer.close()
    return Answer(int(head.split()[1]), first, elapsed(), whole, chunks)


async def leave(port: int, target: str, after: float) -> None:
    """Asks, and goes away `after` seconds later."""
    _, writer = await send(port, "GET", target)
    await asyncio.sleep(after)
    writer.transport.abort()


async def slowest_ping(port: int, path: str, disturb, times: int = 5) -> float:
    """How long `path` takes, sent 100 ms after `disturb` was, in milliseconds: the median of
    several trials."""
    trials = []
    for _ in range(times):
        disturbing = asyncio.create_task(disturb())
        await asyncio.sleep(0.1)
        trials.append((await ask(port, path)).done)
        await disturbing
    return median(trials)


async def until_up(port: int, path: str) -> None:
    """Waits until a server answers."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                await ask(port, path)
                return
            except OSError:
                await asyncio.sleep(0.05)
