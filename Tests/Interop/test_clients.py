"""One server and the clients people have: kazoo, Apache's shell, the C library. The everyday requests, all of them."""
import pytest
from kazoo.exceptions import (BadVersionError, NoAuthError, NodeExistsError, NoNodeError, NotEmptyError,
                              NoChildrenForEphemeralsError, RolledBackError)
from kazoo.security import make_acl, make_digest_acl

from conformance import zkwire as w
from harness import clients, trees
from harness.waiting import eventually


def test_kazoo_creates_reads_changes_and_deletes(server, kazoo):
    zk = kazoo(server.address)
    assert zk.create("/a", b"one") == "/a"
    with pytest.raises(NodeExistsError):
        zk.create("/a")
    data, stat = zk.get("/a")
    assert (data, stat.version, stat.numChildren, stat.data_length) == (b"one", 0, 0, 3)
    assert stat.czxid == stat.mzxid == stat.pzxid
    assert zk.set("/a", b"two", version=0).version == 1
    with pytest.raises(BadVersionError):
        zk.set("/a", b"three", version=0)
    assert zk.create("/a/b/c", b"", makepath=True) == "/a/b/c"
    assert zk.get_children("/a") == ["b"]
    with pytest.raises(NotEmptyError):
        zk.delete("/a")
    zk.delete("/a", recursive=True)
    assert zk.exists("/a") is None
    with pytest.raises(NoNodeError):
        zk.get("/a")


def test_kazoo_sequences_and_ephemerals(server, kazoo):
    zk = kazoo(server.address)
    zk.create("/q")
    assert [zk.create("/q/n-", sequence=True) for _ in range(3)] == [f"/q/n-{i:010d}" for i in range(3)]
    path, stat = zk.create("/q/e", b"x", ephemeral=True, include_data=True)
    assert (path, stat.owner_session_id) == ("/q/e", zk.client_id[0])
    with pytest.raises(NoChildrenForEphemeralsError):
        zk.create("/q/e/child")
    other = kazoo(server.address)
    assert other.exists("/q/e")
    zk.stop()
    eventually(lambda: other.exists("/q/e") is None, 5, "the ephemeral of a closed session going")
    assert len(other.get_children("/q")) == 3


def test_kazoo_transactions_happen_whole_or_not_at_all(server, kazoo):
    zk = kazoo(server.address)
    transaction = zk.transaction()
    transaction.create("/t", b"1")
    transaction.set_data("/t", b"2", version=0)
    transaction.check("/t", 1)
    results = transaction.commit()
    assert results[0] == "/t" and results[1].version == 1 and results[2] is True
    transaction = zk.transaction()
    transaction.delete("/t")
    transaction.check("/nowhere", 0)
    transaction.create("/u")
    results = transaction.commit()
    assert isinstance(results[0], RolledBackError) and isinstance(results[1], NoNodeError)
    assert zk.get("/t")[0] == b"2" and zk.exists("/u") is None


def test_kazoo_watches_fire_once_with_the_right_event(server, kazoo):
    zk, other = kazoo(server.address), kazoo(server.address)
    seen = []
    assert zk.exists("/w", watch=seen.append) is None
    other.create("/w")
    eventually(lambda: seen, 5)
    assert [(e.type, e.path) for e in seen] == [("CREATED", "/w")]
    zk.get("/w", watch=seen.append)
    zk.get_children("/w", watch=seen.append)
    other.create("/w/child")
    eventually(lambda: len(seen) == 2, 5)
    assert (seen[1].type, seen[1].path) == ("CHILD", "/w")
    other.set("/w", b"new")
    other.set("/w", b"newer")
    zk.sync("/w")
    eventually(lambda: len(seen) == 3, 5)
    assert seen[2].type == "CHANGED"
    zk.get("/w/child", watch=seen.append)
    other.delete("/w/child")
    eventually(lambda: len(seen) == 4, 5)
    assert seen[3].type == "DELETED"


def test_the_c_librarys_watches_live_through_a_restart_of_the_server(server):
    trees.create(server.session(), "/w", b"1")
    with clients.c_client_held(server.address, "watch", "/w") as watcher:
        assert watcher.stdout.readline() == "watching\n"
        server.restart()
        server.wait_serving()
        session = server.session()
        assert session.call(w.SET_DATA, w.Out().string("/w").buffer(b"2").int(0).bytes()).err == 0
        assert watcher.stdout.readline() == "changed /w\n"


def test_kazoo_digest_and_ip_acls(server, kazoo):
    owner, stranger = kazoo(server.address, auth_data=[("digest", "user:secret")]), kazoo(server.address)
    owner.create("/locked", b"s", acl=[make_digest_acl("user", "secret", all=True)])
    with pytest.raises(NoAuthError):
        stranger.get("/locked")
    with pytest.raises(NoAuthError):
        stranger.set("/locked", b"x")
    assert owner.get("/locked")[0] == b"s"
    stranger.add_auth("digest", "user:secret")
    assert stranger.get("/locked")[0] == b"s"
    owner.create("/near", acl=[make_acl("ip", "127.0.0.1", all=True)])
    owner.create("/far", acl=[make_acl("ip", "10.1.2.3", all=True)])
    assert owner.get("/near")[0] == b""
    with pytest.raises(NoAuthError):
        owner.get("/far")
    acls, stat = owner.get_acls("/near")
    assert acls[0].id.scheme == "ip" and stat.aversion == 0
    assert owner.set_acls("/near", [make_acl("auth", "", all=True)]).aversion == 1
    assert owner.get_acls("/near")[0][0].id.scheme == "digest"


def test_the_c_library(server):
    assert clients.c_client(server.address, "tour") == (0, "ok\n")


def test_apaches_shell(server):
    said = clients.zkcli(server.address, "create /zk_test my_data", "ls /", "get /zk_test", "set /zk_test junk", "get /zk_test",
                         "create -s /zk_test/n- x", "create -e /zk_test/e y", "ls -s /zk_test", "ls -R /", "stat /zk_test",
                         "getAcl /zk_test", "setAcl /zk_test/e world:anyone:cdra", "getAcl /zk_test/e", "sync /",
                         "delete /zk_test", "deleteall /zk_test", "ls /")
    for line in ("Created /zk_test", "[zk_test, zookeeper]", "my_data", "junk", "Created /zk_test/n-0000000000",
                 "Created /zk_test/e", "[e, n-0000000000]", "/zk_test/n-0000000000", "numChildren = 2", "dataVersion = 1",
                 "'world,'anyone", ": cdrwa", ": cdra", "Sync is OK", "Node not empty: /zk_test", "[zookeeper]"):
        assert line in said, f"{line!r} is not in\n{said}"
