import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from benchmarks import client
from benchmarks.client import Due, LoadError

Answer = Callable[[bytes], list[bytes]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Scripted:
    """A server that answers each request with the pieces that a function returns, and closes after an empty one."""

    def __init__(self, answer: Answer) -> None:
        self.received: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            try:
                while request := connection.recv(65536):
                    self.received.append(request)
                    for piece in self._answer(request):
                        if not piece:
                            return
                        connection.sendall(piece)
            except OSError:
                return


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Scripted]]:
    started: list[Scripted] = []

    def start(answer: Answer) -> Scripted:
        started.append(Scripted(answer))
        return started[-1]

    yield start
    for server in started:
        server.close()


def test_a_request_is_what_an_http_client_sends() -> None:
    request = client.build("POST", "/v2/resources", "sk_live_1", b'{"name":"abc"}', status=201)
    head, _, body = request.wire.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v2/resources HTTP/1.1"
    assert {b"Authorization: Bearer sk_live_1", b"Content-Type: application/json", b"Content-Length: 14"} <= set(lines)
    assert body == b'{"name":"abc"}'
    assert request.status == b"201"


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (b"HTTP/1.1 200 OK\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", (38, 41)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", (38, 38)),
        (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", (33, 33)),
    ],
)
def test_an_answer_ends_where_its_length_says(answer: bytes, ends: tuple[int, int] | None) -> None:
    assert client.split(answer) == ends


def test_an_answer_without_a_length_is_refused() -> None:
    with pytest.raises(LoadError, match="no Content-Length"):
        client.split(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_every_request_is_sent_once_and_counted(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK])
    requests = [client.build("GET", f"/{number}", "k") for number in range(50)]
    outcome = client.closed_loop(server.port, requests, 30, connections=4, keep=True)
    assert outcome.requests == 50
    assert outcome.bodies == [b"{}"] * 50
    assert sorted(server.received) == sorted(request.wire for request in requests)
    assert outcome.rate == outcome.requests / outcome.seconds


def test_an_answer_may_come_in_pieces(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK[:10], OK[10:35], OK[35:39], OK[39:]])
    requests = [client.build("GET", "/", "k")] * 20
    outcome = client.closed_loop(server.port, requests, 30, connections=2, keep=True)
    assert (outcome.requests, set(outcome.bodies)) == (20, {b"{}"})


def test_the_loop_ends_in_time_and_reads_the_last_answers(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK])
    endless = iter(lambda: client.build("GET", "/", "k"), None)
    outcome = client.closed_loop(server.port, endless, 0.05, connections=3, keep=True)
    assert outcome.requests <= len(outcome.bodies) == len(server.received)
    assert outcome.seconds >= 0.05


def test_an_unexpected_status_ends_the_run_with_the_answer(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 7\r\n\r\nslow it"])
    with pytest.raises(LoadError, match=r"GET /a HTTP/1.1 was to be answered with 200[\s\S]*429[\s\S]*slow it"):
        client.closed_loop(server.port, [client.build("GET", "/a", "k")], 30)


def test_a_closed_connection_ends_the_run(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK[:20], b""])
    with pytest.raises(LoadError, match="closed a connection"):
        client.closed_loop(server.port, [client.build("GET", "/", "k")], 30)


def test_two_answers_to_one_request_end_the_run(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK + OK])
    with pytest.raises(LoadError, match="more than one answer"):
        client.closed_loop(server.port, [client.build("GET", "/", "k")], 30)


def test_a_silent_server_ends_the_run(serve: Callable[[Answer], Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(lambda _: [])
    monkeypatch.setattr(client, "SILENCE", 0.05)
    request = client.build("GET", "/", "k")
    with pytest.raises(LoadError, match="silent"):
        client.closed_loop(server.port, [request], 30)
    with pytest.raises(LoadError, match="silent"):
        client.open_loop(server.port, [Due(0, "get", request)])


def test_the_open_loop_sends_in_time_and_sorts_by_operation(serve: Callable[[Answer], Scripted]) -> None:
    server = serve(lambda _: [OK])
    schedule = [
        Due(0.02, "late", client.build("GET", "/late", "k")),
        Due(0.0, "early", client.build("GET", "/1", "k")),
        Due(0.01, "early", client.build("GET", "/2", "k")),
    ]
    latencies = client.open_loop(server.port, schedule, connections=1)
    assert {name: len(each) for name, each in latencies.items()} == {"early": 2, "late": 1}
    assert all(latency > 0 for each in latencies.values() for latency in each)
    assert [wire.split(b" ")[1] for wire in server.received] == [b"/1", b"/2", b"/late"]


def test_waiting_for_a_connection_counts_as_latency(serve: Callable[[Answer], Scripted]) -> None:
    released = threading.Event()

    def answer(request: bytes) -> list[bytes]:
        if b"/first" in request:
            released.wait(0.1)
        return [OK]

    server = serve(answer)
    schedule = [
        Due(0.0, "first", client.build("GET", "/first", "k")),
        Due(0.001, "second", client.build("GET", "/second", "k")),
    ]
    latencies = client.open_loop(server.port, schedule, connections=1)
    assert latencies["second"][0] > 0.09
