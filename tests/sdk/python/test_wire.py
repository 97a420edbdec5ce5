"""Requests that break HTTP get an answer or a closed connection, and harm nobody else."""

import re
import socket
import threading
import time

import pytest
from nought import URL, http, public_url, wasm

HOST, PORT = re.match(r"http://([^:]+):(\d+)", URL).groups()


def talk(*pieces, wait=5):
    """Sends the pieces, then reads until the server closes or falls silent."""
    with socket.create_connection((HOST, int(PORT)), timeout=wait) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return drain(connection)


def drain(connection):
    seen = b""
    try:
        while piece := connection.recv(65536):
            seen += piece
    except (TimeoutError, ConnectionError):
        pass
    return seen


@pytest.fixture(scope="module")
def path():
    name = wasm("behave-rust", Timeout=10)
    return public_url(name)[0].removeprefix(URL)


def alive():
    assert http(f"{URL}/_nought/health")[0] == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: nope\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_refused(request_bytes):
    answer = talk(request_bytes, wait=2)
    assert answer == b"" or re.match(rb"HTTP/1\.[01] (400|403|404|411|501|505)", answer), answer
    alive()


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"5\r\nabc", b"-1\r\n\r\n", b"ffffffffffffffffff\r\nx\r\n", b"3\r\nabcXX3\r\n"])
def test_bad_chunking_is_refused(path, chunk):
    head = f"POST {path}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with socket.create_connection((HOST, int(PORT)), timeout=5) as connection:
        connection.sendall(head + chunk)
        connection.shutdown(socket.SHUT_WR)
        answer = drain(connection)
    assert b" 200 " not in answer[:20], answer
    alive()


def test_a_truncated_body_never_reaches_a_function_whole(path):
    head = f"POST {path}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode()
    with socket.create_connection((HOST, int(PORT)), timeout=5) as connection:
        connection.sendall(head + b"only this")
        connection.shutdown(socket.SHUT_WR)
        answer = drain(connection)
    assert b'"bytes":100' not in answer
    alive()


def test_good_chunks_arrive_whole(path):
    head = f"POST {path}/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
    answer = talk(head, b"3\r\nabc\r\n", b"4\r\ndefg\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200") and b'"body":"abcdefg"' in answer, answer


def test_too_many_and_too_large_headers_are_refused():
    large = b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 200_000 + b"\r\n\r\n"
    many = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: x\r\n" % n for n in range(5000)) + b"\r\n"
    for request_bytes in (large, many):
        try:
            answer = talk(request_bytes, wait=3)
        except ConnectionError:
            answer = b""
        assert answer == b"" or b" 431 " in answer[:20] or b" 400 " in answer[:20], answer[:100]
    alive()


def test_slow_clients_do_not_hold_up_others(path):
    slow = [socket.create_connection((HOST, int(PORT)), timeout=30) for _ in range(50)]
    for connection in slow:
        connection.sendall(f"POST {path}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx".encode())
    begin = time.monotonic()
    for _ in range(20):
        assert http(f"{URL}{path}/")[0] == 200
    assert time.monotonic() - begin < 10
    for connection in slow:
        connection.close()


def test_requests_that_follow_each_other_on_one_connection_are_all_answered(path):
    one = f"GET {path}/keep HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = f"GET {path}/keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert talk(one + one + last).count(b"HTTP/1.1 200") == 3


def test_a_client_that_leaves_early_ends_its_invocation_and_nothing_else(path):
    with socket.create_connection((HOST, int(PORT)), timeout=5) as connection:
        connection.sendall(f"GET {path}/stream?bytes=100000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(1000)
    alive()
    assert http(f"{URL}{path}/")[0] == 200


def test_a_large_streamed_body_does_not_grow_the_server(path):
    before = resident()
    results = []

    def read_slowly():
        with socket.create_connection((HOST, int(PORT)), timeout=30) as connection:
            connection.sendall(f"GET {path}/stream?bytes=200000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            for _ in range(20):
                results.append(len(connection.recv(65536)))
                time.sleep(0.05)

    threads = [threading.Thread(target=read_slowly) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) > 0
    assert resident() - before < 150_000, (before, resident())


def resident():
    """Resident memory of the server, in KiB."""
    import os

    with open(f"/proc/{os.environ['NOUGHT_PID']}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def test_a_head_request_has_no_body(path):
    answer = talk(f"HEAD {path}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\n")


def test_a_hundred_connections_at_once_are_served(path):
    errors = []

    def call():
        try:
            assert http(f"{URL}{path}/")[0] == 200
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=call) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[:3]
