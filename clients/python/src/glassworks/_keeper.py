"""Holding a worker's tasks: claims, beats and ends.

It runs in a process of its own (``_keeping``), and waits for the one that runs handlers in no way:
what it has to say to that is put into a queue.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from . import _wire
from ._ends import CARRIED, PATHS, ending, in_calls, rest_of
from ._held import Held
from ._lane import Lane
from ._patience import Patience
from .errors import ApiError

CLAIM_WAIT = 30.0
"""How long one claim waits for a task, in seconds."""
ANSWER_WITHIN = 15.0
BEAT_WITHIN = 8.0
GATHERING = 0.1
"""How long what is printed may wait for more, so that one beat carries it all."""
QUIET = 3.0
"""How often to ask, with nothing to tell, whether anything is to stop."""
PER_LEASE = 4
"""Leases are renewed when so many-th of their time is over."""
GIVE_BACK_WITHIN = 2.0
BEGIN_WITHIN = 5.0
"""A task whose handler cannot be started so long, because its event loop is blocked, goes back."""
LAST_WORDS = 10.0
"""How long the server is told of ends when this process is to end, in seconds."""

Message = dict[str, Any]
_FINAL = range(400, 500)
_PASSING = (408, 429)


class Keeper:
    """Claims, beats and ends, for all lanes."""

    def __init__(self, start: Message, say: Callable[[Message], None]) -> None:
        self._say = say
        self._http = httpx.AsyncClient(
            base_url=start["url"],
            headers=_wire.headers_of(start["key"]),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        )
        self._queues: list[str] | None = start["queues"]
        self._lanes = [Lane(lane) for lane in start["lanes"]]
        self._by_number: dict[int, tuple[Lane, Held]] = {}
        self._next_number = 1
        self._draining = asyncio.Event()
        self._ends = asyncio.Event()
        self._silent = False
        self._claiming: set[asyncio.Task[None]] = set()

    # What the other process says.

    def take(self, message: Message) -> None:
        """Do what a message says."""
        what = message["t"]
        if what == "drain":
            self.drain()
            return
        lane, held = self._by_number.get(message.get("id", 0), (None, None))
        if lane is None or held is None:
            return
        if what == "begin":
            self._begin(lane, held)
        elif what == "output":
            held.unsaid.add(message["stream"], message["text"])
            lane.news.set()
        elif what == "progress":
            held.progress = {"fraction": message["fraction"], "message": message["message"]}
            lane.news.set()
        elif what == "end":
            self._end(lane, held, message["end"])

    def drain(self) -> None:
        """Claim no more, and give back what was not begun."""
        if self._draining.is_set():
            return
        self._draining.set()
        for lane, held in list(self._by_number.values()):
            if not held.begun:
                self._revoke(lane, held)

    def _begin(self, lane: Lane, held: Held) -> None:
        held.begun = True
        lane.changed.set()
        if held.revoked or held.lost:
            self._say({"t": "gone", "id": held.number})
            if held.end is None:
                self._forget(lane, held)
            return
        self._say({"t": "go", "id": held.number})
        if held.stop_reason is not None:
            self._say({"t": "stop", "id": held.number, "reason": held.stop_reason})

    def _end(self, lane: Lane, held: Held, end: Message) -> None:
        if held.lost:
            self._forget(lane, held)
            return
        held.end = end
        self._ends.set()

    def _revoke(self, lane: Lane, held: Held) -> None:
        """Give a task back whose handler was not started."""
        if held.begun or held.revoked:
            return
        held.revoked = True
        held.end = {"outcome": "release"}
        self._ends.set()
        lane.changed.set()

    def _forget(self, lane: Lane, held: Held) -> None:
        for timer in held.timers:
            timer.cancel()
        lane.held.pop(held.number, None)
        self._by_number.pop(held.number, None)
        lane.changed.set()
        self._say({"t": "ended", "id": held.number})

    def _stop(self, held: Held, reason: str) -> None:
        if held.stop_reason == reason or held.lost:
            return
        held.stop_reason = reason
        held.lost = reason == "lost"
        if held.begun:
            self._say({"t": "stop", "id": held.number, "reason": reason})

    # Claims.

    async def claim(self, lane: Lane) -> None:
        """Claim for as long as the worker is not to end."""
        while not self._draining.is_set():
            if lane.room <= 0:
                lane.changed.clear()
                await _first(lane.changed.wait(), self._draining.wait())
                continue
            body = {
                "worker": lane.worker,
                "kinds": lane.kinds,
                "limit": min(lane.room, 1_000),
                "wait_ms": round(CLAIM_WAIT * 1_000),
                # The same until it is answered: what was given and got lost is given again.
                "request_id": secrets.token_hex(16),
            }
            if self._queues is not None:
                body["queues"] = self._queues
            answer = await self._ask_for_tasks(lane, body)
            if answer is None:
                return
            for claimed in answer["tasks"]:
                self._hand_over(lane, claimed)
            if answer["drain"]:
                self._asked_to_drain()

    async def _ask_for_tasks(self, lane: Lane, body: Message) -> Message | None:
        patience = Patience()
        while not self._draining.is_set():
            within = CLAIM_WAIT + ANSWER_WITHIN
            asking = asyncio.ensure_future(self._post("/api/claims", body, within))
            await _first(asyncio.wait([asking]), self._draining.wait())
            if not asking.done():
                asking.cancel()
                await asyncio.wait([asking])
                await self._give_back(lane, body)
                return None
            try:
                answer: Message = asking.result()
            except ApiError as error:
                if _is_final(error):
                    self._say({"t": "fatal", "message": f"the server refuses this worker: {error}"})
                    self.drain()
                    return None
                pause = patience.next(error.retry_after)
                self._hears_nothing(error)
            except (httpx.HTTPError, asyncio.TimeoutError, ValueError) as error:
                pause = patience.next()
                self._hears_nothing(error)
            else:
                self._hears()
                return answer
            await _first(asyncio.sleep(pause or 0), self._draining.wait())
        return None

    async def _give_back(self, lane: Lane, body: Message) -> None:
        """A claim was broken off: what it may have been given goes back at once."""
        # The same request is answered with the same tasks. In this queue there are no others.
        again = {**body, "wait_ms": 0, "queues": ["-"]}
        try:
            answer = await self._post("/api/claims", again, GIVE_BACK_WITHIN)
        except (ApiError, httpx.HTTPError, asyncio.TimeoutError, ValueError):
            return
        for claimed in answer["tasks"]:
            held = self._hold(lane, claimed)
            held.begun = True
            self._end(lane, held, {"outcome": "release"})

    def _hold(self, lane: Lane, claimed: Message) -> Held:
        held = Held(self._next_number, claimed)
        self._next_number += 1
        lane.held[held.number] = held
        self._by_number[held.number] = (lane, held)
        # The first lease is short.
        lane.news.set()
        return held

    def _hand_over(self, lane: Lane, claimed: Message) -> None:
        held = self._hold(lane, claimed)
        loop = asyncio.get_running_loop()
        held.timers = [
            loop.call_later(claimed["timeout_ms"] / 1_000, self._time_is_up, held),
            loop.call_later(BEGIN_WITHIN, self._revoke, lane, held),
        ]
        if self._draining.is_set():
            self._revoke(lane, held)
        told = {name: value for name, value in claimed.items() if name != "lease"}
        self._say({"t": "task", "id": held.number, "worker": lane.worker, "claimed": told})

    def _time_is_up(self, held: Held) -> None:
        if held.number in self._by_number and held.end is None and held.stop_reason is None:
            self._stop(held, "timeout")

    def _asked_to_drain(self) -> None:
        if not self._draining.is_set():
            self._say({"t": "drain"})
            self.drain()

    # Beats.

    async def beat(self, lane: Lane) -> None:
        """Renew the leases of a lane, and tell what its attempts do, for ever."""
        patience = Patience()
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            leases = [held.lease_ms / 1_000 for held in lane.held.values() if not held.lost]
            due = min([QUIET, *(lease / PER_LEASE for lease in leases)])
            if not leases:
                await lane.news.wait()
            else:
                await _first(lane.news.wait(), asyncio.sleep(max(0.0, last + due - loop.time())))
            if lane.news.is_set():
                await asyncio.sleep(min(GATHERING, due))
            lane.news.clear()
            last = loop.time()
            async with lane.beating:
                pause = await self._beat_once(lane, patience)
            if pause is not None:
                await asyncio.sleep(min(pause, due))
                lane.news.set()

    async def _beat_once(self, lane: Lane, patience: Patience) -> float | None:
        """One beat. How long to wait before the next if the server has not heard it."""
        told = [held for held in lane.held.values() if not held.lost][:1_000]
        if not told:
            return None
        room, items, progress = CARRIED, [], {}
        for held in told:
            item = held.item(room)
            room -= sum(len(piece["text"].encode()) for piece in item.get("output", ()))
            progress[held.number] = held.progress
            items.append(item)
        body = {"worker": lane.worker, "items": items}
        try:
            answer = await self._post("/api/claims/beat", body, BEAT_WITHIN)
        except (ApiError, httpx.HTTPError, asyncio.TimeoutError, ValueError) as error:
            self._hears_nothing(error)
            after = error.retry_after if isinstance(error, ApiError) else None
            return patience.next(after)
        self._hears()
        patience.restart()
        for held, standing in zip(told, answer["items"], strict=False):
            held.lease_ms = answer["lease_ms"]
            if held.progress is progress[held.number]:
                held.progress = None
            self._heard(lane, held, standing)
        if answer["drain"]:
            self._asked_to_drain()
        return None

    def _heard(self, lane: Lane, held: Held, standing: Message) -> None:
        if standing["status"] == "lost":
            # One that ends at this moment is told by the answer to its end.
            if held.end is None:
                self._stop(held, "lost")
            return
        if standing["status"] == "cancel" and held.stop_reason is None:
            self._stop(held, "cancelled")
        taken = held.unsaid.forget_until(standing["output_bytes"])
        if taken:
            self._say({"t": "taken", "id": held.number, "bytes": taken})
        if held.unsaid.size:
            lane.news.set()

    # Ends.

    async def tell_ends(self) -> None:
        """Tell the server how attempts end, until it knows, for ever."""
        patience = Patience()
        while True:
            await self._ends.wait()
            self._ends.clear()
            ended = [it for it in self._by_number.values() if it[1].end is not None]
            pause: float | None = None
            for outcome, path in PATHS.items():
                those = [it for it in ended if it[1].end and it[1].end["outcome"] == outcome]
                for some in in_calls(those):
                    pause = await self._tell(path, some, patience) or pause
            if pause is None:
                patience.restart()
            else:
                await asyncio.sleep(pause)
                self._ends.set()

    async def _tell(
        self, path: str, some: list[tuple[Lane, Held]], patience: Patience
    ) -> float | None:
        """Tell of some ends. How long to wait before another try if the server has not heard."""
        pause = await self._tell_rest(some, patience)
        if pause is not None:
            return pause
        items = [ending(held) for _, held in some]
        try:
            answer = await self._post(path, {"items": items}, ANSWER_WITHIN)
        except ApiError as error:
            if not _is_final(error):
                self._hears_nothing(error)
                return patience.next(error.retry_after)
            if len(some) > 1:
                # One of them is not acceptable. The others have nothing to do with it.
                pauses = [await self._tell(path, [one], patience) for one in some]
                return max((pause for pause in pauses if pause is not None), default=None)
            self._refused(*some[0], error)
            return None
        except (httpx.HTTPError, asyncio.TimeoutError, ValueError) as error:
            self._hears_nothing(error)
            return patience.next()
        self._hears()
        for (lane, held), standing in zip(some, answer["items"], strict=False):
            if standing["status"] == "lost" and not held.revoked:
                self._log("warning", f"the end of task {held.task} came too late and was refused")
            held.end = None
            if held.begun:
                self._forget(lane, held)
            else:
                # The other process does not know yet: until then no more is claimed.
                held.lost = True
        return None

    async def _tell_rest(self, some: list[tuple[Lane, Held]], patience: Patience) -> float | None:
        """Tell what an end has no room for: progress, and long output.

        How long to wait before another try if the server has not heard it.
        """
        for lane in {id(lane): lane for lane, _ in some}.values():
            those = [held for its, held in some if its is lane]
            async with lane.beating:
                before = None
                # Until there is no less of it: the server may not take it, or not any more.
                while (rest := rest_of(those)) and rest != before:
                    before = rest
                    pause = await self._beat_once(lane, patience)
                    if pause is not None:
                        return pause
        return None

    def _refused(self, lane: Lane, held: Held, error: ApiError) -> None:
        """The server will never take this end: a result that is too long, for example."""
        about_it = error.status in (413, 422)
        if about_it and held.end is not None and held.end["outcome"] == "complete":
            what = "; ".join(it.detail for it in error.errors) or error.detail
            message = f"the server does not take the result: {what}"
            held.end = {"outcome": "fail", "error": message, "permanent": True}
            self._ends.set()
            return
        self._log("error", f"the server does not take how task {held.task} ended: {error}")
        held.end = None
        self._forget(lane, held)

    # The end.

    async def finish(self, error: str | None) -> None:
        """Give back what is left, or say how it failed, and tell the server for a while."""
        self.drain()
        # What a claim that is broken off has brought is given back, too.
        await asyncio.wait(self._claiming, timeout=2 * GIVE_BACK_WITHIN)
        for lane, held in list(self._by_number.values()):
            if held.lost:
                self._forget(lane, held)
            elif held.end is None:
                failed = error is not None and held.begun
                held.end = {"outcome": "fail", "error": error} if failed else {"outcome": "release"}
            held.begun = True
        self._ends.set()
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_WORDS
        while self._by_number and loop.time() < until:
            await asyncio.sleep(0.02)
        if self._by_number:
            self._log("warning", "the server does not know of every end: leases see to the rest")

    async def run(self, over: asyncio.Future[str | None]) -> None:
        """Work until ``over`` says why not any more: ``None`` when the other process said so."""
        self._claiming = {asyncio.create_task(self.claim(lane)) for lane in self._lanes}
        telling = {asyncio.create_task(self.beat(lane)) for lane in self._lanes}
        telling.add(asyncio.create_task(self.tell_ends()))
        for task in self._claiming | telling:
            task.add_done_callback(lambda task: _fail_with(task, over))
        await self.finish(await over)
        for task in telling:
            task.cancel()
        await asyncio.wait(telling)
        await self._http.aclose()

    # Talking.

    async def _post(self, path: str, body: Message, within: float) -> Any:
        content = await asyncio.wait_for(self._exchange(path, body), within)
        return json.loads(content)

    async def _exchange(self, path: str, body: Message) -> bytes:
        response = await self._http.post(
            path,
            content=_wire.encoded(body),
            headers={"content-type": "application/json"},
            timeout=None,
        )
        if not response.is_success:
            raise _wire.refusal(response)
        return response.content

    def _hears_nothing(self, error: Exception) -> None:
        if not self._silent:
            self._silent = True
            said = str(error) or type(error).__name__
            self._log("warning", f"the server does not answer ({said}); trying again until it does")

    def _hears(self) -> None:
        if self._silent:
            self._silent = False
            self._log("info", "the server answers again")

    def _log(self, level: str, message: str) -> None:
        self._say({"t": "log", "level": level, "message": message})


def _is_final(error: ApiError) -> bool:
    """Whether the same will be refused again, so that somebody has to change something."""
    return error.status in _FINAL and error.status not in _PASSING


async def _first(*waits: Awaitable[Any]) -> None:
    """Wait for the first of several things, and for the others no longer."""
    tasks = [asyncio.ensure_future(it) for it in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _fail_with(task: asyncio.Task[None], over: asyncio.Future[str | None]) -> None:
    """A fault of this file must not leave a worker that only seems to work."""
    if not task.cancelled() and task.exception() is not None and not over.done():
        over.set_exception(task.exception() or RuntimeError())
