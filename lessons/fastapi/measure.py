"""Measures FastAPI on uvicorn and prints what it found as TOML: see README.md."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from client import ask, leave, slowest_ping, until_up
from figures import Figures, free_port

HERE = Path(__file__).parent

# So many pieces of work are begun before the process is killed.
BACKGROUND = 20


class Uvicorn:
    """A uvicorn of its own with one worker, which is what people start."""

    def __init__(self, marks: Path) -> None:
        self.port = free_port()
        self.marks = marks
        self.log = marks.with_suffix(".log").open("w+", encoding="utf-8")

    async def __aenter__(self) -> "Uvicorn":
        await self.start()
        return self

    async def __aexit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()

    async def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(self.port)]
        environment = {**os.environ, "MARKS": str(self.marks)}
        self.process = subprocess.Popen(
            command, cwd=HERE, env=environment, stdout=self.log, stderr=self.log
        )
        await until_up(self.port, "/ping")

    async def kill(self) -> None:
        """kill -9, and a new start."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        await self.start()

    def marked(self, prefix: str) -> int:
        """How many pieces of work came to their end."""
        return len(list(self.marks.glob(f"{prefix}*")))

    def logged(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8")


async def waiting(it: Uvicorn, figures: Figures) -> None:
    for name, path, what in (
        ("async-def", "/block/async-def", "time.sleep(2) in an async def endpoint"),
        ("def", "/block/def", "time.sleep(2) in a def endpoint"),
        ("wait", "/wait", "await asyncio.sleep(2) in an async def endpoint"),
    ):
        ping = await slowest_ping(it.port, "/ping", lambda: ask(it.port, f"{path}?seconds=2"))
        figures.add(f"fastapi-ping-beside-{name}", ping, "ms", f"Another endpoint, during {what}")
    for count in (40, 41):
        calls = [ask(it.port, "/block/def?seconds=1") for _ in range(count)]
        slowest = max(answer.done for answer in await asyncio.gather(*calls))
        what = f"The slowest of {count} calls at the same time of a def endpoint with time.sleep(1)"
        figures.add(f"fastapi-pool-{count}", slowest, "ms", what)
    calls = [ask(it.port, "/wait?seconds=1") for _ in range(200)]
    slowest = max(answer.done for answer in await asyncio.gather(*calls))
    what = "The slowest of 200 calls at the same time of an endpoint with await asyncio.sleep(1)"
    figures.add("fastapi-wait-200", slowest, "ms", what)
    for name in ("sequence", "gather"):
        took = (await ask(it.port, f"/{name}")).done
        figures.add(f"fastapi-{name}", took, "ms", f"Waits of 0.2, 0.4 and 0.3 s: {name}")


async def limits(it: Uvicorn, figures: Figures) -> None:
    for name, what in (
        ("await", "await asyncio.sleep(2)"),
        ("blocking", "time.sleep(2)"),
        ("thread", "await asyncio.to_thread(time.sleep, 2)"),
    ):
        answer = await ask(it.port, f"/limit/{name}?name=limit-thread")
        figures.add(f"fastapi-limit-{name}", answer.done, "ms", f"asyncio.timeout(0.2) around {what}")
    await asyncio.sleep(2.5)
    what = "Threads that went on to their end after asyncio.timeout had given up on them, of 1"
    figures.add("fastapi-limit-thread-ended", it.marked("limit-thread"), "of 1", what)


async def background(it: Uvicorn, figures: Figures) -> None:
    post = lambda path: ask(it.port, path, "POST")  # noqa: E731
    answer = await post("/background/block?name=blocked&seconds=0.5")
    what = "The answer of an endpoint whose async background task then calls time.sleep"
    figures.add("fastapi-background-block-answer", answer.first_byte, "ms", what)
    block = lambda: post("/background/block?name=blocked&seconds=2")  # noqa: E731
    ping = await slowest_ping(it.port, "/ping", block)
    what = "Another endpoint, while an async background task calls time.sleep(2)"
    figures.add("fastapi-ping-beside-background", ping, "ms", what)

    answer = await post("/background/fail?name=after-failure")
    await asyncio.sleep(0.5)
    what = "The status of an endpoint whose background task raises"
    figures.add("fastapi-background-fail-status", answer.status, "status", what)
    what = "Background tasks that ran after one of the same response raised, of 1"
    figures.add("fastapi-background-skipped-ran", it.marked("after-failure"), "of 1", what)
    traces = it.logged().count("RuntimeError: the printer is on fire")
    figures.add("fastapi-background-fail-logged", traces, "count", "Tracebacks in the log")

    posts = [post(f"/background/wait?name=crash-{n}&seconds=1") for n in range(BACKGROUND)]
    answers = await asyncio.gather(*posts)
    assert all(answer.status == 200 for answer in answers)
    await it.kill()
    await asyncio.sleep(3)
    what = f"Background tasks that were done 3 s after kill -9 and a new start, of {BACKGROUND}"
    figures.add("fastapi-crash-done", it.marked("crash-"), f"of {BACKGROUND}", what)


async def streaming(it: Uvicorn, figures: Figures) -> None:
    for name, what in (("whole", "as one answer"), ("stream", "as a StreamingResponse")):
        answer = await ask(it.port, f"/report/{name}")
        what = f"of ten rows, one each 100 ms, {what}"
        figures.add(f"fastapi-report-{name}-first", answer.first_byte, "ms", f"The first byte {what}")
        figures.add(f"fastapi-report-{name}-done", answer.done, "ms", f"The last byte {what}")


async def leaving(it: Uvicorn, figures: Figures) -> None:
    for name, what in (("endpoint", "async def endpoints"), ("stream", "streams")):
        leaves = [leave(it.port, f"/abandoned/{name}?name=left-{name}-{n}", 0.3) for n in range(10)]
        await asyncio.gather(*leaves)
        await asyncio.sleep(2)
        what = f"{what} that ran to their end after their client had gone, of 10"
        figures.add(f"fastapi-left-{name}", it.marked(f"left-{name}"), "of 10", what.capitalize())


async def main() -> None:
    versions = {name: version(name) for name in ("fastapi", "starlette", "uvicorn", "anyio")}
    versions = {"python": sys.version.split()[0], **versions}
    note = "one uvicorn worker; the median of five trials where one endpoint is asked beside another; other programs ran on the machine"
    figures = Figures("lessons/fastapi/measure fastapi", note, versions)
    with tempfile.TemporaryDirectory() as folder:
        marks = Path(folder) / "marks"
        marks.mkdir()
        async with Uvicorn(marks) as it:
            for part in (waiting, limits, background, streaming, leaving):
                await part(it, figures)
    figures.print()


asyncio.run(main())
