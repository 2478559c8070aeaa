"""Observers that learn from a follower instead of the leader, and observers that keep nothing on disk."""
import pathlib
import time

import pytest

from harness import places, trees
from harness.clients import kazoo, let_go
from harness.waiting import eventually

pytestmark = pytest.mark.budget(180)

# Each server has an address of its own: the port for observers is the same on all hosts.
HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]


def figure(server, name):
    """A figure of mntr, None if it is not there."""
    for line in server.word("mntr").splitlines():
        key, _, value = line.partition("\t")
        if key == name:
            return value
    return None


def masters(ensemble):
    """The followers that have an observer."""
    return [s for s in ensemble.followers() if float(figure(s, "zk_synced_observers") or 0) == 1]


@pytest.mark.parametrize("voting, watching", [("ours", "ours"), ("ours", "apache"), ("apache", "ours")])
def test_an_observer_learns_from_a_follower_and_from_another_when_that_one_dies(make_ensemble, under_test, voting, watching):
    kinds = [under_test if kind == "ours" else kind for kind in (voting, voting, voting, watching)]
    port = places.free_port()
    ensemble = make_ensemble(kinds, config={"observerMasterPort": port}, observers=(4,), hosts=HOSTS)
    ensemble.start_led_by(2)
    leader, observer = ensemble[2], ensemble[4]
    assert observer.mode() == "observer"
    eventually(lambda: len(masters(ensemble)) == 1, 10, "one follower with an observer")
    assert float(figure(leader, "zk_synced_observers")) == 0, "the leader has no observer itself"

    client = kazoo(observer.address, timeout=20)
    try:
        client.create("/through", b"1")
        client.create("/through/e", ephemeral=True)
        for number in range(20):
            client.set("/through", b"%d" % number)
        client.sync("/through")
        assert client.get("/through")[0] == b"19"
        # What another has written is there after a sync, and the leader's clients see ours.
        other = kazoo(leader.address)
        other.set("/through", b"from the leader")
        assert other.get_children("/through") == ["e"]
        client.sync("/through")
        assert client.get("/through")[0] == b"from the leader"

        master = masters(ensemble)[0]
        master.kill()
        # The observer may not have noticed yet, nor its client: whom it learns from is asked of the other followers.
        eventually(lambda: len(masters(ensemble)) == 1, 60, "the observer served by another")
        client.retry(client.set, "/through", b"again")
        assert client.exists("/through/e").ephemeralOwner == client.client_id[0], "the session has lived on"
        other.sync("/through")
        assert other.get("/through")[0] == b"again"
        let_go(other)
        master.start()
        ensemble.wait_ready()
    finally:
        let_go(client)
    before = trees.dump(leader)
    for server in ensemble:
        eventually(lambda: trees.difference(before, trees.dump(server)) == {}, 10, f"{server} with the leader's tree")


def test_a_session_at_such_an_observer_lives_as_long_as_its_client(make_ensemble):
    port = places.free_port()
    ensemble = make_ensemble(4, config={"observerMasterPort": port, "tickTime": 500}, observers=(4,), hosts=HOSTS)
    ensemble.start_led_by(2)
    eventually(lambda: len(masters(ensemble)) == 1, 10, "one follower with an observer")
    client = kazoo(ensemble[4].address, timeout=2)
    watching = kazoo(ensemble[1].address)
    try:
        client.create("/e", ephemeral=True)
        # Longer than its timeout: only pings go, through the follower to the leader.
        time.sleep(4)
        watching.sync("/e")
        assert watching.exists("/e"), "its pings have reached the leader"
        ensemble[4].kill()
        eventually(lambda: watching.exists("/e") is None, 20, "the ephemeral gone after the timeout")
    finally:
        let_go(client)
        let_go(watching)


@pytest.mark.parametrize("voting", ["ours", "apache"])
def test_an_observer_without_a_disk_writes_no_log(make_ensemble, under_test, voting):
    kinds = [under_test if voting == "ours" else voting] * 3 + [under_test]
    ensemble = make_ensemble(kinds, config={"syncEnabled": "false"}, observers=(4,)).start().wait_ready()
    observer = ensemble[4]
    session = observer.session()
    for number in range(30):
        assert trees.create(session, f"/n-{number}", b"x") == f"/n-{number}"
    session.close()
    files = [p.name for p in pathlib.Path(observer.data).rglob("*") if p.is_file()]
    # The empty database of a first start is there, as with Apache ZooKeeper, and nothing since.
    assert [name for name in files if name.startswith(("log.", "snapshot."))] == ["snapshot.0"], files
    assert list(pathlib.Path(ensemble[1].data).rglob("log.*")), "who votes has a log"
    # What it is told again after a restart is everything.
    observer.kill()
    observer.start()
    ensemble.wait_ready()
    assert trees.difference(trees.dump(ensemble[1]), trees.dump(observer)) == {}
