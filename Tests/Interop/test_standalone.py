"""What one server does at its edges: limits, four letter words, bytes nobody should send, and its life across restarts."""
import re
import socket
import struct

import pytest

from conformance import zkwire as w
from harness import trees
from harness.waiting import eventually


def test_more_than_jute_maxbuffer_ends_the_connection_and_nothing_else(server):
    session = server.session()
    assert trees.create(session, "/big", b"x" * 1_000_000) == "/big"
    with pytest.raises((w.Disconnected, OSError)):
        trees.create(session, "/bigger", b"x" * 1_100_000)
    other = server.session()
    assert trees.get(other, "/bigger") == -101
    assert len(trees.get(other, "/big")[0]) == 1_000_000


def test_jute_maxbuffer_can_be_set(make_server):
    server = make_server(**{"jute.maxbuffer": 4096})
    if server.kind != "aviary":
        pytest.skip("a system property there, not a key of zoo.cfg")
    server.start().wait_serving()
    with pytest.raises((w.Disconnected, OSError)):
        trees.create(server.session(), "/bigger", b"x" * 5000)
    assert trees.create(server.session(), "/fits", b"x" * 3000) == "/fits"


def test_max_client_connections_of_one_address(make_server):
    server = make_server(maxClientCnxns=3).start()
    eventually(lambda: server.mode() == "standalone", 30)
    sessions = [eventually(server.session, 10) for _ in range(3)]
    with pytest.raises((w.Disconnected, OSError)):
        server.session(io_timeout=5)
    sessions.pop().close()
    sessions.append(eventually(server.session, 10, "a connection after another one has gone"))
    assert trees.create(sessions[-1], "/ok") == "/ok"


def test_timeouts_are_negotiated_within_the_configured_bounds(make_server):
    server = make_server(tickTime=500, minSessionTimeout=1500, maxSessionTimeout=6000).start().wait_serving()
    assert server.session(timeout_ms=100).timeout_ms == 1500
    assert server.session(timeout_ms=4000).timeout_ms == 4000
    assert server.session(timeout_ms=600000).timeout_ms == 6000


def test_a_silent_session_expires_and_its_ephemerals_go(make_server):
    server = make_server(tickTime=200).start().wait_serving()
    silent, other = server.session(timeout_ms=1000), server.session(timeout_ms=4000)
    assert trees.create(silent, "/gone", flags=1) == "/gone"
    silent.abandon()
    eventually(lambda: trees.get(other, "/gone") == -101, 10, "the ephemeral of an expired session going")
    again = server.session(session=(silent.id, silent.passwd))
    assert (again.id, again.timeout_ms) == (0, 0)


def test_a_session_reconnects_with_its_password_only(server):
    first = server.session()
    trees.create(first, "/mine", flags=1)
    thief = server.session(session=(first.id, b"\x01" * 16))
    assert thief.id == 0
    first.abandon()
    again = server.session(session=(first.id, first.passwd))
    assert again.id == first.id and again.passwd == first.passwd
    assert trees.get(again, "/mine")[1].ephemeralOwner == first.id
    again.close()
    assert trees.get(server.session(), "/mine") == -101


def test_unknown_opcodes_are_answered(server):
    session = server.session()
    reply = session.call(42)
    assert reply.err == -6


WORDS = {
    "ruok": r"imok",
    "isro": r"rw",
    "srvr": r"Zookeeper version: \S+.*\nLatency min/avg/max: \d+/\d+\.\d+/\d+\nReceived: \d+\nSent: \d+\nConnections: \d+\n"
            r"Outstanding: \d+\nZxid: 0x[0-9a-f]+\nMode: standalone\nNode count: \d+\n",
    "stat": r"Zookeeper version: .*\nClients:\n( /127\.0\.0\.1:\d+\[[01]\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\nLatency.*",
    "cons": r"( /127\.0\.0\.1:\d+\[[01]\]\(queued=\d+,recved=\d+,sent=\d+(,sid=0x[0-9a-f]+,lop=[A-Z0-9]+,est=\d+,to=\d+,"
            r"(lcxid=0x[0-9a-f]+,)?lzxid=0x[0-9a-f]+,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+)?\)\n)+\n",
    "conf": r"clientPort=\d+\nsecureClientPort=-1\ndataDir=/.*/version-2\ndataDirSize=\d+\ndataLogDir=/.*/version-2\n"
            r"dataLogSize=\d+\ntickTime=2000\nmaxClientCnxns=0\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n"
            r"clientPortListenBacklog=-1\nserverId=0\n",
    "envi": r"Environment:\nzookeeper\.version=.*\nhost\.name=.*",
    "mntr": r"(zk_[^\t\n]+\t[^\n]*\n)+",
    "dirs": r"datadir_size: \d+\nlogdir_size: \d+\n",
    "hash": r"",
    "gtmk": r"306",
    "stmk": r"",
    "dump": r"SessionTracker dump:\nSession Sets \(\d+\)/\(\d+\):\n.*ephemeral nodes dump:\nSessions with Ephemerals \(1\):\n"
            r"0x[0-9a-f]+:\n\t/words-e\nConnections dump:\nConnections Sets \(\d+\)/\(\d+\):\n.*",
    "wchs": r"1 connections watching 1 paths\nTotal watches:1\n",
    "wchc": r"0x[0-9a-f]+\n\t/words\n\n",
    "wchp": r"/words\n\t0x[0-9a-f]+\n\n",
    "crst": r"Connection stats reset\.\n",
    "srst": r"Server stats reset\.\n",
}


@pytest.mark.parametrize("word", WORDS)
def test_four_letter_words_have_their_shape(server, word):
    session = server.session()
    trees.create(session, "/words")
    trees.create(session, "/words-e", flags=1)
    session.call(w.GET_DATA, w.Out().string("/words").bool(True).bytes())
    said = server.word(word)
    assert re.fullmatch(WORDS[word], said, re.DOTALL), said


def test_mntr_has_what_dashboards_read(server):
    values = dict(line.split("\t", 1) for line in server.word("mntr").splitlines())
    for key in ("version", "server_state", "avg_latency", "max_latency", "min_latency", "packets_received", "packets_sent",
                "num_alive_connections", "outstanding_requests", "znode_count", "watch_count", "ephemerals_count",
                "approximate_data_size", "open_file_descriptor_count", "max_file_descriptor_count"):
        assert "zk_" + key in values, f"zk_{key} is missing"
    assert values["zk_server_state"] == "standalone"


def test_digests_and_the_mask_of_traces_are_said_as_by_apache_zookeeper(make_server, under_test):
    said = []
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"{kind}-{len(said)}").start().wait_serving()
        session = server.session()
        for number in range(260):
            trees.create(session, f"/h{number}")
        words = [server.word(each) for each in ("gtmk", "stmk\0\0\0\0\0\0\0\7", "gtmk", "stmk", "stmk\0\0\0")]
        lines = server.word("hash").splitlines()
        # The digests contain the time.
        assert all(re.fullmatch(r"[0-9a-f]+: -?\d+", line) for line in lines), lines
        said.append((words, [line.split(":")[0] for line in lines]))
    assert said[0] == said[1]
    assert said[0] == (["306", "7", "7", "", ""], ["80", "100"])


@pytest.mark.ours
def test_no_data_is_begun_anew_where_the_environment_forbids_it(make_server, tmp_path):
    server = make_server(dataDir=tmp_path / "gone" / "data")
    server.environment = {"ZOO_DATADIR_AUTOCREATE_DISABLE": "1", "JVMFLAGS": "-Xmx1g -Dzookeeper.foo=1", "JMXPORT": "9"}
    server.start()
    assert server.process.wait(20) == 3
    assert "datadir.autocreate" in server.log and not (tmp_path / "gone").exists()
    assert server.log.count("accepted without effect") == 1 and ": -Xmx1g, JMXPORT\n" in server.log
    assert "-Dzookeeper.foo: warning: unknown key foo\n" in server.log


def test_words_outside_the_whitelist_are_refused(make_server):
    server = make_server(**{"4lw.commands.whitelist": "srvr,ruok"}).start().wait_serving()
    assert server.word("ruok") == "imok"
    assert server.word("mntr") == "mntr is not executed because it is not in the whitelist.\n"


GARBAGE = [b"\x00", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x00", b"\x00\x00\x00\x04abcd",
           b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", bytes(range(256)) * 16,
           struct.pack(">i", 44) + b"\xff" * 44, struct.pack(">iiqiqi", 44, 0, 0, 1000, 0, -7) + b"\0" * 16,
           struct.pack(">iiqiqi", 28, 0, 0, 30000, 0, 0x7fffffff), b"\xff\xf4\xff\xfd\x06"]


def shout(host, port, data):
    """Sends bytes to a port and reads until the other side closes or keeps quiet for a while."""
    try:
        with socket.create_connection((host, port), timeout=5) as s:
            s.settimeout(0.3)
            s.sendall(data)
            while s.recv(4096):
                pass
    except OSError:
        pass


def test_garbage_on_the_client_port_hurts_nobody(server):
    session = server.session()
    for data in GARBAGE:
        shout(server.host, server.client_port, data)
    for size in (1, 3, 8, 20):
        hurt = server.session()
        hurt.send_frame(b"\xff" * size)
        hurt.abandon()
    for opcode in (1, 2, 5, 14, 15, 7, 101, 105, 100, 106, 103):
        hurt = server.session()
        try:
            hurt.call(opcode, b"\xff" * 7)
        except (w.Disconnected, OSError, AssertionError):
            pass
    assert trees.create(session, "/still-there") == "/still-there"
    assert server.alive


TTL_IN_MULTI = w.Out().int(w.CREATE_TTL).bool(False).int(-1).string("/k").buffer(b"").acl(w.OPEN_ACL).int(5).long(-5) \
    .int(-1).bool(True).int(-1).bytes()
NEGATIVE_TTL = w.Out().string("/k").buffer(b"").acl(w.OPEN_ACL).int(0).long(-1).bytes()


@pytest.mark.ours
@pytest.mark.parametrize("opcode,body", [(w.MULTI, TTL_IN_MULTI), (w.CREATE_TTL, NEGATIVE_TTL)], ids=["multi", "mode"])
def test_a_ttl_that_ends_apache_zookeeper_does_not_end_ours(server, opcode, body):
    session = server.session()
    try:
        session.call(opcode, body)
    except w.Disconnected:
        session = server.session()
    assert trees.create(session, "/after") == "/after"
    server.restart()
    server.wait_serving()
    assert trees.get(server.session(), "/after")[0] == b""


@pytest.mark.ours
def test_other_data_in_a_quota_node_does_not_end_ours(server):
    session = server.session()
    trees.create(session, "/q")
    trees.create(session, "/zookeeper/quota/q")
    trees.create(session, "/zookeeper/quota/q/zookeeper_limits", b"this is no quota")
    trees.create(session, "/zookeeper/quota/q/zookeeper_stats", b"\xff\x00")
    trees.create(session, "/zookeeper/quota/zookeeper_limits", b"count=1")
    assert trees.create(session, "/q/child", b"x") == "/q/child"
    server.restart()
    server.wait_serving()
    assert trees.get(server.session(), "/q/child")[0] == b"x"


def test_all_is_there_after_a_restart_and_after_kill_9(server):
    session = server.session()
    for i in range(50):
        trees.create(session, f"/n{i}", b"v%d" % i)
    trees.create(session, "/n1/seq-", flags=2)
    for how in (server.stop, server.kill):
        before = trees.dump(server)
        how()
        server.start().wait_serving()
        assert trees.difference(before, trees.dump(server)) == {}
    assert trees.create(server.session(), "/n1/seq-", flags=2) == "/n1/seq-0000000001"


def test_a_torn_tail_costs_the_torn_record_alone(server):
    session = server.session()
    for i in range(20):
        trees.create(session, f"/n{i}", b"v" * 100)
    server.kill()
    log = max((server.data / "version-2").glob("log.*"), key=lambda path: int(path.name.split(".")[1], 16))
    data = log.read_bytes()
    last = data.rindex(b"/n19")
    log.write_bytes(data[:last + 20])
    server.start().wait_serving()
    session = server.session()
    assert trees.get(session, "/n18")[0] == b"v" * 100
    assert trees.get(session, "/n19") == -101
    assert trees.create(session, "/n19") == "/n19"


def test_snapshots_are_taken_while_serving_and_purged_at_start(make_server):
    server = make_server(snapCount=20, **{"autopurge.snapRetainCount": 3, "autopurge.purgeInterval": 1}).start().wait_serving()

    def snapshots():
        return [p for p in (server.data / "version-2").glob("snapshot.*") if ".tmp" not in p.name]
    written = 0
    while len(snapshots()) < 6 and written < 5000:
        session = server.session()
        for _ in range(25):
            trees.create(session, "/n-", b"x", flags=2)
        written += 25
        session.close()
    before = trees.dump(server)
    assert len(before) == written + 2
    assert len(snapshots()) >= 6
    server.restart()
    server.wait_serving()
    eventually(lambda: len(snapshots()) <= 4, 20, "autopurge leaving the newest snapshots")
    assert trees.difference(before, trees.dump(server)) == {}
    server.restart()
    server.wait_serving()
    assert trees.difference(before, trees.dump(server)) == {}
