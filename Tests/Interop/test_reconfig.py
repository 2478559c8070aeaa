"""The configuration changes while the ensemble serves: by kazoo and Apache's shell, in ensembles of ours, of both kinds, led by either.

Run with --under-test apache, the same tests say how Apache ZooKeeper behaves.
"""
import subprocess

import kazoo.exceptions as errors
import pytest
from kazoo.security import make_digest_acl_credential

from harness import clients, places, trees
from harness.server import Server
from harness.waiting import eventually

pytestmark = pytest.mark.budget(150)

DYNAMIC = {"reconfigEnabled": "true", "standaloneEnabled": "false", "skipACL": "yes", "clientPort": None}
# Who leads at first (id 3), and who the others are; server 4 joins, server 5 is one more of the other kind.
COMPOSITIONS = {"ours": ("ours",) * 4, "ours-leads": ("apache", "ours", "ours", "apache"),
                "ours-follows": ("ours", "ours", "apache", "ours")}


class Dynamic:
    """An ensemble whose servers come and go; its kazoo client goes to whoever serves."""

    def __init__(self, folder, started, kinds, config):
        self.folder, self.started, self.config = folder, started, config
        self.lines = {}
        self.servers = {}
        for number in range(1, len(kinds) + 1):
            self.lines[number] = self.line()
        for number, kind in enumerate(kinds, 1):
            self.make(number, kind, self.lines.values())

    def line(self, role="participant"):
        quorum, election, client = (places.free_port() for _ in range(3))
        return f"127.0.0.1:{quorum}:{election}:{role};127.0.0.1:{client}"

    def make(self, number, kind, lines):
        members = [f"server.{n}={line}" for n, line in self.lines.items()]
        client = int(self.lines[number].rsplit(":", 1)[1])
        server = Server(kind, self.folder / str(number), client, self.config, identity=number, members=members)
        self.servers[number] = server
        self.started.append(server)
        return server

    def join(self, number, kind):
        """Starts a server that is no member yet: in its own configuration it is an observer."""
        line = self.line()
        self.lines[number] = line.replace(":participant;", ":observer;")
        server = self.make(number, kind, self.lines.values())
        self.lines[number] = line
        server.start().wait_serving()
        return server

    def __getitem__(self, number):
        return self.servers[number]

    def mode(self, number):
        return self.servers[number].mode()

    def leader(self):
        leading = [n for n, server in self.servers.items() if server.alive and server.mode() == "leader"]
        assert len(leading) < 2, f"two leaders: {leading}"
        return leading[0] if leading else None

    def addresses(self, *numbers):
        return ",".join(self.servers[n].address for n in numbers or self.servers)


@pytest.fixture
def dynamic(request, tmp_path, started, under_test):
    """make(name, config): three servers of a composition that serve, led by server 3; and the kind of server 4."""
    def make(name="ours", **config):
        kinds = [under_test if kind == "ours" else kind for kind in COMPOSITIONS[name]]
        ensemble = Dynamic(tmp_path, started, kinds[:3], {**DYNAMIC, **config})
        ensemble[1].start()
        ensemble[3].start()
        eventually(lambda: ensemble.mode(3) == "leader", 40, "server 3 leading")
        ensemble[2].start()
        for number in (1, 2, 3):
            ensemble[number].wait_serving()
        return ensemble, kinds[3]
    return make


def text(client):
    return client.get("/zookeeper/config")[0].decode()


def version(client):
    return int(text(client).rsplit("version=", 1)[1], 16)


def change(client, joining=None, leaving=None, seconds=20):
    """The change, tried until enough of those who would vote have synchronized; what the server answers."""
    def attempt():
        try:
            return client.reconfig(joining=joining, leaving=leaving, new_members=None)
        except errors.NewConfigNoQuorumError:
            return None
    return eventually(attempt, seconds, f"reconfig joining={joining} leaving={leaving}")


def roles(client):
    """{id: role} of the configuration in force, as this client's server has it."""
    lines = [line for line in text(client).splitlines() if line.startswith("server.")]
    return {int(line[7:line.index("=")]): line.split(";")[0].rsplit(":", 1)[1] for line in lines}


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_servers_join_and_leave_and_the_leader_too(dynamic, kazoo, composition):
    ensemble, kind = dynamic(composition)
    client = kazoo(ensemble.addresses(1, 2))
    assert roles(client) == {1: "participant", 2: "participant", 3: "participant"}
    first = version(client)
    assert first == 1 << 32, "the first leader gives the configuration its version"
    client.create("/before", b"1")
    changed = []
    client.get("/zookeeper/config", watch=lambda event: changed.append(event.type))

    ensemble.join(4, kind)
    eventually(lambda: ensemble.mode(4) in ("follower", "observer"), 30, "server 4 following")
    data, stat = change(client, joining=f"server.4={ensemble.lines[4]}")
    assert b"server.4=" in data and stat.version == -1 and stat.mzxid == version(client) > first
    assert roles(client)[4] == "participant"
    eventually(lambda: changed == ["CHANGED"], 10, "the watch of the configuration")
    eventually(lambda: ensemble.mode(4) == "follower", 30, "server 4 a follower")

    # The leader leaves: another leads, who is named by the change itself.
    client.create("/with-four", b"2")
    change(client, leaving="3")
    eventually(lambda: ensemble.leader() in (1, 2, 4), 30, "another leader")
    eventually(lambda: roles(client) == {1: "participant", 2: "participant", 4: "participant"}, 20, "three members")
    client.create("/without-three", b"3")
    ensemble[3].stop()
    client.create("/and-three-stopped", b"4")

    # And the next one too: two are left, both needed.
    leader = ensemble.leader()
    rest = sorted({1, 2, 4} - {leader})
    other = kazoo(ensemble.addresses(*rest))
    change(other, leaving=str(leader))
    eventually(lambda: ensemble.leader() in rest, 30, "a leader of the two")
    eventually(lambda: sorted(roles(other)) == rest, 20, "two members")
    other.create("/two", b"5")
    ensemble[leader].stop()
    other.create("/two-alone", b"6")

    # They come back as they are.
    for number in rest:
        ensemble[number].stop()
    for number in rest:
        ensemble[number].start()
    for number in rest:
        ensemble[number].wait_serving()
        tree = trees.dump(ensemble[number])
        assert {"/before", "/with-four", "/without-three", "/and-three-stopped", "/two", "/two-alone"} <= tree.keys()
    again = kazoo(ensemble.addresses(*rest))
    assert sorted(roles(again)) == rest


def test_down_to_one_and_up_again(dynamic, kazoo, under_test):
    ensemble, _ = dynamic()
    client = kazoo(ensemble.addresses(1))
    change(client, leaving="2,3")
    eventually(lambda: ensemble.mode(1) == "leader", 30, "server 1 leading alone")
    eventually(lambda: client.create("/alone", b""), 20, "a write alone")
    for number in (2, 3):
        ensemble[number].stop()
    client.create("/really-alone", b"")
    ensemble[1].stop()
    ensemble[1].start().wait_serving()
    assert roles(kazoo(ensemble.addresses(1))) == {1: "participant"}
    del ensemble.lines[2], ensemble.lines[3]
    for number in (4, 5):
        ensemble.join(number, under_test)
        client = kazoo(ensemble.addresses(1))
        change(client, joining=f"server.{number}={ensemble.lines[number]}")
    eventually(lambda: len(roles(client)) == 3, 20, "three members")
    ensemble[1].kill()
    rest = kazoo(ensemble.addresses(4, 5))
    rest.create("/without-one", b"")
    assert rest.exists("/really-alone")


def test_roles_and_addresses_change(dynamic, kazoo):
    ensemble, _ = dynamic()
    client = kazoo(ensemble.addresses(3))
    demoted = ensemble.lines[1].replace(":participant;", ":observer;")
    change(client, joining=f"server.1={demoted}")
    eventually(lambda: ensemble.mode(1) == "observer", 30, "server 1 an observer")
    assert roles(client)[1] == "observer"
    client.create("/observed", b"")
    eventually(lambda: "/observed" in trees.dump(ensemble[1]), 20, "the observer has it")
    change(client, leaving="1")
    eventually(lambda: ensemble.mode(1) == "follower", 30, "server 1 following without a vote")
    change(client, joining=f"server.1={ensemble.lines[1]}")
    assert roles(client)[1] == "participant"

    # Another client port: it listens there, and who is connected stays.
    stays = kazoo(ensemble.addresses(1))
    moved = places.free_port()
    line = ensemble.lines[1].rsplit(":", 1)[0] + f":{moved}"
    change(client, joining=f"server.1={line}")
    ensemble[1].client_port = moved
    ensemble[1].wait_serving()
    assert stays.exists("/observed"), "the old connection goes on"

    # The leader moves to other ports: somebody else leads at once, and it follows.
    quorum, election = places.free_port(), places.free_port()
    line = f"127.0.0.1:{quorum}:{election}:participant;{ensemble[3].address}"
    session = client.client_id
    change(client, joining=f"server.3={line}")
    eventually(lambda: ensemble.leader() in (1, 2), 30, "another leader")
    eventually(lambda: ensemble.mode(3) == "follower", 30, "server 3 following from its new place")
    eventually(lambda: client.create("/moved", b""), 20, "a write")
    assert client.client_id == session
    for number in (1, 2, 3):
        ensemble[number].stop()
    for number in (1, 2, 3):
        ensemble[number].start()
    for number in (1, 2, 3):
        ensemble[number].wait_serving()
    assert f":{quorum}:{election}:" in text(kazoo(ensemble.addresses()))


def test_what_is_refused(dynamic, kazoo, under_test):
    ensemble, _ = dynamic(skipACL="no")
    client = kazoo(ensemble.addresses(1))

    def refused(error, **change):
        with pytest.raises(error):
            client.reconfig(**{"joining": None, "leaving": None, "new_members": None, **change})
    line = ensemble.lines[1]
    dead = Dynamic.line(ensemble)
    refused(errors.BadVersionError, leaving="1", from_config=7)
    refused(errors.BadArgumentsError, joining="server.4=127.0.0.1:1:2:participant")
    refused(errors.BadArgumentsError, joining="server.4=nonsense")
    refused((errors.BadArgumentsError, errors.MarshallingError), leaving="one")
    refused(errors.BadArgumentsError, leaving="1,2,3")
    if under_test == "aviary":  # Apache ZooKeeper takes both, and the first reads differently wherever it is read
        refused(errors.BadArgumentsError, joining="server.4=ho\\\\st:1:2:observer;3")
        refused(errors.BadArgumentsError, joining=",".join(f"server.{n}=127.0.0.1:1:2:observer;3" for n in range(10, 3000)))
    refused(errors.NewConfigNoQuorumError, new_members=f"server.1={line},server.4={dead},server.5={Dynamic.line(ensemble)}")
    refused(errors.NoAuthError, leaving="1")
    assert len(roles(client)) == 3


def test_a_digest_may_be_granted_the_right(dynamic, kazoo):
    # super:secret
    digest = make_digest_acl_credential("super", "secret")
    ensemble, _ = dynamic(skipACL="no", **{"DigestAuthenticationProvider.superDigest": digest})
    client = kazoo(ensemble.addresses(2), auth_data=[("digest", "super:secret")])
    change(client, leaving="1")
    assert sorted(roles(client)) == [2, 3]


def test_apaches_shell_reconfigures(dynamic):
    ensemble, kind = dynamic()
    ensemble.join(4, kind)
    output = clients.zkcli(ensemble[1].address, f"reconfig -add server.4={ensemble.lines[4]}", "config")
    assert "Committed new configuration:" in output and output.count("server.4=") >= 2, output
    output = clients.zkcli(ensemble[1].address, "reconfig -remove 4", "config -c")
    assert "Committed new configuration:" in output, output


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_all_members_are_given_at_once(dynamic, kazoo, composition):
    """By kazoo and by Apache's shell: who is not named leaves, the leader too; who is named as another thing becomes that."""
    ensemble, kind = dynamic(composition)
    client = kazoo(ensemble.addresses(1, 2))
    client.create("/before", b"1")
    ensemble.join(4, kind)

    def whole(*lines):
        return ",".join(f"server.{number}={line}" for number, line in lines)

    def given(members, from_config):
        """What was answered, or is there if the connection ended with the old leader's rule before the answer came."""
        def attempt():
            try:
                return client.reconfig(joining=None, leaving=None, new_members=members, from_config=from_config)
            except errors.NewConfigNoQuorumError:
                return None
            except (errors.ConnectionLoss, errors.BadVersionError):
                return client.get("/zookeeper/config") if version(client) != from_config else None
        return eventually(attempt, 20, f"the members {members}")
    # Server 4 in the place of the leader, and under the condition that nobody has changed it meanwhile.
    lines = ensemble.lines
    with pytest.raises(errors.BadVersionError):
        client.reconfig(joining=None, leaving=None, new_members=whole((1, lines[1])), from_config=7)
    before = version(client)
    data, stat = given(whole(*((number, lines[number]) for number in (1, 2, 4))), from_config=before)
    assert b"server.4=" in data and b"server.3=" not in data and stat.mzxid > before
    eventually(lambda: ensemble.leader() in (1, 2, 4), 30, "another leader")
    eventually(lambda: roles(client) == {1: "participant", 2: "participant", 4: "participant"}, 20, "three members")
    assert version(client) > before
    eventually(lambda: client.create("/without-three", b"2"), 20, "a write")
    # The old one has no part in it: with it alone nobody serves.
    ensemble[3].stop()
    client.create("/and-three-stopped", b"3")

    # And by the shell: a follower with a vote becomes an observer.
    leader = eventually(ensemble.leader, 20, "a leader")
    observer = next(number for number in (1, 2) if number != leader)
    members = whole(*((n, lines[n].replace(":participant;", ":observer;") if n == observer else lines[n]) for n in (1, 2, 4)))

    def shell():
        output = clients.zkcli(ensemble[4].address, f"reconfig -members {members}")
        assert "KeeperErrorCode" not in output or "NewConfigNoQuorum" in output or "ConnectionLoss" in output, output
        return "Committed new configuration:" in output or roles(client)[observer] == "observer"
    eventually(shell, 60, "the shell's change")
    eventually(lambda: roles(client)[observer] == "observer", 20, "an observer by the configuration")
    eventually(lambda: ensemble.mode(observer) == "observer", 30, "an observer")
    eventually(lambda: client.create("/observed", b"4"), 20, "a write")
    for number in (1, 2, 4):
        eventually(lambda: {"/before", "/without-three", "/and-three-stopped", "/observed"} <= trees.dump(ensemble[number]).keys(),
                   20, f"all of it on server {number}")


@pytest.mark.ours  # Apache ZooKeeper's mntr does not say how much is proposed
def test_a_second_change_is_refused_while_one_is_on_its_way(dynamic, kazoo):
    """The followers stand still, so that the first cannot come into force; what the leader refuses is agreed on, too."""
    ensemble, _ = dynamic()
    first, second = kazoo(ensemble.addresses(3)), kazoo(ensemble.addresses(3))

    def proposed():
        return int(next(line for line in ensemble[3].word("mntr").splitlines() if line.startswith("zk_outstanding_proposals\t")).split("\t")[1])
    assert proposed() == 0
    ensemble[1].pause()
    ensemble[2].pause()
    pending = first.reconfig_async(None, "1", None, -1)
    eventually(proposed, 8, "the first change being proposed")
    refused = second.reconfig_async(None, "2", None, -1)
    eventually(lambda: proposed() >= 2, 8, "the refusal of the second being proposed")
    ensemble[1].resume()
    ensemble[2].resume()
    data, _ = pending.get(timeout=20)
    assert b"server.1=" not in data and b"server.2=" in data
    with pytest.raises(errors.ReconfigInProcessError):
        refused.get(timeout=20)
    change(second, leaving="2")
    assert sorted(roles(second)) == [3]


@pytest.mark.ours
def test_our_shell_reconfigures(dynamic):
    ensemble, kind = dynamic()
    ensemble.join(4, kind)

    def shell(*words):
        ran = subprocess.run([places.aviary_binary(), "cli", "-server", ensemble[1].address, *words], text=True,
                             capture_output=True, timeout=30)
        return ran.returncode, ran.stdout, ran.stderr
    code, output, _ = shell("reconfig", "-add", f"server.4={ensemble.lines[4]}")
    assert code == 0 and output.startswith("Committed new configuration:\n") and "server.4=" in output
    code, output, complaint = shell("reconfig", "-v", "7", "-remove", "4")
    assert code == 1 and "version" in complaint.lower(), complaint
    code, output, _ = shell("reconfig", "-remove", "4")
    assert code == 0 and "server.4=" not in output


def test_without_reconfig_enabled_nothing_changes(ensemble, kazoo):
    client = kazoo(ensemble.addresses)
    with pytest.raises(errors.ReconfigDisabledError):
        client.reconfig(joining=None, leaving="1", new_members=None)
    assert text(client).endswith("version=0")
