"""What becomes of clients that are too many, too silent, or ask for too much at once."""
import re
import socket
import time

import pytest

from conformance import zkwire as w
from harness import trees


def opened(server, count):
    """Which of so many handshakes, one after the other, got a session."""
    sessions = []
    for _ in range(count):
        try:
            sessions.append(server.session(io_timeout=5))
        except (w.Disconnected, OSError):
            sessions.append(None)
    for each in sessions:
        if each is not None:
            each.abandon()
    return [each is not None for each in sessions]


@pytest.mark.parametrize("limit", [{"maxClientCnxns": 3}, {"maxCnxns": 3},
                                   {"connection_throttle_tokens": 3, "connection_throttle_fill_time": 1000000}],
                         ids=lambda config: next(iter(config)))
def test_handshakes_beyond_the_limit_are_cut(make_server, limit):
    server = make_server(**limit).start().wait_serving(session=False)
    assert opened(server, 6) == [True] * 3 + [False] * 3
    assert server.alive


def test_tokens_for_handshakes_come_back(make_server):
    server = make_server(connection_throttle_tokens=2, connection_throttle_fill_time=500).start().wait_serving(session=False)
    assert opened(server, 4) == [True, True, False, False]
    time.sleep(1.2)
    assert opened(server, 1) == [True]


def test_silent_connections_are_closed(make_server):
    server = make_server(**{"nio.sessionlessCnxnTimeout": 1000}).start().wait_serving(session=False)
    with socket.create_connection((server.host, server.client_port)) as probe:
        probe.settimeout(10)
        began = time.monotonic()
        assert probe.recv(1) == b""
        assert 0.9 < time.monotonic() - began < 5
    session = server.session(timeout_ms=4000)
    session.sock.settimeout(20)
    with pytest.raises(w.Disconnected):
        session.read_reply()


def test_large_requests_beyond_the_limit_end_their_connection(make_server):
    server = make_server(largeRequestThreshold=100, largeRequestMaxBytes=1000).start().wait_serving()
    session = server.session()
    assert trees.create(session, "/a", b"a" * 800) == "/a"
    with pytest.raises(w.Disconnected):
        trees.create(session, "/b", b"b" * 1200)
    assert trees.create(server.session(), "/c", b"c" * 800) == "/c"


@pytest.mark.parametrize("limit", [{"request_throttle_max_requests": 3}, {"globalOutstandingLimit": 3}],
                         ids=lambda config: next(iter(config)))
def test_requests_beyond_the_limit_wait_and_are_answered_in_order(make_server, limit):
    server = make_server(**limit).start().wait_serving()
    sessions = [server.session() for _ in range(3)]
    for number in range(150):
        for place, session in enumerate(sessions):
            session.send(w.CREATE, w.Out().string(f"/{place}-{number}").buffer(b"").acl(w.OPEN_ACL).int(0).bytes())
    for session in sessions:
        replies = [session.read_reply() for _ in range(150)]
        assert [reply.xid for reply in replies] == list(range(1, 151)) and not any(reply.err for reply in replies)


def test_a_request_that_was_held_back_for_too_long_is_refused(make_server, under_test):
    properties = ["zookeeper.request_throttle_max_requests=1", "zookeeper.throttled_op_wait_time=1", "zookeeper.request_throttle_stall_time=20"]
    for place, kind in enumerate((under_test, "apache")):
        server = make_server(kind, folder=f"{kind}-{place}", properties=properties).start().wait_serving()
        session = server.session()
        for number in range(300):
            session.send(w.CREATE, w.Out().string(f"/{number}").buffer(b"").acl(w.OPEN_ACL).int(0).bytes())
        errors = [session.read_reply().err for _ in range(300)]
        assert set(errors) == {0, -127}, kind
        assert len(trees.children(server.session(), "/")) - 1 == errors.count(0), kind


@pytest.mark.parametrize("buffer", [None, 4096])
def test_a_request_may_be_as_large_as_the_limit_and_an_answer_larger(make_server, under_test, buffer):
    seen = []
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"{kind}-{len(seen)}", properties=[f"jute.maxbuffer={buffer}"] if buffer else []).start().wait_serving()
        limit, said = buffer or 1_048_575, []
        for number, size in enumerate((limit - 1, limit, limit + 1)):
            session = server.session()
            empty = len(w.Out().string(f"/{number}").buffer(b"").acl(w.OPEN_ACL).int(0).bytes()) + 8
            try:
                said.append(trees.create(session, f"/{number}", b"x" * (size - empty)))
            except (w.Disconnected, OSError):
                said.append(None)
        session = server.session()
        for number in range(2):
            said.append(len(trees.get(session, f"/{number}")[0] if isinstance(said[number], str) else b""))
        seen.append(said)
        assert server.alive
    assert seen[0] == seen[1]
    # The stat of an answer makes it larger than the request that wrote the data.
    assert seen[0][1:3] == ["/1", None] and seen[0][4] + 88 > limit


@pytest.mark.ours
def test_a_long_answer_comes_whole_also_to_who_reads_slowly(make_server, kazoo):
    """It is many times what the sockets hold, and the server closes behind it."""
    server = make_server(**{"4lw.commands.whitelist": "*"}).start().wait_serving()
    client = kazoo(server.address)
    paths = [f"/{number}-{'x' * 120}" for number in range(60_000)]
    for start in range(0, len(paths), 5000):
        asked = [client.exists_async(path, watch=print) for path in paths[start:start + 5000]]
        for each in asked:
            each.get(30)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", server.client_port))
        slow.settimeout(20)
        slow.sendall(b"wchp")
        time.sleep(1)
        answer = b""
        while chunk := slow.recv(1 << 20):
            answer += chunk
    assert len([line for line in answer.splitlines() if line.startswith(b"/")]) == len(paths)


# -- small requests that ask for a lot

def prove(session, number):
    return trees.authenticate(session, "digest", b"user%d:secret" % number)


@pytest.mark.ours
def test_an_acl_that_grows_beyond_all_bounds_is_refused(make_server):
    """`auth` stands for all that a client has proved, and what is acknowledged must be readable from a snapshot."""
    server = make_server(snapCount=10).start().wait_serving()
    session = server.session()
    assert [prove(session, number) for number in range(10)] == [0] * 10

    def own(count):
        return [(permissions, "auth", "") for permissions in range(1, count + 1)]
    assert trees.create(session, "/a", acl=own(7000)) == -114
    assert trees.create(session, "/a", acl=own(101)) == -114
    assert trees.create(session, "/a", acl=own(100)) == "/a"
    for number in range(30):
        assert trees.create(session, f"/{number}") == f"/{number}"
    server.restart().wait_serving()
    session = server.session()
    assert prove(session, 0) == 0
    assert len(trees.acl(session, "/a")) == 1000


@pytest.mark.ours
def test_a_client_proves_so_much_and_no_more(make_ensemble):
    ensemble = make_ensemble(3).start().wait_ready()
    follower = ensemble.followers()[0]
    session = follower.session()
    assert [prove(session, number) for number in range(99)] == [0] * 99
    # The follower's requests carry all of it, and the leader takes them.
    assert trees.create(session, "/a") == "/a"
    other = follower.session()
    assert prove(session, 99) == -115
    with pytest.raises(w.Disconnected):
        session.read_reply()
    assert trees.create(other, "/b") == "/b"


def resident_megabytes(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmRSS"))


@pytest.mark.ours
def test_answers_wait_for_whoever_asks_and_does_not_read(make_server):
    """A few kilobytes of requests are 400 MB of answers: they leave as they are read, in their order."""
    server = make_server().start().wait_serving()
    session = server.session(io_timeout=60)
    assert trees.create(session, "/big", b"x" * 1_000_000) == "/big"
    before = resident_megabytes(server)
    for _ in range(400):
        session.send(w.GET_DATA, w.Out().string("/big").bool(False).bytes())
    time.sleep(2)
    assert resident_megabytes(server) < before + 64
    assert trees.create(server.session(), "/other") == "/other"
    for number in range(400):
        reply = session.read_reply()
        assert (reply.xid, reply.err, len(w.In(reply.body).buffer())) == (2 + number, 0, 1_000_000)
    assert session.call(w.EXISTS, w.Out().string("/big").bool(False).bytes()).err == 0


@pytest.mark.ours
def test_an_answer_to_a_multi_read_has_an_end(make_server):
    server = make_server().start().wait_serving()
    session = server.session()
    assert trees.create(session, "/big", b"x" * 1_000_000) == "/big"

    def read(count):
        body = w.Out()
        for _ in range(count):
            body.int(w.GET_DATA).bool(False).int(-1).string("/big").bool(False)
        return session.call(w.MULTI_READ, body.int(-1).bool(True).int(-1).bytes())
    assert read(2100).err == -8
    assert read(10).err == 0
    assert server.alive


def test_dump_says_when_silent_connections_are_closed(make_server, under_test):
    """The sets of the connections, without those that have become empty: a server of ours keeps none of these."""
    shapes = []
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"dump-{kind}").start().wait_serving()
        held = [server.session(timeout_ms=each) for each in (30_000, 30_000, 4_000)]
        now = time.time()
        lines = server.word("dump").partition("Connections dump:\n")[2].splitlines()
        head = re.fullmatch(r"Connections Sets \((\d+)\)/\((\d+)\):", lines[0])
        assert head[2] == "4", lines
        names, due, sets = {f"0x{each.id:x}": f"{each.timeout_ms} ms" for each in held}, None, []
        for line in lines[1:]:
            if told := re.fullmatch(r"(\d+) expire at (\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}):", line):
                due = time.mktime(time.strptime(re.sub(r" \w+ (\d{4})$", r" \1", told[2])))
                if told[1] != "0":
                    sets.append([])
            else:
                told = re.fullmatch(r"\tip: /127\.0\.0\.1:\d+ sessionId: (0x[0-9a-f]+)", line)
                name = names.get(told[1], "the one that asks")
                sets[-1].append(name)
                timeout = 10 if told[1] == "0x0" else int(name.split()[0]) / 1000
                # Sets are 10 s apart; a date has whole seconds.
                assert now + timeout - 2 <= due <= now + timeout + 12, line
        assert sum(map(len, sets)) == 4 and int(head[1]) >= len(sets), lines
        if kind == "aviary":
            assert int(head[1]) == len(sets)
        shapes.append(sorted(each for one in sets for each in one))
        for each in held:
            each.close()
    assert shapes[0] == shapes[1]
    assert "the one that asks" in shapes[0]
