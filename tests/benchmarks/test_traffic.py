import itertools
import json
from pathlib import Path

from benchmarks import latency, memory, traffic
from benchmarks.client import Request
from benchmarks.contenders import Contender
from benchmarks.peers import rows
from benchmarks.servers import Server, Start

IDS = [rows.identifier(number) for number in range(5)]


def body(request: Request) -> bytes:
    return request.wire.partition(b"\r\n\r\n")[2]


def declared_length(request: Request) -> int:
    head = request.wire.partition(b"\r\n\r\n")[0]
    return next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))


def test_creates_differ_and_say_their_length() -> None:
    requests = list(traffic.create("k", 3))
    assert len({body(request) for request in requests}) == 3
    for request in requests:
        assert declared_length(request) == len(body(request))
        assert json.loads(body(request)).keys() == {"name", "type"}
        assert request.status == b"201"


def test_a_patch_never_repeats_a_name() -> None:
    first = list(itertools.islice(traffic.patch("k", IDS, 1), 12))
    second = list(itertools.islice(traffic.patch("k", IDS, 2), 12))
    assert len({body(request) for request in first + second}) == 24
    assert all(declared_length(request) == len(body(request)) for request in first + second)
    assert len({request.wire.split(b" ")[1] for request in first}) == len(IDS)


def test_the_last_turn_of_patches_fits_into_the_number() -> None:
    first = next(traffic.patch("k", IDS, 1))
    last = next(traffic.patch("k", IDS, 99))
    assert declared_length(last) == len(body(last)) == len(body(first))


def test_reads_are_spread_over_what_is_stored() -> None:
    ids = [rows.identifier(number) for number in range(20_000)]
    chosen = traffic.sample(ids)
    assert len(set(chosen)) == traffic.SAMPLE
    assert min(chosen) < ids[1000] < ids[19_000] < max(chosen)
    assert chosen == traffic.sample(ids)


def test_faulty_requests_expect_their_errors() -> None:
    assert next(traffic.unknown("k")).status == b"404"
    invalid = next(traffic.invalid("k"))
    assert invalid.status == b"400"
    assert declared_length(invalid) == len(body(invalid))


def test_every_id_is_deleted_once() -> None:
    assert [request.wire.split(b" ")[1].decode()[-30:] for request in traffic.delete("k", IDS)] == IDS


def test_the_latency_mix_keeps_its_shares() -> None:
    operations = latency.mixed(1000)
    assert {name: operations.count(name) for name in latency.MIX} == {
        "get": 450,
        "list": 200,
        "create": 150,
        "patch": 120,
        "delete": 80,
    }
    assert operations == latency.mixed(1000)


def test_the_memory_mix_has_errors_in_it() -> None:
    contender = Contender(Server("ours", Start(0, [], Path())), "k", IDS)
    requests = list(itertools.islice(memory.mixed(contender), 20))
    assert sorted({request.status for request in requests}) == [b"200", b"201", b"400", b"404"]
