"""The data directory changes hands: what one kind of server leaves behind, the other opens, with nothing different."""
import pytest

from harness import trees
from harness.waiting import eventually


def fill(server, name, count=30):
    """Some of everything that persists: data, versions, ACLs, sequences, deletions, an empty and a null value."""
    session = server.session()
    for i in range(count):
        trees.create(session, f"/{name}-{i}", b"%s %d" % (name.encode(), i) * (i % 7))
        trees.create(session, f"/{name}-{i}/child-", None if i % 2 else b"x", flags=2)
    w = trees.w
    digest = ((31, "digest", "user:smGaoVKd/cQkjm7b88GyorAUz20="), (1, "world", "anyone"))
    trees.create(session, f"/{name}-acl", b"secret", acl=digest)
    for version in range(3):
        assert session.call(w.SET_DATA, w.Out().string(f"/{name}-1").buffer(b"v%d" % version).int(version).bytes()).err == 0
    assert session.call(w.DELETE, w.Out().string(f"/{name}-2/child-0000000000").int(-1).bytes()).err == 0
    body = w.Out()
    for opcode, part in ((w.CREATE, w.Out().string(f"/{name}-multi").buffer(b"m").acl(w.OPEN_ACL).int(0)),
                         (w.SET_DATA, w.Out().string(f"/{name}-multi").buffer(b"n").int(0)),
                         (w.DELETE, w.Out().string(f"/{name}-2").int(-1))):
        body.int(opcode).bool(False).int(-1).raw(part.bytes())
    assert session.call(w.MULTI, body.int(-1).bool(True).int(-1).bytes()).err == 0
    session.close()


@pytest.fixture(params=["apache", "debian"])
def reference(request):
    """The other kind of server: 3.9.5, and the packaged 3.8."""
    return request.param


@pytest.mark.parametrize("snapshots", [False, True], ids=["log", "snapshots-and-logs"])
def test_a_standalone_directory_goes_to_the_other_kind_and_back(make_server, under_test, reference, snapshots):
    server = make_server(kind=reference, **({"snapCount": 20} if snapshots else {}))
    for turn, kind in enumerate((reference, under_test, reference, under_test)):
        server.kind = kind
        server.start().wait_serving()
        if turn:
            now = trees.dump(server)
            assert trees.difference(before, now) == {}, f"{kind} opened it"
        fill(server, f"turn{turn}")
        before = trees.dump(server)
        server.stop() if turn % 2 else server.kill()


def test_apaches_ephemerals_and_sessions_are_found_by_the_other_kind(make_server, under_test):
    server = make_server(kind="apache").start().wait_serving()
    owner = server.session(timeout_ms=20000)
    trees.create(owner, "/e", b"x", flags=1)
    server.kill()
    owner.abandon()
    server.kind = under_test
    server.start().wait_serving()
    again = server.session(session=(owner.id, owner.passwd))
    assert again.id == owner.id, "the session, with the password the other kind gave it"
    assert trees.get(again, "/e")[1].ephemeralOwner == owner.id
    trees.create(again, "/f", b"y", flags=1)
    server.kill()
    again.abandon()
    server.kind = "apache"
    server.start().wait_serving()
    last = server.session(session=(owner.id, owner.passwd))
    assert last.id == owner.id
    last.close()
    other = server.session()
    assert (trees.get(other, "/e"), trees.get(other, "/f")) == (-101, -101)


@pytest.mark.budget(240)
@pytest.mark.parametrize("snapshots", [False, True], ids=["log", "snapshots-and-logs"])
def test_the_directories_of_an_ensemble_go_to_the_other_kind_and_back(make_ensemble, under_test, snapshots):
    ensemble = make_ensemble(["apache"] * 3, config={"snapCount": 20} if snapshots else {})
    for turn, kind in enumerate(("apache", under_test, "apache")):
        for server in ensemble:
            server.kind = kind
        ensemble.start().wait_ready()
        if turn:
            for server in ensemble:
                assert trees.difference(before, trees.dump(server)) == {}, f"{server} opened it"
        fill(ensemble[turn + 1], f"turn{turn}")
        before = trees.dump(ensemble[1])
        for server in ensemble:
            assert trees.difference(before, trees.dump(server)) == {}
        ensemble.kill() if turn else ensemble.stop()


def test_data_and_log_directories_apart(make_server, tmp_path, under_test):
    server = make_server(kind="apache", dataLogDir=tmp_path / "server" / "log")
    server.start().wait_serving()
    fill(server, "apart")
    before = trees.dump(server)
    server.kill()
    assert list((tmp_path / "server/log/version-2").glob("log.*")) and not list((server.data / "version-2").glob("log.*"))
    server.kind = under_test
    server.start().wait_serving()
    assert trees.difference(before, trees.dump(server)) == {}
    fill(server, "more")
    assert not list((server.data / "version-2").glob("log.*"))


def test_a_folder_of_configs_that_cannot_be_read_is_an_error_that_names_it(make_server):
    server = make_server(tickTime="soon").start()
    eventually(lambda: not server.alive, 20, "the server ending")
    assert server.process.returncode not in (0, None) and server.process.returncode > 0
    if server.kind == "aviary":
        assert f"{server.cfg}:1" in server.log


def leave_the_newest(server):
    """Takes away all snapshots but the newest, and the logs that are not needed behind it: it must be read."""
    def number(path):
        return int(path.name.split(".")[1], 16)
    folder = server.data / "version-2"
    *older, newest = sorted(folder.glob("snapshot.*"), key=number)
    logs = sorted(folder.glob("log.*"), key=number)
    needed = max(number(each) for each in logs if number(each) <= number(newest) + 1)
    for each in older + [each for each in logs if number(each) < needed]:
        each.unlink()
    return newest


@pytest.mark.parametrize("method", ["gz", "snappy"])
def test_compressed_snapshots_go_to_the_other_kind_and_back(make_server, under_test, method):
    server = make_server(kind="apache", snapCount=20, **{"snapshot.compression.method": method})
    for turn, kind in enumerate(("apache", under_test, "apache", under_test)):
        server.kind = kind
        server.start().wait_serving()
        if turn:
            assert trees.difference(before, trees.dump(server)) == {}, f"{kind} opened it"
        here = set((server.data / "version-2").glob("snapshot.*"))
        fill(server, f"turn{turn}")
        eventually(lambda: set((server.data / "version-2").glob("snapshot.*")) - here, 20, "a snapshot taken")
        before = trees.dump(server)
        server.stop()
        newest = leave_the_newest(server)
        assert newest.suffix == f".{method}"
        assert newest.stat().st_size < 60 * len(before), "a znode takes a hundred bytes and more"
    server.kind = "apache"
    server.start().wait_serving()
    assert trees.difference(before, trees.dump(server)) == {}


@pytest.mark.budget(180)
def test_a_follower_keeps_the_leaders_snapshot_compressed(make_ensemble, under_test):
    ensemble = make_ensemble(["apache", under_test, "apache"],
                             config={"snapshot.compression.method": "gz", "forceSnapshotSync": "true"})
    ensemble.start(1, 3).wait_ready()
    fill(ensemble[3], "before")
    before = trees.dump(ensemble[3])
    follower = ensemble[2].start().wait_serving()
    assert trees.difference(before, trees.dump(follower)) == {}
    assert {each.suffix for each in (follower.data / "version-2").glob("snapshot.*")} == {".gz"}
    # Alone on its disk, in the other kind's hands.
    ensemble.stop()
    follower.kind = "apache"
    ensemble.start(2, 3).wait_ready()
    assert trees.difference(before, trees.dump(follower)) == {}
