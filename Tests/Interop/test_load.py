"""Many of everything, and clients that behave badly on purpose: memory stays within bounds, and others are served meanwhile.

Each bound is reasoned beside the test: what is kept for each thing, times how many, with a factor of two for the allocator.
`make load` runs the real sizes, against the release binary; `make test` a part of them.
"""
import contextlib
import json
import os
import pathlib
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

from conformance import zkwire as w
from harness import places, trees
from harness.waiting import eventually

REAL = os.environ.get("LOAD") == "real"
ZKLOAD = places.TOOLS / "zkload"
MEBIBYTE = 1 << 20
# What other clients may have to wait, in seconds, on a machine that does other things as well.
PATIENCE = 5
pytestmark = [pytest.mark.ours, pytest.mark.budget(900 if REAL else 150)]


def scaled(real, part):
    return real if REAL else part


@pytest.fixture(scope="module", autouse=True)
def load_generator():
    source = places.ROOT / "bench" / "zkload.c"
    if not ZKLOAD.exists() or ZKLOAD.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", str(ZKLOAD), str(source)], check=True)


def memory(server, field="VmRSS"):
    """Bytes; VmHWM is the most that there ever was."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024


def load(server, *arguments, seconds=None):
    command = [str(ZKLOAD), "--servers", server.address, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds or scaled(800, 130))
    assert ran.returncode == 0, f"{' '.join(command)}: {ran.stdout}{ran.stderr}"
    return json.loads(ran.stdout)


def tell(line):
    os.write(2, f"\nload: {line}\n".encode())


def megabytes(size):
    return f"{size / MEBIBYTE:.0f} MiB"


@contextlib.contextmanager
def others(server):
    """Somebody who writes and reads all the while, and must never wait long. The longest wait so far is its last item."""
    session = server.session(timeout_ms=30000, io_timeout=60)
    trees.create(session, "/others")
    waits, ending, failures = [0.0], threading.Event(), []

    def go_on():
        try:
            while not ending.wait(0.005):
                start = time.monotonic()
                assert session.call(w.SET_DATA, w.Out().string("/others").buffer(b"x").int(-1).bytes()).err == 0
                assert trees.get(session, "/others")[0] == b"x"
                waits.append(max(waits[-1], time.monotonic() - start))
        except Exception as error:
            failures.append(error)
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        ending.set()
        thread.join(65)
    assert not failures, failures
    assert len(waits) > 5 and waits[-1] < PATIENCE, f"others waited {waits[-1]:.1f} s; {len(waits)} rounds"
    session.close()


def test_many_sessions(server):
    """A connection has a handler and a channel, a receive buffer of 2 KiB to begin with, a writer of 512 bytes, and timers: 16 KiB."""
    count = scaled(10_000, 1_000)
    before = memory(server)
    with others(server) as waits:
        result = load(server, "--op", "idle", "--connections", count, "--session-ms", 20000, "--seconds", scaled(20, 5))
    most = memory(server, "VmHWM") - before
    tell(f"{count} sessions opened in {result['connect_s']} s, {megabytes(most)}, {most // count} bytes each; "
         f"others waited {waits[-1] * 1000:.0f} ms at most")
    assert most < count * 2 * 16 * 1024 + 8 * MEBIBYTE


def test_many_znodes(server):
    """A znode of 100 bytes: its path of 24, the data, 80 of Stat, and entries in two tables and in its parent's: 400 bytes."""
    count = scaled(1_000_000, 100_000)
    before = memory(server)
    with others(server) as waits:
        result = load(server, "--op", "create", "--connections", 8, "--pipeline", 32, "--size", 100, "--dirs", 100, "--keep",
                      "--seconds", 700, "--count", count, "--warmup", 0)
    most = memory(server) - before
    assert int(server.word("mntr").split("zk_znode_count\t")[1].split()[0]) >= count
    server.stop()
    start = time.monotonic()
    server.start().wait_serving(300)
    again = time.monotonic() - start
    session = server.session(io_timeout=60)
    assert int(server.word("mntr").split("zk_znode_count\t")[1].split()[0]) >= count
    assert trees.create(session, "/after") == "/after"
    tell(f"{count} znodes at {result['ops_per_s']:.0f} a second, {megabytes(most)}, {most // count} bytes each; others waited "
         f"{waits[-1] * 1000:.0f} ms at most; serving again after {again:.1f} s with {megabytes(memory(server))}")
    assert most < count * 2 * 400 + 32 * MEBIBYTE


def test_many_watches(server):
    """A watch is an entry in two tables, by path and by session: 100 bytes. All are told, once."""
    count, keys = scaled(100_000, 20_000), scaled(1_000, 100)
    before = memory(server)
    with others(server) as waits:
        result = load(server, "--op", "watch", "--watches", count, "--keys", keys, "--connections", count // keys, "--pipeline", 16,
                      "--rounds", 3)
    most = memory(server, "VmHWM") - before
    tell(f"{count} watches told at {result['notify_per_s']} a second, {megabytes(most)} with {count // keys} sessions; others waited "
         f"{waits[-1] * 1000:.0f} ms at most")
    assert most < count * 2 * 100 + (count // keys) * 2 * 64 * 1024 + 32 * MEBIBYTE


def request(opcode, body, xid):
    return struct.pack(">iii", len(body) + 8, xid, opcode) + body


def test_a_client_that_sends_and_never_reads(server):
    """It asks for a znode of a megabyte, ten thousand times in one go.

    For each such client there may be: a megabyte of answers and one more, once in the replica and once on its way to the
    socket, what the socket holds, and 256 KiB of requests that were read. That is 5 MiB.
    """
    count = scaled(20, 4)
    session = server.session()
    trees.create(session, "/big", b"x" * 1_000_000)
    before = memory(server)
    body = w.Out().string("/big").bool(False).bytes()
    requests = b"".join(request(w.GET_DATA, body, xid) for xid in range(1, 10_001))
    bad = [server.session(timeout_ms=20000) for _ in range(count)]
    with others(server) as waits:
        for each in bad:
            each.sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.sock.send(requests)
        time.sleep(scaled(10, 3))
    most = memory(server, "VmHWM") - before
    tell(f"{count} clients ask for {count * 10} GB and read nothing: {megabytes(most)}; others waited {waits[-1] * 1000:.0f} ms at most")
    assert most < count * 2 * 5 * MEBIBYTE + 16 * MEBIBYTE
    # Whoever begins to read at last gets what it has asked for, in order.
    bad[0].sock.setblocking(True)
    bad[0].sock.settimeout(30)
    for xid in range(1, 200):
        assert bad[0].read_reply().xid == xid
    for each in bad:
        each.abandon()
    eventually(lambda: memory(server) - before < 64 * MEBIBYTE, 20, "its memory back")


def test_reads_behind_a_write_of_a_client_that_never_reads(server):
    """Their answers fall due all at once. Beyond 64 MiB the client is cut off; twice that is held while it is handed on."""
    before, session = memory(server), server.session()
    trees.create(session, "/big", b"x" * 1_000_000)
    body = w.Out().string("/big").bool(False).bytes()
    requests = request(w.SET_DATA, w.Out().string("/big").buffer(b"y" * 1_000_000).int(-1).bytes(), 1)
    requests += b"".join(request(w.GET_DATA, body, xid) for xid in range(2, 1000))
    bad = server.session(timeout_ms=20000)
    with others(server) as waits:
        with contextlib.suppress(OSError):
            bad.sock.sendall(requests)
        time.sleep(2)
    most = memory(server, "VmHWM") - before
    tell(f"1000 megabytes behind a write: {megabytes(most)}; others waited {waits[-1] * 1000:.0f} ms at most")
    assert most < 2 * 2 * 64 * MEBIBYTE + 16 * MEBIBYTE
    assert server.alive


def test_a_slow_reader(make_server):
    """It watches everything, forever, and reads nothing of what it is told, though it says that it lives.

    Up to 64 MiB of notifications wait for it, besides the few that its socket holds; then it is cut off. Its session is a long one,
    as nobody reads its pings while so much waits.
    """
    server = make_server(maxSessionTimeout=600_000).start().wait_serving()
    promised, before = 64 * MEBIBYTE, memory(server)
    slow = server.session(timeout_ms=600_000)
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert slow.call(w.ADD_WATCH, w.Out().string("/").int(1).bytes()).err == 0
    # A notification has a head of 32 bytes, and the path.
    writer, length, burst = server.session(io_timeout=30), scaled(400, 30_000), scaled(200, 20)
    path = f"/{'n' * length}/{'m' * length}"
    assert trees.create(writer, path[:length + 1]) == path[:length + 1] and trees.create(writer, path) == path
    size, told, set_data = 32 + len(path), 0, w.Out().string(path).buffer(b"").int(-1).bytes()
    with others(server) as waits:
        while f"sid={slow.id:#x}," in server.word("cons", 30):
            assert told * size < 3 * promised, f"not cut off after {told} notifications of {size} bytes"
            writer.sock.sendall(b"".join(request(w.SET_DATA, set_data, told + 1 + each) for each in range(burst)))
            for _ in range(burst):
                told += 1
                assert writer.read_reply().xid == told
            with contextlib.suppress(OSError):
                slow.sock.sendall(request(w.PING, b"", w.XID_PING))
    most = memory(server, "VmHWM") - before
    tell(f"cut off after {told} notifications of {size} bytes, {megabytes(told * size)}, none read: {megabytes(most)}; "
         f"others waited {waits[-1] * 1000:.0f} ms at most")
    assert promised <= told * size < promised + 32 * MEBIBYTE
    assert most < 2 * promised + 32 * MEBIBYTE
    # What is left to read is what sockets held.
    left = 0
    with contextlib.suppress(ConnectionError):
        while piece := slow.sock.recv(MEBIBYTE):
            left += len(piece)
    assert left < 32 * MEBIBYTE


def test_a_flood_of_connections(make_server):
    """Connections that say nothing, or nonsense, or stop in the middle of a handshake; each costs less than a session."""
    server = make_server(**{"nio.sessionlessCnxnTimeout": 3000}).start().wait_serving()
    count = scaled(8_000, 800)
    before = memory(server)
    source = random.Random(5)
    opening = [b"", b"\0\0\0\x2d\0\0\0\0", b"\x16\x03\x01\x02\0\x01", source.randbytes(40), b"GET / HTTP/1.1\r\n\r\n", b"\0\0"]
    flood = []
    try:
        with others(server) as waits:
            for number in range(count):
                flood.append(socket.create_connection((server.host, server.client_port), timeout=30))
                with contextlib.suppress(OSError):
                    flood[-1].sendall(opening[number % len(opening)])
            most = memory(server, "VmHWM") - before
            # All are closed in time, those that say nothing too.
            def closed():
                while flood:
                    flood[-1].settimeout(0.2)
                    with contextlib.suppress(ConnectionError):
                        assert flood[-1].recv(1) == b""
                    flood.pop().close()
                return True
            eventually(closed, 30, "all of the flood closed")
    finally:
        for each in flood:
            each.close()
    tell(f"{count} connections without a session: {megabytes(most)}; others waited {waits[-1] * 1000:.0f} ms at most")
    assert most < count * 2 * 16 * 1024 + 8 * MEBIBYTE


def test_no_descriptor_is_left(make_server):
    """More connections than the system lets the process have: those that are there are served, and new ones once there is room."""
    server = make_server(**{"nio.sessionlessCnxnTimeout": 60000})
    server.prefix = ["prlimit", "--nofile=200"]
    server.start().wait_serving()
    before = memory(server)
    with others(server) as waits:
        flood = [socket.create_connection((server.host, server.client_port), timeout=30) for _ in range(600)]
        used = processor_seconds(server)
        time.sleep(2)
        used = processor_seconds(server) - used
        for each in flood:
            each.close()
        eventually(lambda: trees.create(server.session(io_timeout=5), "/again"), 30, "a new session after the flood")
    tell(f"600 connections with 200 descriptors: {used:.1f} s of processor time in 2 s; others waited {waits[-1] * 1000:.0f} ms at most")
    assert server.alive and memory(server, "VmHWM") - before < 32 * MEBIBYTE


def processor_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_many_clients_that_never_read_what_they_may_have(make_server):
    """Each stays below its own 64 MiB, and all together ask for more than memory is to hold for them.

    512 MiB may wait for clients, and those that have the most go first; 256 MiB more may be on their way there, and all of it
    twice while it is handed on.
    """
    server = make_server(globalOutstandingLimit=100_000).start().wait_serving()
    count = scaled(60, 16)
    session = server.session()
    trees.create(session, "/big", b"x" * 1_000_000)
    before = memory(server)
    body = w.Out().string("/big").bool(False).bytes()
    requests = request(w.SET_DATA, w.Out().string("/big").buffer(b"y" * 1_000_000).int(-1).bytes(), 1)
    requests += b"".join(request(w.GET_DATA, body, xid) for xid in range(2, 52))
    bad = [server.session(timeout_ms=40000) for _ in range(count)]
    with others(server) as waits:
        for each in bad:
            each.sock.settimeout(30)
            with contextlib.suppress(OSError):
                each.sock.sendall(requests)
            time.sleep(0.5)  # what they ask for takes its time, which is not what this is about
        eventually(lambda: "bytes unread" in server.log or "behind one write" in server.log, 60, "somebody cut off")
        time.sleep(2)
    most = memory(server, "VmHWM") - before
    tell(f"{count} clients with 50 MB each: {megabytes(most)}; others waited {waits[-1] * 1000:.0f} ms at most")
    assert most < 2 * (512 + 256) * MEBIBYTE + 64 * MEBIBYTE
    for each in bad:
        each.abandon()
    eventually(lambda: memory(server) - before < 128 * MEBIBYTE, 30, "its memory back")
    assert trees.create(server.session(io_timeout=20), "/after") == "/after"
