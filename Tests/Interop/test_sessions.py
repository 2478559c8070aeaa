"""Sessions of special kinds: those that one server alone knows, and those of readers while there is no quorum."""
import pytest

from conformance import zkwire as w
from harness import trees
from harness.waiting import eventually

LOCAL = {"localSessionsEnabled": "true"}
UPGRADED = {**LOCAL, "localSessionsUpgradingEnabled": "true"}
READ_ONLY = "readonlymode.enabled=true"


def counts(server):
    figures = dict(line.split("\t") for line in server.word("mntr").splitlines() if "_sessions\t" in line)
    return int(figures["zk_global_sessions"]), int(figures["zk_local_sessions"])


def multi(*creates):
    body = w.Out()
    for path, flags in creates:
        body.int(w.CREATE).bool(False).int(-1).string(path).buffer(b"").acl(w.OPEN_ACL).int(flags)
    return body.int(-1).bool(True).int(-1).bytes()


@pytest.mark.parametrize("by", ["leader", "follower", "observer"])
def test_a_local_session_costs_the_ensemble_nothing_until_it_owns_something(make_ensemble, by):
    ensemble = make_ensemble(4 if by == "observer" else 3, config=UPGRADED, observers=(4,)).start().wait_ready()
    server = {"leader": ensemble.leader, "follower": lambda: ensemble.followers()[0], "observer": lambda: ensemble[4]}[by]()
    other = next(s for s in ensemble.followers() if s is not server)
    before = server.zxid()
    session = server.session()
    assert counts(server) == (0, 1) and server.zxid() == before
    assert trees.create(session, "/a") == "/a"
    moved = other.session(session=(session.id, session.passwd))
    assert moved.timeout_ms == 0  # nobody else knows it
    assert trees.create(session, "/own", flags=1) == "/own"
    assert counts(server) == (1, 0)
    assert trees.get(session, "/own")[1].ephemeralOwner == session.id
    session.abandon()
    moved = other.session(session=(session.id, session.passwd))
    assert moved.id == session.id
    moved.close()
    assert eventually(lambda: counts(server) == (0, 0))
    again = server.session()
    assert again.call(w.MULTI, multi(("/b", 0), ("/c", 3))).err == 0 and counts(server) == (1, 0)


def test_without_upgrading_a_local_session_owns_nothing(make_ensemble):
    ensemble = make_ensemble(3, config=LOCAL).start().wait_ready()
    for server in ensemble:
        session = server.session()
        assert trees.create(session, f"/{server.identity}") == f"/{server.identity}"
        zxid = session.call(w.SYNC, w.Out().string("/").bytes()).zxid
        refused = session.call(w.CREATE, w.Out().string("/own").buffer(b"").acl(w.OPEN_ACL).int(1).bytes())
        assert (refused.err, refused.zxid) == (-120, zxid + 1)
        results = w.In(session.call(w.MULTI, multi(("/b", 0), ("/c", 1))).body)
        assert [(results.int(), results.bool(), results.int(), results.int()) for _ in range(2)][1][2] in (-112, -120)
        closed = session.call(w.CLOSE_SESSION)
        assert (closed.err, closed.zxid) == (0, zxid + 2)  # the two that were refused


def test_a_local_session_expires_where_it_is_known(make_ensemble):
    server = make_ensemble(3, config={**LOCAL, "tickTime": 500}).start().wait_ready().followers()[0]
    session = server.session(timeout_ms=1000)
    assert session.timeout_ms == 1000 and counts(server)[1] == 1
    session.abandon()
    assert eventually(lambda: counts(server)[1] == 0, 10)
    assert server.session(session=(session.id, session.passwd)).timeout_ms == 0


def readers_session(server):
    return eventually(lambda: server.session(read_only=True), 30, f"{server} serving readers")


@pytest.mark.budget(150)
def test_without_a_quorum_readers_are_served(make_ensemble):
    ensemble = make_ensemble(3, config=LOCAL)
    for each in ensemble:
        each.properties = [READ_ONLY]
    ensemble.start().wait_ready()
    server, leader = ensemble.followers()[0], ensemble.leader()
    session = server.session(read_only=True)
    assert session.read_only is False and server.word("isro") == "rw"
    assert trees.create(session, "/a", b"1") == "/a"
    for each in ensemble:
        if each is not server:
            each.kill()
    reader = readers_session(server)
    assert reader.read_only is True and reader.timeout_ms > 0
    with pytest.raises(w.Disconnected):
        server.session()
    assert server.word("isro") == "ro" and server.mode() == "read-only"
    assert "READ-ONLY mode; serving only read-only clients" in server.word("srvr")
    assert trees.get(reader, "/a")[0] == b"1"
    assert reader.call(w.EXISTS, w.Out().string("/b").bool(True).bytes()).err == -101
    applied = reader.call(w.PING, b"", w.XID_PING).zxid
    for opcode in (w.CREATE, w.CREATE2, w.CREATE_CONTAINER, w.CREATE_TTL, w.DELETE, w.SET_DATA, w.SET_ACL, w.MULTI, w.RECONFIG):
        reply = reader.call(opcode, b"")
        assert (reply.err, reply.zxid) == (-119, applied), opcode
    leader.start()
    with pytest.raises(w.Disconnected):
        reader.read_reply()  # there is a quorum again
    assert eventually(lambda: server.word("isro") == "rw", 30)
    assert trees.create(eventually(server.session, 20), "/b") == "/b"


@pytest.mark.ours
def test_readers_need_no_local_sessions(make_ensemble):
    """Apache ZooKeeper answers them with something that is no handshake."""
    ensemble = make_ensemble(3)
    for each in ensemble:
        each.properties = [READ_ONLY]
    ensemble[1].start()
    reader = readers_session(ensemble[1])
    assert reader.read_only is True and trees.children(reader, "/") == ["zookeeper"]
    assert reader.call(w.CLOSE_SESSION).err == 0
