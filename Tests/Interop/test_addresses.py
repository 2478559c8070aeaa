"""Servers with several addresses: some that are dead, some that die, mixed with 3.9.5, and what is said on the wire."""
import os
import shutil
import socket
import struct

import pytest
import kazoo.exceptions as errors

from harness import clients, places, trees
from harness.hosts import run
from harness.waiting import eventually
from test_mixed import assert_equal
from test_reconfig import DYNAMIC, Dynamic, change, text

pytestmark = pytest.mark.budget(180)

ENABLED = {"multiAddress.enabled": "true"}
# 3.9.5 reads lines of several addresses by the property alone.
PROPERTIES = ["zookeeper.multiAddress.enabled=true"]


@pytest.fixture
def addresses():
    """addresses(network, number): an address of this machine; kill(address): whoever talks to it hears nothing any more."""
    killed = []

    class Addresses:
        def __call__(self, network, number):
            return f"127.{100 + os.getpid() % 100}.{network}.{number}"

        @staticmethod
        def kill(address):
            if os.geteuid() != 0 or not shutil.which("iptables"):
                pytest.skip("only root can make an address fall silent, with iptables")
            killed.append(address)
            run("iptables", "-I", "INPUT", "-d", address, "-j", "DROP")
    yield Addresses()
    for each in killed:
        run("iptables", "-D", "INPUT", "-d", each, "-j", "DROP", check=False)


def several(first, second):
    """The host of a member's line with two addresses; the second has the ports that the ensemble chooses."""
    return f"{first}:{places.free_port()}:{places.free_port()}|{second}"


def make(make_ensemble, kinds, hosts, **more):
    ensemble = make_ensemble(kinds, hosts=hosts, config={"tickTime": 500, **ENABLED, **more})
    for each in ensemble:
        each.properties = PROPERTIES
    return ensemble


def write(ensemble, prefix, count=10):
    for number, server in enumerate(ensemble.running):
        session = server.session()
        for i in range(count):
            assert trees.create(session, f"/{prefix}-{number}-{i}") == f"/{prefix}-{number}-{i}"
        session.close()


@pytest.mark.ours
@pytest.mark.parametrize("dead", ["silent", "silent-last", "strange"])
def test_one_address_of_each_is_dead(make_ensemble, addresses, dead):
    """An address where nothing arrives, or one that this machine does not have, so that nobody can listen there."""
    strange = dead == "strange"
    hosts = [several(f"100.64.9.{n}" if strange else addresses(1, n), addresses(2, n)) for n in (1, 2, 3)]
    for n in () if strange else (1, 2, 3):
        addresses.kill(addresses(2 if dead == "silent-last" else 1, n))
    ensemble = make(make_ensemble, 3, hosts).start().wait_ready()
    assert all(("trying again" in each.log) == strange for each in ensemble)
    write(ensemble, "a")
    for _ in range(2):
        leader = ensemble.leader()
        leader.kill()
        ensemble.wait_ready()
        write(ensemble, f"without-{leader.identity}")
        leader.start()
        ensemble.wait_ready()
    assert_equal(ensemble)


@pytest.mark.parametrize("kinds,silent", [
    (("apache", "ours", "ours"), None), (("ours", "ours", "apache"), None), (("apache", "apache", "ours"), None),
    (("ours", "apache", "ours"), 1), (("apache", "ours", "apache"), 2)])
def test_both_kinds_agree_on_several_addresses(make_ensemble, addresses, under_test, kinds, silent):
    """All addresses live, or nothing arrives at one of each server."""
    hosts = [several(addresses(2, n), addresses(1, n)) for n in (1, 2, 3)]
    for n in (1, 2, 3) if silent else ():
        addresses.kill(addresses(silent, n))
    ensemble = make(make_ensemble, [under_test if each == "ours" else each for each in kinds], hosts, reconfigEnabled="true")
    ensemble.start_led_by(3)
    write(ensemble, "a")
    texts = {"\n".join(sorted(trees.get(each.session(), "/zookeeper/config")[0].decode().splitlines())) for each in ensemble}
    assert len(texts) == 1, texts
    for line in texts.pop().splitlines():
        if line.startswith("server."):
            first, second = line.split("=")[1].removesuffix(":participant").split("|")
            assert first.split(":")[0] == addresses(1, line[7]) and second.split(":")[0] == addresses(2, line[7])
    ports = {each.identity: sorted(each.word("conf").split("electionPort=")[1].splitlines()[0].split("|")) for each in ensemble}
    for each in ensemble:
        line = next(line for line in ensemble.members if line.startswith(f"server.{each.identity}="))
        assert ports[each.identity] == sorted(part.split(":")[2] for part in line.split("=")[1].split("|"))
    for victim in (3, 1):
        ensemble[victim].kill()
        ensemble.wait_ready()
        write(ensemble, f"without-{victim}")
        ensemble[victim].start()
        ensemble.wait_ready()
    assert_equal(ensemble)


@pytest.mark.parametrize("kind", ["ours", "apache"])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_greeting_of_an_election(make_ensemble, addresses, under_test, kind, enabled):
    """What server 2 says first to server 1, which is the test: version 2 and all addresses with the key, else version 1."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)
    hosts = ["127.0.0.1", several(addresses(1, 2), addresses(2, 2)) if enabled else addresses(1, 2), "127.0.0.1"]
    ensemble = make_ensemble([under_test if kind == "ours" else kind] * 3, hosts=hosts, config=ENABLED if enabled else {})
    server = ensemble[2]
    quorum, election = ensemble.members[0].rsplit(":", 2)[1:]
    server.members[0] = f"server.1=127.0.0.1:{quorum}:{listener.getsockname()[1]}"
    server.properties = PROPERTIES if enabled else []
    server.write_files()
    server.start()
    with listener, listener.accept()[0] as stream:
        stream.settimeout(10)
        said = b""
        while len(said) < 20 or len(said) < 20 + struct.unpack(">i", said[16:20])[0]:
            said += stream.recv(4096)
    version, identity, length = struct.unpack(">qqi", said[:20])
    expected = [":".join((part.split(":")[0], part.split(":")[2])) for part in ensemble.members[1].split("=")[1].split("|")]
    assert (version, identity) == (-65535 if enabled else -65536, 2)
    assert sorted(said[20:20 + length].decode().split("|")) == sorted(expected)


@pytest.mark.parametrize("leads", ["ours", "apache"])
def test_a_server_with_two_addresses_joins(tmp_path, started, addresses, kazoo, under_test, leads):
    kinds = [under_test, "apache", under_test] if leads == "ours" else [under_test, under_test, "apache"]
    ensemble = Dynamic(tmp_path, started, kinds, {**DYNAMIC, **ENABLED})

    def start(number):
        ensemble[number].properties = PROPERTIES
        ensemble[number].start()
    start(1)
    start(3)
    eventually(lambda: ensemble.mode(3) == "leader", 40, "server 3 leading")
    start(2)
    for number in (1, 2, 3):
        ensemble[number].wait_serving()
    lines = {}
    for number, kind in ((4, under_test), (5, "apache")):
        line = ensemble.line()
        client = line.split(";")[1]
        first, second = addresses(2, number), addresses(1, number)
        ports = [places.free_port() for _ in range(4)]
        ensemble.lines[number] = f"{first}:{ports[0]}:{ports[1]}|{second}:{ports[2]}:{ports[3]}:observer;{client}"
        server = ensemble.make(number, kind, ensemble.lines.values())
        server.properties = PROPERTIES
        server.start().wait_serving()
        one = kazoo(ensemble.addresses(1))
        change(one, joining=f"server.{number}={first}:{ports[0]}:{ports[1]}|{second}:{ports[2]}:{ports[3]}:participant;{client}")
        lines[number] = f"server.{number}={second}:{ports[2]}:{ports[3]}|{first}:{ports[0]}:{ports[1]}:participant;{client}"
        for each in ensemble.servers.values():
            eventually(lambda: lines[number] in text(kazoo(each.address)).splitlines(), 20, f"{each} having {lines[number]}")
        eventually(lambda: server.mode() == "follower", 30, f"{server} following")
    # The files say it too, and a server starts again from them.
    dynamic = next(path for path in ensemble[4].folder.glob("zoo.cfg.dynamic.*") if lines[5] in path.read_text())
    assert lines[4] in dynamic.read_text().splitlines()
    ensemble[4].restart().wait_serving()
    ensemble[3].kill()
    eventually(lambda: ensemble.leader(), 40, "another leader")
    for number in (1, 2, 4, 5):
        ensemble[number].wait_serving()
        assert trees.create(ensemble[number].session(), f"/by-{number}") == f"/by-{number}"


@pytest.mark.ours
@pytest.mark.parametrize("victims", ["leader", "follower", "all"])
def test_an_address_dies_at_run_time_and_the_ensemble_goes_on(make_ensemble, addresses, victims):
    hosts = [several(addresses(1, n), addresses(2, n)) for n in (1, 2, 3)]
    ensemble = make(make_ensemble, 3, hosts, cnxTimeout=2000).start().wait_ready()
    write(ensemble, "before")
    leader = ensemble.leader()
    dying = {"leader": [leader.identity], "follower": [leader.identity % 3 + 1], "all": [1, 2, 3]}[victims]
    for number in dying:
        addresses.kill(addresses(1, number))
    written = []

    def go_on():
        """Every server takes a write that all others see."""
        for each in ensemble:
            session = each.session(io_timeout=3)
            name = trees.create(session, f"/after-{each.identity}-{len(written)}")
            written.append(name)
            assert str(name).startswith("/after"), name
            session.close()
        return ensemble.ready()
    # Longer than it takes to miss the leader, five ticks of half a second, and an address, a second each time.
    eventually(go_on, 30, "writes by all servers")
    assert ensemble.ready()
    leader = ensemble.leader()
    leader.kill()
    ensemble.wait_ready()
    leader.start()
    ensemble.wait_ready()
    tree = assert_equal(ensemble)
    assert all(f"/before-{n}-9" in tree for n in range(3))


@pytest.mark.ours
def test_without_the_key_several_addresses_are_refused(make_ensemble, tmp_path, started, kazoo):
    server = make_ensemble(3, hosts=[several("127.0.0.1", "127.0.0.2")] * 3)[1].start()
    assert server.process.wait(20) == 65
    assert "server.1 lists several addresses, which needs multiAddress.enabled=true" in server.log
    ensemble = Dynamic(tmp_path / "off", started, ["aviary"] * 3, DYNAMIC)
    for number in (1, 2, 3):
        ensemble[number].start()
    ensemble[1].wait_serving()
    with pytest.raises(errors.BadArgumentsError):
        kazoo(ensemble.addresses(1)).reconfig(joining="server.4=127.0.0.1:1:2|127.0.0.2:1:2;3", leaving=None, new_members=None)
    assert "needs multiAddress.enabled=true" in "".join(each.log for each in ensemble.servers.values())
