"""Groups and weights with real servers: who has the weight decides, and not how many they are; of ours, of Apache's, and of both.

Run with --under-test apache, the same tests say how Apache ZooKeeper behaves.
"""
import json
import time

import kazoo.exceptions as errors
import pytest

from harness.ensemble import Ensemble
from harness.waiting import eventually

pytestmark = pytest.mark.budget(150)

WEIGHTED = ["group.1=1:2:3", "weight.1=3", "weight.2=1", "weight.3=1"]
# Two of the three groups are needed: servers 4 and 5 are enough, 1, 2 and 3 are not.
GROUPED = ["group.1=1:2:3", "group.2=4", "group.3=5", *(f"weight.{number}=1" for number in range(1, 6))]


@pytest.fixture
def grouped(tmp_path, started, under_test):
    """grouped(kinds, lines): servers with groups, not started yet; ours stands for what is under test."""
    def make(kinds, lines):
        ensemble = Ensemble(tmp_path, [under_test if kind == "ours" else kind for kind in kinds], {"tickTime": 500})
        for server in ensemble:
            server.members += lines
            server.write_files()
        started.append(ensemble)
        return ensemble
    return make


def write(client, path):
    """Tried until it is there: a leader may only have begun."""
    def attempt():
        try:
            return client.create(path, path.encode())
        except errors.NodeExistsError:
            return path
    eventually(attempt, 30, f"{path} written")


def silent(*servers):
    """None of them serves, and none begins to for many times what an election takes. On a slow machine this shows less, and never fails."""
    eventually(lambda: all(server.mode() is None for server in servers), 30, f"{servers} without a quorum")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert all(server.mode() is None for server in servers), [server.mode() for server in servers]
        time.sleep(0.1)


@pytest.mark.parametrize("kinds", [("ours",) * 3, ("ours", "apache", "ours"), ("apache", "ours", "ours")],
                         ids=["ours", "ours has the weight", "apache has the weight"])
def test_who_has_the_weight_decides_alone(grouped, kazoo, kinds):
    ensemble = grouped(kinds, WEIGHTED)
    ensemble.start(2, 3)
    for server in (ensemble[2], ensemble[3]):
        eventually(lambda: server.word("ruok") == "imok", 30, f"{server} running")
    # Two of three, and two fifths of the weight.
    silent(ensemble[2], ensemble[3])
    ensemble[1].start()
    ensemble.wait_ready()
    client = kazoo(ensemble.addresses)
    write(client, "/all")
    for number in (2, 3):
        ensemble[number].kill()
    alone = kazoo(ensemble[1].address)
    write(alone, "/alone")
    ensemble[1].kill()
    ensemble.start(2, 3)
    for server in (ensemble[2], ensemble[3]):
        eventually(lambda: server.word("ruok") == "imok", 30, f"{server} running")
    silent(ensemble[2], ensemble[3])
    ensemble[2].kill()
    ensemble[3].kill()
    # It begins alone, too, and who comes later has what it wrote.
    ensemble.start(1)
    eventually(lambda: ensemble[1].mode() == "leader", 30, "server 1 leading alone")
    write(alone, "/alone again")
    ensemble.start(2, 3)
    ensemble.wait_ready()
    for server in ensemble:
        reader = kazoo(server.address)
        reader.sync("/")
        assert {"all", "alone", "alone again"} <= set(reader.get_children("/")), server


@pytest.mark.parametrize("kinds", [("ours",) * 5, ("apache", "ours", "ours", "apache", "ours")], ids=["ours", "mixed"])
def test_a_majority_of_the_groups_decides(grouped, kazoo, kinds):
    ensemble = grouped(kinds, GROUPED)
    ensemble.start().wait_ready()
    write(kazoo(ensemble.addresses), "/all")
    for number in (1, 2, 3):
        ensemble[number].kill()
    client = kazoo(",".join(ensemble[number].address for number in (4, 5)))
    write(client, "/two groups of one")
    ensemble[4].kill()
    ensemble[5].kill()
    # More than half of the servers, and one group of three.
    ensemble.start(1, 2, 3)
    three = [ensemble[number] for number in (1, 2, 3)]
    for server in three:
        eventually(lambda: server.word("ruok") == "imok", 30, f"{server} running")
    silent(*three)
    ensemble.start(5)
    eventually(lambda: all(server.mode() for server in [*three, ensemble[5]]), 60, "two groups serving")
    # A minority within a group is not the group.
    ensemble[1].kill()
    eventually(lambda: [server.mode() for server in ensemble.running].count("leader") == 1, 30, "a leader")
    write(client, "/two of three and one")
    ensemble[2].kill()
    silent(ensemble[3], ensemble[5])
    ensemble.start(1, 2, 4)
    ensemble.wait_ready()
    for server in ensemble:
        reader = kazoo(server.address)
        reader.sync("/")
        assert {"all", "two groups of one", "two of three and one"} <= set(reader.get_children("/")), server


@pytest.mark.ours
def test_the_launcher_counts_weights_and_groups(aviary, tmp_path):
    spec = tmp_path / "weighted.yaml"
    spec.write_text("servers:\n" + "".join(f"  - {{id: {n}, group: 1, weight: {w}}}\n" for n, w in ((1, 3), (2, 1), (3, 1), (4, 1))))
    ended, _, err = aviary("up", spec, "--detach")
    assert ended == 0 and "survive" not in err, err

    def quorum():
        return json.loads(aviary("status", "--json")[1])["quorum"]
    assert quorum()["hierarchical"] and quorum()["mayFail"] == 0
    # What is said of an even number elsewhere is not true here: server 1 is three of the six.
    ended, _, err = aviary("scale", "4")
    assert ended == 0 and "4 participants with these groups and weights survive 0 failures, whoever fails" in err, err
    assert "even-participants" not in aviary("doctor", "--json")[1]
    for number in ("2", "3", "4"):
        assert aviary("kill", number)[0] == 0
    # Three sixths are not more than half.
    eventually(lambda: quorum()["mayFail"] is None, 30, "no quorum")
    assert aviary("start", "2")[0] == 0
    eventually(lambda: quorum()["serving"] == 1, 30, "the group has its majority")
