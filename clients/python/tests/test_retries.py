"""Which calls are tried again, and how, with a server that is played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

from glassworks import (
    AsyncClient,
    Client,
    Conflict,
    ConnectionFailed,
    Unavailable,
)

TASK = {
    "id": "019ab0f5", "kind": "k", "queue": "default", "state": "queued", "payload": {},
    "priority": 5, "tags": [], "attempt": 0, "max_attempts": 5, "timeout_ms": 1,
    "run_at": "2026-11-27T00:00:00.000Z", "created_at": "2026-11-27T00:00:00.000Z",
    "started_at": None, "finished_at": None, "progress": None, "result": None, "error": None,
    "errors": [], "cancel_requested": False, "unique_key": None, "schedule_id": None,
    "node": None, "last_seq": 1, "a_member_of_tomorrow": 1,
}  # fmt: skip

Answer = httpx.Response | type[httpx.TransportError]


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "title": code}, headers=headers)


class Played:
    """A server that answers as it was told, and notes what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: Iterator[Answer] = iter(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("played")

    def client(self, retry_for: float = 30.0) -> Client:
        return Client("http://played", transport=httpx.MockTransport(self), retry_for=retry_for)


def accepted() -> httpx.Response:
    return httpx.Response(202, json=TASK)


def test_a_submit_is_sent_again_with_the_same_key() -> None:
    played = Played(
        httpx.ReadTimeout, httpx.ConnectError, problem(503, "backlog_full", **{"retry-after": "0"}),
        problem(409, "request_in_flight", **{"retry-after": "0"}), httpx.Response(502), accepted(),
    )  # fmt: skip
    with played.client() as client:
        assert client.submit("k").id == TASK["id"]
    keys = {request.headers["idempotency-key"] for request in played.asked}
    assert len(played.asked) == 6
    assert len(keys) == 1


def test_two_submits_have_two_keys_unless_they_are_given_one() -> None:
    played = Played(accepted(), accepted(), accepted())
    with played.client() as client:
        for key in (None, None, "mine"):
            client.submit("k", idempotency_key=key)
    keys = [request.headers["idempotency-key"] for request in played.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_what_would_be_done_twice_is_not_sent_twice() -> None:
    calls: list[Callable[[Client], object]] = [
        lambda client: client.cancel("1"),
        lambda client: client.retry("1"),
        lambda client: client.delete("1"),
    ]
    for call in calls:
        played = Played(httpx.ReadTimeout)
        with played.client() as client, pytest.raises(ConnectionFailed):
            call(client)
        # It has not been done when nobody was there, or the server says so.
        played = Played(
            httpx.ConnectError, problem(503, "crowded", **{"retry-after": "0"}), accepted()
        )
        with played.client() as client:
            call(client)


def test_a_refusal_stands() -> None:
    played = Played(problem(409, "state_conflict"))
    with played.client() as client, pytest.raises(Conflict) as refused:
        client.cancel("1")
    assert refused.value.code == "state_conflict"


def test_patience_ends() -> None:
    played = Played(problem(503, "backlog_full", **{"retry-after": "1"}))
    with played.client(retry_for=0.5) as client, pytest.raises(Unavailable) as refused:
        client.submit("k")
    assert refused.value.retry_after == 1.0
    played = Played(httpx.ConnectError)
    with played.client(retry_for=0) as client, pytest.raises(ConnectionFailed, match="played"):
        client.get("1")


def test_an_id_cannot_lead_elsewhere() -> None:
    with Played().client() as client:
        for id in ("", "../keys", "a/b", "a?b"):
            with pytest.raises(ValueError, match="no task's id"):
                client.get(id)


def test_what_json_cannot_say_is_not_sent() -> None:
    played = Played()
    with played.client() as client:
        for payload in ({"a": float("nan")}, {"a": {1}}, {"a": "\ud800"}):
            with pytest.raises((ValueError, TypeError)):
                client.submit("k", payload)
    assert played.asked == []


def test_a_stream_that_is_cut_goes_on_where_it_was() -> None:
    def stream(*numbers: int, end: str = "") -> httpx.Response:
        events = (
            f'id: {n}\nevent: state\ndata: {{"task_id": "1", "seq": {n}, "attempt": 0, "at": '
            f'"2026-11-27T00:00:00.000Z", "type": "state", "state": "queued"}}\n\n'
            for n in numbers
        )
        return httpx.Response(200, text="".join(events) + end)

    played = Played(
        stream(1, 2), httpx.ReadError,
        stream(2, 3, end='event: end\ndata: {"reason": "shutting_down"}\n\n'),
        stream(4, end='event: end\ndata: {"reason": "over"}\n\n'),
    )  # fmt: skip
    with played.client() as client:
        assert [event.seq for event in client.follow("1")] == [1, 2, 3, 4]
    after = [request.url.params["after"] for request in played.asked]
    assert after == ["0", "2", "2", "3"]


def test_async_calls_are_tried_again_too() -> None:
    played = Played(httpx.ReadTimeout, accepted())

    async def submit() -> None:
        async with AsyncClient("http://played", transport=httpx.MockTransport(played)) as client:
            assert (await client.submit("k")).id == TASK["id"]

    asyncio.run(submit())
    assert len({request.headers["idempotency-key"] for request in played.asked}) == 1
