"""A load client that costs little enough to leave the server as the only thing measured.

One process, raw non-blocking sockets, epoll, requests built beforehand. It reads of an answer only where it ends and
its status, and it does not go on after an unexpected one: a benchmark of errors is worthless.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
BODILESS = (b"204", b"304")
SILENCE = 30.0
SPIN = 0.0015


class Request(NamedTuple):
    """The bytes to send and the status that must come back."""

    wire: bytes
    status: bytes


class Due(NamedTuple):
    """A request that is to be sent `at` seconds after the start, counted under `operation`."""

    at: float
    operation: str
    request: Request


class Timed(NamedTuple):
    """When a request was due, sent and answered, on the system's monotonic clock."""

    operation: str
    due: float
    sent: float
    received: float


class LoadError(Exception):
    """The server did something else than answer as expected."""


@dataclass
class Outcome:
    """What a closed loop saw: answers within `seconds`, and the bodies of all answers where they were asked for."""

    requests: int = 0
    seconds: float = 0.0
    client_cpu: float = 0.0
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def build(method: str, path: str, key: str, body: bytes = b"", status: int = 200) -> Request:
    """Make a request as an HTTP client would send it, once, so that sending it costs one system call."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}", "Accept: application/json"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return Request("\r\n".join(lines).encode() + HEAD_END + body, str(status).encode())


def split(answer: bytes) -> tuple[int, int] | None:
    """Find where the head and the whole of the first answer end; None while that has not arrived."""
    head = answer.find(HEAD_END)
    if head < 0:
        return None
    head += 4
    if answer[9:12] in BODILESS:
        return head, head
    start = answer[:head].lower().find(LENGTH)
    if start < 0:
        raise LoadError(f"An answer has no Content-Length:\n{answer[:500].decode(errors='replace')}")
    start += len(LENGTH)
    end = head + int(answer[start : answer.index(b"\r\n", start)])
    return (head, end) if len(answer) >= end else None


class Connection:
    """One kept-alive connection with at most one request under way."""

    __slots__ = ("due", "operation", "partial", "request", "sent", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.partial = b""
        self.request = Request(b"", b"")
        self.operation = ""
        self.due = self.sent = 0.0

    def send(self, request: Request) -> None:
        """Send a request whole."""
        self.request = request
        if self.socket.send(request.wire) != len(request.wire):
            raise LoadError("A request did not fit into the socket's buffer; use smaller bodies.")

    def receive(self) -> bytes | None:
        """Take the body of the answer; None while it is incomplete."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise LoadError("The server closed a connection before its answer was complete.")
        if self.partial:
            data = self.partial + data
        ends = split(data)
        if ends is None:
            self.partial = data
            return None
        self.partial = b""
        head, end = ends
        if data[9:12] != self.request.status:
            raise LoadError(self._complaint(data))
        if len(data) != end:
            raise LoadError("The server sent more than one answer to one request.")
        return data[head:end]

    def _complaint(self, answer: bytes) -> str:
        line = self.request.wire.split(b"\r\n", 1)[0].decode()
        wanted = self.request.status.decode()
        return f"{line} was to be answered with {wanted} but came back as:\n{answer[:1500].decode(errors='replace')}"


class Pool:
    """The connections to one server, and what waits for reading on them."""

    def __init__(self, port: int, size: int) -> None:
        self.connections = [Connection(port) for _ in range(size)]
        self.by_descriptor = {one.socket.fileno(): one for one in self.connections}
        self._epoll = select.epoll()
        for descriptor in self.by_descriptor:
            self._epoll.register(descriptor, select.EPOLLIN)

    def readable(self, timeout: float) -> list[tuple[int, int]]:
        """Wait for answers, `timeout` seconds at most."""
        return self._epoll.poll(timeout)

    def close(self) -> None:
        """Close everything."""
        self._epoll.close()
        for one in self.connections:
            one.socket.close()


def closed_loop(
    port: int, requests: Iterable[Request], seconds: float, connections: int = 16, keep: bool = False
) -> Outcome:
    """Send the next request as soon as the last is answered, on every connection, until `seconds` or the requests end.

    At least one answer is waited for. Answers that come later are read, and kept where asked for, but not counted.
    """
    pool = Pool(port, connections)
    try:
        return _run_closed(pool, iter(requests), seconds, keep)
    finally:
        pool.close()


def _run_closed(pool: Pool, requests: Iterator[Request], seconds: float, keep: bool) -> Outcome:
    outcome, waiting = Outcome(), 0
    cpu, start = time.process_time(), time.perf_counter()
    for connection, request in zip(pool.connections, requests, strict=False):
        connection.send(request)
        waiting += 1
    deadline, by_descriptor = start + seconds, pool.by_descriptor
    open_ = True
    while waiting:
        ready = pool.readable(SILENCE)
        if not ready:
            raise LoadError(f"The server has been silent for {SILENCE:.0f} seconds.")
        if open_ and outcome.requests and time.perf_counter() >= deadline:
            open_ = False
            outcome.seconds, outcome.client_cpu = time.perf_counter() - start, time.process_time() - cpu
        for descriptor, _ in ready:
            connection = by_descriptor[descriptor]
            body = connection.receive()
            if body is None:
                continue
            if keep:
                outcome.bodies.append(body)
            outcome.requests += open_
            following = next(requests, None) if open_ else None
            if following is None:
                waiting -= 1
            else:
                connection.send(following)
    if open_:
        outcome.seconds, outcome.client_cpu = time.perf_counter() - start, time.process_time() - cpu
    return outcome


def open_loop(port: int, schedule: Sequence[Due], connections: int = 16) -> dict[str, list[float]]:
    """Send each request when it is due, whatever the server does, and return the seconds from due to answered.

    A request that finds every connection taken waits, and its waiting counts.
    """
    latencies: dict[str, list[float]] = {}
    for each in timed_loop(port, schedule, connections):
        latencies.setdefault(each.operation, []).append(each.received - each.due)
    return latencies


def timed_loop(port: int, schedule: Sequence[Due], connections: int = 16) -> list[Timed]:
    """Send each request when it is due, whatever the server does, and return the times of each."""
    pool = Pool(port, connections)
    try:
        return _run_open(pool, schedule)
    finally:
        pool.close()


def _run_open(pool: Pool, schedule: Sequence[Due]) -> list[Timed]:
    timed: list[Timed] = []
    pending, queue, free = deque(sorted(schedule)), deque[Due](), list(pool.connections)
    total, answered, start = len(pending), 0, time.perf_counter()
    last = start
    while answered < total:
        now = time.perf_counter() - start
        while pending and pending[0].at <= now:
            queue.append(pending.popleft())
        while queue and free:
            due, connection = queue.popleft(), free.pop()
            connection.due, connection.operation, connection.sent = start + due.at, due.operation, time.perf_counter()
            connection.send(due.request)
        rest = pending[0].at - (time.perf_counter() - start) if pending else SILENCE
        # epoll sleeps in whole milliseconds, too coarse for latencies: the last stretch is spun
        for descriptor, _ in pool.readable(rest - SPIN if rest > 2 * SPIN else 0):
            connection = pool.by_descriptor[descriptor]
            if connection.receive() is None:
                continue
            last = time.perf_counter()
            timed.append(Timed(connection.operation, connection.due, connection.sent, last))
            free.append(connection)
            answered += 1
        if time.perf_counter() - last > SILENCE:
            raise LoadError(f"The server has been silent for {SILENCE:.0f} seconds.")
    return timed
