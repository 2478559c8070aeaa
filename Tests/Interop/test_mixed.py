"""Ensembles of both kinds: ours follows Apache ZooKeeper and leads it, and each brings the other up to date.

The leader is chosen by id: with equal histories the highest of the first majority leads.
"""
import pytest

from conformance import zkwire as w
from harness import trees
from harness.waiting import eventually

pytestmark = pytest.mark.budget(180)

# Who leads (id 3), and who the two others are.
COMPOSITIONS = {"ours-leads": ("apache", "apache", "ours"), "ours-follows": ("ours", "ours", "apache"),
                "ours-leads-both-kinds": ("ours", "apache", "ours"), "ours-follows-both-kinds": ("apache", "ours", "apache")}


@pytest.fixture(params=COMPOSITIONS)
def mixed(request, make_ensemble, under_test):
    """A mixed ensemble that serves, led by server 3."""
    kinds = [under_test if kind == "ours" else kind for kind in COMPOSITIONS[request.param]]
    return make_ensemble(kinds).start_led_by(3)


def other_than(kind):
    return "apache" if kind == "ours" else "ours"


def kinds_of(lagging, under_test):
    """Servers 1 and 3 are of the other kind than server 2, which lags; 3 leads."""
    other = other_than(lagging)
    return [under_test if kind == "ours" else kind for kind in (other, lagging, other)]


def write(server, prefix, count, size=20):
    session = server.session()
    for i in range(count):
        name = trees.create(session, f"{prefix}-{i}", b"%d" % i * size)
        assert name == f"{prefix}-{i}", f"create {prefix}-{i}: {name}"
    session.close()


def assert_equal(ensemble):
    want = trees.dump(ensemble.running[0])
    for server in ensemble.running[1:]:
        assert trees.difference(want, trees.dump(server)) == {}, f"{server} has another tree"
    return want


def test_every_server_takes_every_request_and_all_agree(mixed):
    for server in mixed:
        session = server.session()
        name = f"/by-{server.identity}"
        assert trees.create(session, name, b"x") == name
        assert trees.create(session, name + "/n-", flags=2) == name + "/n-0000000000"
        assert trees.create(session, name + "/e", flags=1) == name + "/e"
        assert session.call(w.SET_DATA, w.Out().string(name).buffer(b"y").int(0).bytes()).err == 0
        assert session.call(w.SET_DATA, w.Out().string(name).buffer(b"z").int(0).bytes()).err == -103
        body = w.Out().int(w.CREATE).bool(False).int(-1).string(name + "/m").buffer(b"").acl(w.OPEN_ACL).int(0)
        body.int(w.CHECK).bool(False).int(-1).string(name).int(1).int(-1).bool(True).int(-1)
        assert session.call(w.MULTI, body.bytes()).err == 0
        tree = assert_equal(mixed)
        assert name + "/e" in tree and name + "/m" in tree
        session.close()
        tree = assert_equal(mixed)
        assert name + "/e" not in tree


def test_watches_fire_across_kinds(mixed):
    sessions = [server.session() for server in mixed]
    trees.create(sessions[0], "/w", b"")
    for session in sessions:
        trees.sync(session)
        session.call(w.GET_DATA, w.Out().string("/w").bool(True).bytes())
    sessions[-1].call(w.SET_DATA, w.Out().string("/w").buffer(b"1").int(-1).bytes())
    for session in sessions:
        trees.sync(session)
        assert [(e.type, e.path) for e in session.take_events()] == [(3, "/w")]


def test_a_session_moves_between_kinds_with_its_password(mixed):
    session = mixed[1].session(timeout_ms=20000)
    trees.create(session, "/mine", flags=1)
    for server in (mixed[2], mixed[3], mixed[1]):
        session.abandon()
        session = server.session(session=(session.id, session.passwd), timeout_ms=20000)
        assert session.id != 0
        trees.sync(session)
        assert trees.get(session, "/mine")[1].ephemeralOwner == session.id
        assert trees.create(session, f"/on-{server.identity}") == f"/on-{server.identity}"
    session.close()
    assert "/mine" not in assert_equal(mixed)


def test_a_session_dies_whoever_counts_its_time(mixed):
    for server in mixed:
        silent = server.session(timeout_ms=4000)
        trees.create(silent, f"/silent-{server.identity}", flags=1)
        silent.abandon()
    session = mixed[1].session()

    def gone():
        trees.sync(session)
        return all(trees.get(session, f"/silent-{i}") == -101 for i in (1, 2, 3))
    eventually(gone, 20, "the ephemerals of silent sessions going")
    assert_equal(mixed)


def test_the_leader_dies_and_the_other_kind_takes_over(mixed):
    write(mixed[1], "/before", 20)
    mixed[3].kill()
    eventually(lambda: mixed.leader() is mixed[2] and mixed[1].mode() == "follower", 40, "server 2 leading")
    write(mixed[1], "/between", 20)
    mixed[3].start()
    mixed.wait_ready()
    assert mixed.leader() is mixed[2]
    write(mixed[3], "/after", 20)
    tree = assert_equal(mixed)
    assert all(f"/{when}-19" in tree for when in ("before", "between", "after"))


@pytest.mark.parametrize("lagging", ["ours", "apache"])
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_diff_brings_a_server_up_to_date(make_ensemble, under_test, lagging, how):
    ensemble = make_ensemble(kinds_of(lagging, under_test)).start_led_by(3)
    write(ensemble[2], "/early", 10)
    getattr(ensemble[2], how)()
    write(ensemble[1], "/late", 50)
    ensemble[2].start()
    ensemble.wait_ready()
    assert_equal(ensemble)
    said = ensemble[2].log if lagging == "apache" else ensemble[3].log
    assert "Getting a diff from the leader" in said or "Sending DIFF" in said
    write(ensemble[2], "/afterwards", 5)
    assert_equal(ensemble)


@pytest.mark.parametrize("lagging", ["ours", "apache"])
def test_the_leaders_log_on_disk_brings_a_server_up_to_date(make_ensemble, under_test, lagging):
    """More than a leader keeps in memory (commitLogCount, 500), and little beside the whole database."""
    kinds = [under_test if kind == "ours" else kind for kind in ("ours", lagging, "ours")]
    ensemble = make_ensemble(kinds).start_led_by(3)
    write(ensemble[1], "/large", 40, size=50000)
    ensemble[2].stop()
    write(ensemble[1], "/late", 1200, size=200)
    said, heard = len(ensemble[3].log), len(ensemble[2].log)
    ensemble[2].start()
    ensemble.wait_ready()
    tree = assert_equal(ensemble)
    assert "/late-1199" in tree
    if under_test == "aviary":
        said, heard = ensemble[3].log[said:], ensemble[2].log[heard:]
        assert "from the log on disk to server 2" in said and "Sending snapshot" not in said
        assert "Getting a diff from the leader" in heard and "Getting a snapshot from leader" not in heard
    write(ensemble[2], "/afterwards", 5)
    before = assert_equal(ensemble)
    ensemble[2].kill()
    ensemble[2].start()
    ensemble.wait_ready()
    assert trees.difference(before, trees.dump(ensemble[2])) == {}, "what came as a difference was kept"


@pytest.mark.parametrize("lagging", ["ours", "apache"])
def test_a_snapshot_brings_an_empty_server_up_to_date(make_ensemble, under_test, lagging):
    ensemble = make_ensemble(kinds_of(lagging, under_test), config={"snapshotSizeFactor": "-1"}).start_led_by(3)
    write(ensemble[2], "/early", 10)
    ensemble[2].stop()
    write(ensemble[1], "/late", 700, size=100)
    for path in (ensemble[2].data / "version-2").iterdir():
        path.unlink()
    ensemble[2].start()
    ensemble.wait_ready()
    assert_equal(ensemble)
    if lagging == "apache":
        assert "Getting a snapshot from leader" in ensemble[2].log
    else:
        assert "Sending snapshot" in ensemble[3].log
    write(ensemble[2], "/afterwards", 5)
    before = assert_equal(ensemble)
    ensemble[2].kill()
    ensemble[2].start()
    ensemble.wait_ready()
    assert trees.difference(before, trees.dump(ensemble[2])) == {}, "what came as a snapshot was kept"


@pytest.mark.parametrize("meanwhile", [False, True], ids=["nothing-since", "a-new-epoch-with-writes-since"])
@pytest.mark.parametrize("lonely", ["ours", "apache"])
def test_what_only_a_dead_leader_had_logged_is_taken_back(make_ensemble, under_test, lonely, meanwhile):
    """By TRUNC, as long as the others have written nothing since; by a snapshot when the walk finds another epoch."""
    other = other_than(lonely)
    ensemble = make_ensemble([under_test if kind == "ours" else kind for kind in (other, other, lonely)]).start_led_by(3)
    write(ensemble[1], "/agreed", 10)
    session = ensemble[3].session()
    for each in (1, 2):
        ensemble[each].pause()
    mark = b"nobody-else-has-this"
    session.send(w.CREATE, w.Out().string("/lonely").buffer(mark).acl(w.OPEN_ACL).int(0).bytes())
    logs = ensemble[3].data / "version-2"
    eventually(lambda: any(mark in path.read_bytes()[:1 << 20] for path in logs.glob("log.*")), 10, "the leader logging it")
    for each in (3, 1, 2):
        ensemble[each].kill()
    ensemble.start(1, 2)
    eventually(ensemble.ready, 40, "the two others agreeing on a leader")
    if meanwhile:
        write(ensemble[1], "/later", 10)
    ensemble[3].start()
    ensemble.wait_ready()
    if not meanwhile:
        if lonely == "apache":
            assert "Truncating log to get in sync with the leader" in ensemble[3].log
        else:  # an Apache leader says what it has seen, and then names a DIFF and a snapshot, but not a TRUNC
            said = ensemble.leader().log.rpartition("Synchronizing with Learner sid: 3")
            assert said[1] and "Sending " not in said[2]
        write(ensemble[3], "/later", 10)
    before = assert_equal(ensemble)
    assert "/lonely" not in before and "/later-9" in before
    ensemble[3].kill()
    ensemble[3].start()
    ensemble.wait_ready()
    assert trees.difference(before, trees.dump(ensemble[3])) == {}, "what was truncated came back"


@pytest.mark.parametrize("watching", ["ours", "apache"])
def test_an_observer_of_the_other_kind_serves_and_does_not_vote(make_ensemble, under_test, watching):
    other = other_than(watching)
    kinds = [under_test if kind == "ours" else kind for kind in (other, other, other, watching)]
    ensemble = make_ensemble(kinds, observers=(4,)).start().wait_ready()
    assert ensemble[4].mode() == "observer"
    write(ensemble[4], "/through-the-observer", 10)
    assert_equal(ensemble)
    ensemble[1].kill()
    ensemble[2].kill()
    eventually(lambda: ensemble[3].mode() is None and ensemble[4].mode() is None, 30, "two of four serving nobody")


def test_the_end_of_a_session_with_very_many_ephemerals(make_ensemble, under_test):
    """A list of them would be more than followers take (ZOOKEEPER-4306): there is none then, and all are deleted."""
    ensemble = make_ensemble([under_test, "apache", under_test], config={"jute.maxbuffer": 20000}).start_led_by(3)
    for end in ("close", "expiry"):
        session = ensemble[1].session(timeout_ms=4000)
        for number in range(400):
            path = f"/{end}-{number:04}-{'x' * 90}"
            session.send(w.CREATE, w.Out().string(path).buffer(b"").acl(w.OPEN_ACL).int(1).bytes())
        assert [session.read_reply().err for _ in range(400)] == [0] * 400
        assert all(len(trees.children(server.session(), "/")) > 1 for server in ensemble)
        session.close() if end == "close" else session.abandon()

        def gone():
            return all(trees.children(server.session(), "/") == ["zookeeper"] for server in ensemble)
        eventually(gone, 30, f"no ephemerals after the {end}")
    assert ensemble.leader() is ensemble[3]
    write(ensemble[2], "/after", 3)
    assert_equal(ensemble)
    for server in ensemble:
        server.stop()
    ensemble.start().wait_ready()
    assert {path for path in assert_equal(ensemble) if path.startswith("/after")} == {f"/after-{i}" for i in range(3)}
    assert not any("digest mismatch" in server.log.lower() for server in ensemble)
