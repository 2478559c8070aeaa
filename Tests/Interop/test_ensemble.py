"""Ensembles of one kind: the leader lost, the quorum lost, sessions that move, clients that die, noise on every port."""
import signal

import pytest

from conformance import zkwire as w
from harness import clients, places, trees
from harness.waiting import eventually
from test_mixed import assert_equal, write
from test_standalone import GARBAGE, shout

pytestmark = pytest.mark.budget(120)


def test_a_write_on_one_server_is_read_from_the_others(ensemble):
    write(ensemble[1], "/from-one", 5)
    for server in ensemble:
        session = server.session()
        trees.sync(session)
        assert trees.get(session, "/from-one-4")[0] == b"4" * 20
        session.close()
    assert sorted(s.mode() for s in ensemble) == ["follower", "follower", "leader"]


@pytest.mark.parametrize("count", [3, 5])
def test_a_minority_may_die_and_no_more(make_ensemble, count):
    ensemble = make_ensemble(count).start().wait_ready()
    write(ensemble[1], "/before", 10)
    minority = count // 2
    for each in [ensemble.leader(), *ensemble.followers()][:minority]:
        each.kill()
    eventually(ensemble.ready, 40, "the majority serving")
    write(ensemble.running[0], "/between", 10)
    last = ensemble.leader()
    victim = ensemble.followers()[0]
    victim.kill()
    eventually(lambda: last.mode() is None, 30, "the leader without a quorum serving nobody")
    assert all(s.mode() is None for s in ensemble.running)
    victim.start()
    eventually(ensemble.ready, 40, "the majority serving again")
    for each in ensemble:
        if not each.alive:
            each.process = None
            each.start()
    ensemble.wait_ready()
    tree = assert_equal(ensemble)
    assert all(f"/{when}-{i}" in tree for when in ("before", "between") for i in range(10))


def test_a_paused_leader_is_replaced_and_steps_down(ensemble):
    old = ensemble.leader()
    write(old, "/before", 5)
    others = [s for s in ensemble if s is not old]
    old.pause()
    eventually(lambda: sorted(str(s.mode()) for s in others) == ["follower", "leader"], 40, "the others agreeing")
    write(others[0], "/without-it", 5)
    old.resume()
    eventually(lambda: old.mode() == "follower", 40, "the old leader following")
    tree = assert_equal(ensemble)
    assert "/without-it-4" in tree


def test_all_is_there_after_every_server_was_killed(ensemble):
    write(ensemble[2], "/w", 50)
    before = assert_equal(ensemble)
    for _ in range(3):
        ensemble.kill()
        ensemble.start().wait_ready()
        for server in ensemble:
            assert trees.difference(before, trees.dump(server)) == {}


@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_server_that_comes_late_joins(ensemble, late):
    write(ensemble[1], "/w", 5)
    ensemble.stop()
    ensemble.start(*[s.identity for s in ensemble if s.identity != late])
    eventually(ensemble.ready, 40, "two of three serving")
    ensemble[late].start()
    ensemble.wait_ready()
    write(ensemble[late], "/late", 5)
    assert_equal(ensemble)


def test_kazoo_moves_to_a_living_server_with_its_session_and_ephemerals(ensemble, kazoo):
    zk, other = kazoo(ensemble.addresses, timeout=15), kazoo(ensemble.addresses, timeout=15)
    zk.create("/mine", b"x", ephemeral=True)
    session = zk.client_id[0]
    for _ in range(3):
        host, port = zk._connection._socket.getpeername()[:2]
        server = next(s for s in ensemble if s.client_port == port)
        server.kill()
        eventually(lambda: zk.retry(zk.exists, "/mine"), 40, "kazoo on another server")
        assert zk.client_id[0] == session
        assert other.retry(other.exists, "/mine").owner_session_id == session
        server.start()
        ensemble.wait_ready()
    zk.stop()
    eventually(lambda: other.retry(other.exists, "/mine") is None, 20, "the ephemeral of a closed session going")


def test_the_c_library_writes_on_while_leaders_die(ensemble):
    session = ensemble[1].session()
    trees.create(session, "/c")
    session.close()
    with clients.c_client_held(ensemble.addresses, "write", "/c", "3000") as writer:
        acknowledged = [writer.stdout.readline().strip()]
        victim = ensemble.leader()
        victim.kill()
        eventually(ensemble.ready, 40, "the others agreeing on a leader")
        acknowledged += [line.strip() for line in writer.stdout if line.startswith("/c/")]
        assert writer.wait(60) == 0
    victim.start()
    ensemble.wait_ready()
    for server in ensemble:
        session = server.session()
        trees.sync(session)
        there = {f"/c/{name}" for name in trees.children(session, "/c")}
        assert len(acknowledged) == 3000 and not set(acknowledged) - there


def test_a_killed_client_loses_its_ephemerals_when_its_session_ends(ensemble):
    with clients.c_client_held(ensemble.addresses, "hold", "/held") as holder:
        assert holder.stdout.readline().startswith("held 0x")
        session = ensemble.leader().session()
        trees.sync(session)
        assert trees.get(session, "/held")[0] == b"held"
        holder.send_signal(signal.SIGKILL)

        def gone():
            trees.sync(session)
            return trees.get(session, "/held") == -101
        eventually(gone, 30, "the ephemeral of a killed client going")


def test_a_session_moves_and_the_old_connection_is_told(ensemble):
    first = ensemble[1].session()
    trees.create(first, "/moving", flags=1)
    second = ensemble[2].session(session=(first.id, first.passwd))
    assert second.id == first.id
    trees.sync(second)
    assert trees.get(second, "/moving")[1].ephemeralOwner == first.id
    try:
        reply = first.call(w.SET_DATA, w.Out().string("/moving").buffer(b"no").int(-1).bytes())
        assert reply.err == -118
    except (w.Disconnected, OSError):
        pass
    assert trees.get(second, "/moving")[0] == b""
    second.close()


def test_garbage_on_every_port_hurts_nobody(make_ensemble):
    for_observers = places.free_port()
    # The port for observers is the same everywhere.
    hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    ensemble = make_ensemble(3, config={"observerMasterPort": for_observers}, hosts=hosts).start().wait_ready()
    ends = [(host, int(port)) for line, host in zip(ensemble.members, hosts) for port in line.split(":")[1:3]]
    ends += [("127.0.0.1", s.client_port) for s in ensemble] + [(hosts[s.identity - 1], for_observers) for s in ensemble.followers()]
    session = ensemble[1].session()
    # An observer as it should be, and what it should not say.
    known = w.Out().int(16).long(0).buffer((9).to_bytes(8, "big") + b"\0\1\0\0" + bytes(8)).int(-1).bytes()
    promise = w.Out().int(18).long(0).buffer(bytes(4)).int(-1).bytes()
    for host, port in ends:
        for data in GARBAGE + [b"\xff" * 64, (-65536).to_bytes(8, "big", signed=True) + b"\x7f" * 20,
                               (-65536).to_bytes(8, "big", signed=True) + bytes(7) + b"\x01" + b"\x7f\xff\xff\xff",
                               bytes(7) + b"\x02" + b"\x00\x00\x00\x28" + b"\xff" * 40, b"\x00\x00\x00\x0b" + b"\xff" * 40,
                               known + b"\xff" * 30, known + promise + b"\xff" * 30]:
            shout(host, port, data)
    assert all(s.alive for s in ensemble)
    assert trees.create(session, "/still-there") == "/still-there"
    ensemble.wait_ready()
    assert_equal(ensemble)


def test_four_letter_words_of_an_ensemble(ensemble):
    leader, follower = ensemble.leader(), ensemble.followers()[0]
    said = leader.word("srvr")
    assert "Mode: leader" in said and "Proposal sizes last/min/max: " in said
    values = dict(line.split("\t", 1) for line in leader.word("mntr").splitlines())
    assert values["zk_server_state"] == "leader"
    assert (values["zk_synced_followers"], values["zk_learners"]) == ("2", "2")
    assert "zk_synced_followers" not in follower.word("mntr")
    said = follower.word("conf")
    for line in ("initLimit=10", "syncLimit=5", "electionAlg=3", "peerType=0", "membership: ", *ensemble.members):
        assert line in said
