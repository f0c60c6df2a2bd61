"""The FastAPI service that measure.py measures: each endpoint is one thing that people write."""

import asyncio
import os
import time
from pathlib import Path

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()

# Where work leaves its marks, so that somebody outside can see which of it was done.
MARKS = Path(os.environ["MARKS"])

CHUNKS = 10


def mark(name: str) -> None:
    """Says that a piece of work has come to its end."""
    (MARKS / name).touch()


@app.get("/ping")
async def ping() -> dict:
    return {"pong": True}


# Waiting, in three ways.


@app.get("/block/async-def")
async def block_async_def(seconds: float) -> dict:
    time.sleep(seconds)
    return {"waited": seconds}


@app.get("/block/def")
def block_def(seconds: float) -> dict:
    time.sleep(seconds)
    return {"waited": seconds}


@app.get("/wait")
async def wait(seconds: float) -> dict:
    await asyncio.sleep(seconds)
    return {"waited": seconds}


# Several waits in one endpoint.


@app.get("/sequence")
async def sequence() -> dict:
    for seconds in (0.2, 0.4, 0.3):
        await asyncio.sleep(seconds)
    return {}


@app.get("/gather")
async def gather() -> dict:
    await asyncio.gather(*(asyncio.sleep(seconds) for seconds in (0.2, 0.4, 0.3)))
    return {}


# Time limits.


@app.get("/limit/await")
async def limit_await() -> dict:
    try:
        async with asyncio.timeout(0.2):
            await asyncio.sleep(2)
    except TimeoutError:
        return {"late": True}
    return {"late": False}


@app.get("/limit/blocking")
async def limit_blocking() -> dict:
    try:
        async with asyncio.timeout(0.2):
            time.sleep(2)
    except TimeoutError:
        return {"late": True}
    return {"late": False}


@app.get("/limit/thread")
async def limit_thread(name: str) -> dict:
    def work() -> None:
        time.sleep(2)
        mark(name)

    try:
        async with asyncio.timeout(0.2):
            await asyncio.to_thread(work)
    except TimeoutError:
        return {"late": True}
    return {"late": False}


# Work after the response.


async def wait_then_mark(name: str, seconds: float) -> None:
    await asyncio.sleep(seconds)
    mark(name)


async def block_then_mark(name: str, seconds: float) -> None:
    time.sleep(seconds)
    mark(name)


async def fail() -> None:
    raise RuntimeError("the printer is on fire")


@app.post("/background/wait")
async def background_wait(name: str, seconds: float, later: BackgroundTasks) -> dict:
    later.add_task(wait_then_mark, name, seconds)
    return {"message": "started"}


@app.post("/background/block")
async def background_block(name: str, seconds: float, later: BackgroundTasks) -> dict:
    later.add_task(block_then_mark, name, seconds)
    return {"message": "started"}


@app.post("/background/fail")
async def background_fail(name: str, later: BackgroundTasks) -> dict:
    later.add_task(fail)
    later.add_task(wait_then_mark, name, 0)
    return {"message": "started"}


# One large answer, and the same as it is made.


async def rows():
    for row in range(CHUNKS):
        await asyncio.sleep(0.1)
        yield f"row {row}\n"


@app.get("/report/whole")
async def report_whole() -> dict:
    return {"report": "".join([row async for row in rows()])}


@app.get("/report/stream")
async def report_stream() -> StreamingResponse:
    return StreamingResponse(rows(), media_type="text/plain")


# A client that goes away.


@app.get("/abandoned/endpoint")
async def abandoned_endpoint(name: str) -> dict:
    await wait_then_mark(name, 1)
    return {}


@app.get("/abandoned/stream")
async def abandoned_stream(name: str) -> StreamingResponse:
    async def marked():
        async for row in rows():
            yield row
        mark(name)

    return StreamingResponse(marked(), media_type="text/plain")
