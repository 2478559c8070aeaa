"""The proxies by which the torture program cuts networks where it may have no namespaces: what is cut is cut, nothing is lost by it."""
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from conformance import zkwire as w
from harness.waiting import eventually

TORTURE = pathlib.Path(__file__).resolve().parents[1] / "Torture"
sys.path.insert(0, str(TORTURE))

import proxies  # noqa: E402
from world import World  # noqa: E402

REFUSED = proxies.refused()
pytestmark = [pytest.mark.ours, pytest.mark.budget(90), pytest.mark.skipif(bool(REFUSED), reason=f"no network of proxies here: {REFUSED}")]
SILENCE = 0.3


@pytest.fixture
def network():
    """Three places; whoever wants to listen there does."""
    found = proxies.Proxies(3)
    yield found
    found.close()


@pytest.fixture
def listener(network):
    """Place 2 listens for followers."""
    with socket.create_server((network.host(2), network.quorum)) as found:
        found.settimeout(5)
        yield found


def call(network, sender, receiver, port=None):
    return socket.create_connection((network.way(sender, receiver), port or network.quorum), timeout=5)


def exactly(connection, size):
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        assert piece, f"the end after {len(found)} bytes"
        found += piece
    return found


def silent(connection):
    connection.settimeout(SILENCE)
    try:
        return connection.recv(1) is None
    except TimeoutError:
        return True
    finally:
        connection.settimeout(5)


def test_a_cut_direction_holds_its_bytes_and_the_other_goes_on(network, listener):
    near = call(network, 1, 2)
    far, _ = listener.accept()
    far.settimeout(5)
    near.sendall(b"before")
    assert exactly(far, 6) == b"before"
    network.cut(1, 2)
    near.sendall(b"x" * 100_000)
    far.sendall(b"answer")
    assert exactly(near, 6) == b"answer"
    assert silent(far)
    near.close()
    assert silent(far), "an end that is held, too"
    network.mend()
    assert exactly(far, 100_000) == b"x" * 100_000
    assert far.recv(1) == b""


def test_a_new_connection_waits_for_the_network(network, listener):
    network.cut(1, 2)
    near, given_up, other = call(network, 1, 2), call(network, 1, 2), call(network, 3, 2)
    listener.accept()[0].close()  # of 3, which nothing keeps from 2
    assert other.recv(1) == b""
    near.sendall(b"held")
    given_up.close()
    listener.settimeout(SILENCE)
    with pytest.raises(TimeoutError):
        listener.accept()
    network.mend()
    listener.settimeout(5)
    assert exactly(listener.accept()[0], 4) == b"held"
    listener.settimeout(SILENCE)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_who_calls_nobody_hears_so(network):
    for sender, port in ((1, network.election), (proxies.CLIENTS, network.client), (1, network.quorum)):
        with pytest.raises(ConnectionResetError):
            call(network, sender, 2, port).recv(1)


def test_a_leader_that_listens_a_moment_later_is_found(network):
    near = call(network, 1, 2)
    near.sendall(b"x")
    assert silent(near)
    with socket.create_server((network.host(2), network.quorum)) as listener:
        assert exactly(listener.accept()[0], 1) == b"x"


def test_slow_is_slow(network, listener):
    near = call(network, 1, 2)
    far, _ = listener.accept()
    network.slow(1, 0, 800)  # 100,000 bytes in a second
    began = time.monotonic()
    near.sendall(b"x" * 40_000)
    exactly(far, 40_000)
    assert 0.3 < time.monotonic() - began < 3


def test_late_is_what_becomes_of_loss(network, listener):
    near = call(network, 1, 2)
    far, _ = listener.accept()
    network.slow(2, 1, 100_000)
    began = time.monotonic()
    near.sendall(b"x")
    exactly(far, 1)
    assert time.monotonic() - began >= proxies.LATE


def test_a_call_for_an_election_tells_the_way_back_through_a_proxy(network):
    with socket.create_server((network.host(2), network.election)) as listener:
        near = call(network, 1, 2, network.election)
        address = f"{network.host(1)}:{network.election}".encode()
        near.sendall(struct.pack(">qqi", -65536, 1, len(address)) + address + b"votes")
        back = f"{network.way(2, 1)}:{network.election}".encode()
        assert exactly(listener.accept()[0], 20 + len(back) + 5) == struct.pack(">qqi", -65536, 1, len(back)) + back + b"votes"


def test_a_leader_without_the_others_acknowledges_nothing(network, tmp_path):
    world = World(tmp_path, ["aviary"] * 3, False, {}, network)
    try:
        for server in world:
            server.start()
        world.wait_ready()
        leader = world.leader()
        others = [number for number in world.servers if number != leader]
        session = w.Session(network.door(leader), network.client, timeout_ms=20000, io_timeout=4)
        assert session.call(w.SET_DATA, w.Out().string("/").buffer(b"1").int(-1).bytes()).err == 0
        for other in others:
            network.cut(leader, other)
            network.cut(other, leader)
        session.send(w.SET_DATA, w.Out().string("/").buffer(b"2").int(-1).bytes())
        eventually(lambda: any(world.writes(number) for number in others), 30, "a write without the leader that was")
        with pytest.raises((OSError, EOFError, w.Disconnected)):
            assert session.read_reply().err != 0
            raise EOFError  # Refused is as good as not answered.
        world.mend_network()
        world.wait_ready()
        network.cut(proxies.CLIENTS, leader)
        with pytest.raises((OSError, EOFError, w.Disconnected)):
            w.Session(network.door(leader), network.client, io_timeout=1)
    finally:
        world.close()


def test_nothing_is_left_of_a_run_that_is_killed(tmp_path):
    run = subprocess.Popen([sys.executable, str(TORTURE / "torture.py"), "--no-namespaces", "--kinds", "aviary", "--seconds", "30",
                            "--folder", str(tmp_path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: list(tmp_path.glob("*/history-0.jsonl")), 40, "clients of a run")
        assert len(processes(tmp_path)) > 4
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    eventually(lambda: not processes(tmp_path), 10, "all of them ending")


def processes(folder):
    """Who has the folder in its command line."""
    found = []
    for each in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(folder) in each.read_bytes():
                found.append(each.parent.name)
        except OSError:
            continue
    return found
