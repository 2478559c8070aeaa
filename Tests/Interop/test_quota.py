"""Quotas, set with Apache ZooKeeper's own shell, counted and enforced by the server, and known to it after a restart."""
from conformance import zkwire as w
from harness import clients, trees
from harness.waiting import eventually

USAGE = "/zookeeper/quota/q/zookeeper_stats"


def set_data(session, path, data):
    return session.call(w.SET_DATA, w.Out().string(path).buffer(data).int(-1).bytes()).err


def test_quotas_through_the_shell(make_server):
    server = make_server(enforceQuota="true").start().wait_serving()
    session = server.session()
    assert trees.create(session, "/q", b"12345") == "/q"
    said = clients.zkcli(server.address, "setquota -n 2 /q", "setquota -B 20 /q", "setquota -N 4 /q", "listquota /q",
                         seconds=80)
    assert "count=2,bytes=-1=;byteHardLimit=20;countHardLimit=4" in said and "count=1,bytes=5" in said, said
    for path in ("/q/a", "/q/b", "/q/c"):
        assert trees.create(session, path, b"1") == path
    assert trees.create(session, "/q/d") == -125
    assert set_data(session, "/q/a", b"1" * 14) == -125
    assert trees.get(session, USAGE)[0] == b"count=4,bytes=8"
    said = clients.zkcli(server.address, "listquota /q", "delquota -N /q", "delquota -B /q", "listquota /q", seconds=80)
    assert "count=4,bytes=8" in said, said
    assert trees.create(session, "/q/d", b"x" * 100) == "/q/d"
    said = clients.zkcli(server.address, "delquota /q", "listquota /q", seconds=80)
    assert "quota for /q does not exist" in said, said
    assert trees.create(session, "/q/e") == "/q/e"


def test_usage_is_the_same_on_every_server_and_after_a_restart(ensemble):
    session = ensemble.leader().session()
    assert trees.create(session, "/q", b"12345") == "/q"
    for path, data in (("/zookeeper/quota/q", b""), ("/zookeeper/quota/q/zookeeper_limits", b"count=3"), (USAGE, b"")):
        assert trees.create(session, path, data) == path
    for path in ("/q/a", "/q/a/b", "/q/c"):
        assert trees.create(session, path, b"123") == path
    assert session.call(w.DELETE, w.Out().string("/q/c").int(-1).bytes()).err == 0

    def usages():
        found = []
        for server in ensemble:
            other = server.session()
            trees.sync(other)
            found.append(trees.get(other, USAGE)[0])
            other.close()
        return set(found)
    assert usages() == {b"count=3,bytes=11"}
    session.close()
    ensemble.stop()
    ensemble.start().wait_ready()
    assert usages() == {b"count=3,bytes=11"}
    session = eventually(ensemble.leader().session, 20)
    assert trees.create(session, "/q/d", b"1") == "/q/d"
    assert usages() == {b"count=4,bytes=12"}


def test_other_data_in_the_znodes_of_a_quota_does_no_harm(make_server, under_test):
    server = make_server().start().wait_serving()
    session = server.session()
    assert trees.create(session, "/q", b"12345") == "/q"
    for path in ("/zookeeper/quota/q", "/zookeeper/quota/q/zookeeper_limits", USAGE):
        assert trees.create(session, path, b"hello") == path
    assert set_data(session, "/zookeeper/quota/q/zookeeper_limits", b"hello") == 0
    if under_test == "aviary":  # either of these ends Apache ZooKeeper, again at each start
        assert set_data(session, USAGE, b"hello") == 0
        assert trees.create(session, "/zookeeper/quota/zookeeper_limits", b"hello") == "/zookeeper/quota/zookeeper_limits"
    assert trees.create(session, "/q/a", b"1") == "/q/a"
    assert trees.get(session, USAGE)[0] == b"count=2,bytes=6"
    session.close()
    server.restart().wait_serving()
    assert trees.get(server.session(), USAGE)[0] == b"count=2,bytes=6"
