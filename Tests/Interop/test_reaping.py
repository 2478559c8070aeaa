"""Containers and znodes with a time to live, taken away by a server that runs alone and by a leader."""
import pytest

from conformance import zkwire as w
from harness import trees
from harness.waiting import eventually

pytestmark = pytest.mark.ours  # Apache ZooKeeper takes the interval from the process, where the harness has it at an hour
OFTEN = {"znode.container.checkIntervalMs": 200}


def create_ttl(session, path, milliseconds, flags=5):
    reply = session.call(w.CREATE_TTL, w.Out().string(path).buffer(b"").acl(w.OPEN_ACL).int(flags).long(milliseconds).bytes())
    return reply.err or w.In(reply.body).string()


def create_container(session, path):
    return session.call(w.CREATE_CONTAINER, w.Out().string(path).buffer(b"").acl(w.OPEN_ACL).int(4).bytes()).err


def delete(session, path):
    return session.call(w.DELETE, w.Out().string(path).int(-1).bytes()).err


def leave_behind(session):
    """One of each kind whose time has come, and one of each whose time has not."""
    assert create_container(session, "/used") == 0 and create_container(session, "/unused") == 0
    assert trees.create(session, "/used/child") == "/used/child"
    assert delete(session, "/used/child") == 0
    assert create_ttl(session, "/short", 500) == "/short"
    assert create_ttl(session, "/short-", 500, flags=6) == "/short-0000000003"
    assert create_ttl(session, "/long", 600_000) == "/long"


def test_a_server_alone_takes_away_what_nobody_uses(make_server):
    server = make_server(**OFTEN).start().wait_serving()
    session = server.session()
    leave_behind(session)
    eventually(lambda: sorted(trees.children(session, "/")) == ["long", "unused", "zookeeper"], 20)


def test_a_leader_does_it_for_all_and_its_successor_after_it(make_ensemble):
    ensemble = make_ensemble(3, config=OFTEN).start().wait_ready()
    session = ensemble.followers()[0].session()
    leave_behind(session)
    eventually(lambda: sorted(trees.children(session, "/")) == ["long", "unused", "zookeeper"], 20)
    assert create_ttl(session, "/later", 4000) == "/later"
    session.close()
    ensemble.leader().kill()
    left = eventually(lambda: next((s for s in ensemble if s.alive and s.mode() == "leader"), None), 40)
    again = eventually(left.session, 20)
    eventually(lambda: sorted(trees.children(again, "/")) == ["long", "unused", "zookeeper"], 20)
