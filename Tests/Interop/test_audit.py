"""The audit log: a line for every change, with the fields of Apache ZooKeeper's in their order."""
import re

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.security import make_acl, make_digest_acl

from harness import clients, digest_md5, places, trees
from harness.certificates import Authority
from harness.ensemble import Ensemble
from harness.waiting import eventually


def changes(server, kazoo):
    """Every kind of change, with success and without."""
    def attempt(call, *arguments, **more):
        try:
            call(*arguments, **more)
        except KazooException:
            pass
    bob, anybody = kazoo(server.address), kazoo(server.address)
    bob.add_auth("digest", "bob:x")
    bob.create("/a", b"1")
    attempt(bob.create, "/a", b"1")
    bob.set("/a", b"2")
    attempt(bob.set, "/a", b"2", version=77)
    bob.set_acls("/a", [make_digest_acl("bob", "x", all=True), make_acl("world", "anyone", read=True)])
    attempt(bob.set_acls, "/none", [make_acl("world", "anyone", all=True)])
    for ephemeral in (False, True):
        for sequence in (False, True):
            bob.create("/a/n", b"", ephemeral=ephemeral, sequence=sequence)if (ephemeral, sequence) != (True, False) else \
                bob.create("/a/e", b"", ephemeral=True)
    good = bob.transaction()
    good.create("/m", b"1")
    good.set_data("/m", b"2")
    good.check("/m", 1)
    good.delete("/m")
    good.commit()
    bad = bob.transaction()
    bad.create("/m", b"1")
    bad.delete("/none")
    bad.commit()
    attempt(bob.delete, "/none")
    bob.get("/a")
    attempt(anybody.set, "/a", b"no")
    for client in (anybody, bob):
        clients.let_go(client)


def lines(server):
    """What stands in the log, without sessions, in the order in which it was written."""
    found = re.findall(r"(?:audit: |Slf4jAuditLogger - )((?:session|user)=.*)", server.log)
    return [re.sub(r"session=0x[0-9a-f]+", "session=0x", each) for each in found]


def test_the_lines_are_those_of_apache_zookeeper(make_server, kazoo, under_test):
    said = []
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"{kind}-{len(said)}", **{"audit.enable": "true"}).start().wait_serving()
        changes(server, kazoo)
        eventually(lambda: sum("DeletionOnSessionClose" in each for each in lines(server)) == 2, 10, "the session's end")
        server.stop()
        said.append(lines(server))
    ours, theirs = ([line for line in each if "operation=server" not in line] for each in said)
    assert ours == theirs
    assert len(ours) > 15
    for each in said:
        assert [line.partition("\t")[2] for line in each if "operation=server" in line] == [
            "operation=serverStart\tresult=success", "operation=serverStop\tresult=invoked"]


def test_the_lines_of_an_ensemble_stand_where_its_clients_are(started, kazoo, under_test, tmp_path):
    said = []
    for kind in (under_test, "apache"):
        ensemble = Ensemble(tmp_path / f"{kind}-{len(said)}", [kind] * 3, config={"audit.enable": "true"})
        started.append(ensemble)
        ensemble.start().wait_ready()
        leader, (one, other) = ensemble.leader(), ensemble.followers()
        before = {server: len(lines(server)) for server in ensemble}
        changes(one, kazoo)
        eventually(lambda: sum("DeletionOnSessionClose" in each for each in lines(one)) == 2, 10, "the session's end")
        client = kazoo(leader.address)
        client.create("/at-the-leader", b"")
        clients.let_go(client)
        said.append([lines(server)[before[server]:] for server in (one, leader, other)])
        ensemble.stop()
    assert said[0] == said[1]
    assert len(said[0][0]) > 15


def test_users_are_named_as_they_have_proved_who_they_are(make_server, under_test, tmp_path):
    """By a login and by a certificate, with a digest besides."""
    users = tmp_path / "jaas.conf"
    users.write_text('Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="secret"; };')
    authority = Authority(tmp_path / "ca")
    store, (certificate, key) = authority.pem_store(*authority.issue("server", "/CN=server")), authority.issue("heron", "/O=Birds/CN=heron")
    said = []
    for kind in (under_test, "apache"):
        port = places.free_port()
        server = make_server(kind, folder=f"{kind}-users-{len(said)}", properties=[f"java.security.auth.login.config={users}"], **{
            "audit.enable": "true", "authProvider.1": "org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
            "secureClientPort": port, "ssl.keyStore.location": store, "ssl.trustStore.location": authority.certificate,
            "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory"}).start().wait_serving()
        known = len(lines(server))
        session = server.session()
        assert digest_md5.login(session, "bob", "secret")[1][0] == 0
        assert trees.create(session, "/by-login") == "/by-login"
        assert trees.authenticate(session, "digest", b"ann:x") == 0
        assert trees.create(session, "/by-both") == "/by-both"
        session.close()
        client = KazooClient(f"localhost:{port}", use_ssl=True, ca=str(authority.certificate), certfile=str(certificate), keyfile=str(key))
        client.start(10)
        client.create("/by-certificate", b"")
        clients.let_go(client)
        eventually(lambda: any("/by-certificate" in line for line in lines(server)), 5, "the line")
        # Several names of one user stand in the order of a hash table there.
        said.append([sorted(re.split(r"\tuser=|[,\t]", line)) for line in lines(server)[known:]])
    assert said[0] == said[1]
    assert [sum(name in line for line in said[0]) for name in ("bob", "ann", "CN=heron", "O=Birds")] == [2, 1, 1, 1]


@pytest.mark.ours
def test_nothing_is_said_unless_it_is_asked_for_and_no_path_breaks_a_line(make_server, kazoo):
    quiet = make_server(folder="quiet").start().wait_serving()
    kazoo(quiet.address).create("/a", b"")
    assert lines(quiet) == []
    server = make_server(folder="loud", **{"audit.enable": "true"}).start().wait_serving()
    client = kazoo(server.address)
    with pytest.raises(KazooException):
        client.create("/none/of\nsession=0x1\tuser=root\toperation=create\tznode=\u00e9", b"")
    eventually(lambda: any("znode=/none" in line for line in lines(server)), 5, "the line")
    assert "znode=/none/of?session=0x?user=root?operation=create?znode=\u00e9" in lines(server)[-1]
