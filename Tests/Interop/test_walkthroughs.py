"""Configs as people write them by hand, and what they then type. Ports and names are the usual ones, so they must be free."""
import json
import pathlib
import re
import socket

import pytest

from harness import clients, places, trees
from harness.server import Server
from harness.waiting import eventually

pytestmark = pytest.mark.budget(120)


class Written(Server):
    """A server whose zoo.cfg is text that somebody wrote."""

    def __init__(self, kind, folder, text, client_port, host="127.0.0.1", myid=None, data=None):
        self.text, self.myid = text, myid
        self.given = data
        super().__init__(kind, folder, client_port, {}, host=host, identity=myid)

    def write_files(self):
        self.data = pathlib.Path(self.given or self.folder / "data")
        self.data.mkdir(parents=True, exist_ok=True)
        self.cfg.write_text(self.text)
        if self.myid is not None:
            (self.data / "myid").write_text(f"{self.myid}\n")


def mode(server):
    return re.search(r"^Mode: (\w+)$", server.word("srvr"), re.MULTILINE).group(1)


@pytest.fixture
def place(started, under_test, tmp_path):
    """place(name, text, port, …): a server with this config, ended after the test."""
    def make(name, text, port, **more):
        server = Written(under_test, tmp_path / name, text, port, **more)
        started.append(server)
        return server
    return make


def test_three_handwritten_configs(place, tmp_path):
    members = "server.1=localhost:2287:3387\nserver.2=localhost:2288:3388\nserver.3=localhost:2289:3389\n"
    servers = []
    for number in (1, 2, 3):
        folder = tmp_path / f"zoo{number}"
        text = (f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={folder}/data\ndataLogDir={folder}/log\n"
                f"clientPort={2181 + number}\n{members}")
        servers.append(place(f"zoo{number}", text, 2181 + number, myid=number).start())
    for server in servers:
        server.wait_serving()
    assert sorted(mode(server) for server in servers) == ["follower", "follower", "leader"]
    assert "Created /zk_test" in clients.zkcli_once("localhost:2182", "create", "/zk_test", "my_data")[1]
    assert "[zk_test, zookeeper]" in clients.zkcli("localhost:2183", "sync /", "ls /")
    for number in (1, 2, 3):
        assert not list((tmp_path / f"zoo{number}/data/version-2").glob("log.*"))
        assert list((tmp_path / f"zoo{number}/log/version-2").glob("log.*"))


def test_one_server_by_hand(place, tmp_path):
    server = place("one", f"tickTime=2000\ndataDir={tmp_path}/one/data\nclientPort=2181\n", 2181).start().wait_serving()
    assert mode(server) == "standalone"
    said = clients.zkcli("127.0.0.1:2181", "create /my_test testData", "get /my_test", "set /my_test junk", "get /my_test",
                         "create /my_test/child c", "ls /my_test", "delete /my_test")
    for line in ("Created /my_test", "testData", "junk", "Created /my_test/child", "[child]", "Node not empty: /my_test"):
        assert line in said, said
    server.restart()
    server.wait_serving()
    said = clients.zkcli("127.0.0.1:2181", "get /my_test", "ls /my_test")
    assert "junk" in said and "[child]" in said


def test_one_server_line_is_a_standalone_server(place, tmp_path):
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, 2888)
    except OSError:
        name = "localhost"
    text = f"tickTime=2000\ndataDir={tmp_path}/one/data\nclientPort=2181\nserver.1={name}:2888:3888\n"
    server = place("one", text, 2181, myid=1).start().wait_serving()
    assert mode(server) == "standalone"
    assert trees.create(server.session(), "/x") == "/x"


def test_four_servers_of_a_dynamic_file(place, tmp_path):
    hosts = {number: f"127.0.0.{10 + number}" for number in (1, 2, 3, 4)}
    members = "".join(f"server.{number}={host}:2888:3888:participant\n" for number, host in hosts.items())
    servers = {}
    for number, host in hosts.items():
        folder = tmp_path / str(number)
        folder.mkdir()
        dynamic = folder / "zoo.cfg.dynamic.100000000"
        dynamic.write_text(members)
        text = (f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={folder}/data\nclientPort=2181\nclientPortAddress={host}\n"
                f"dynamicConfigFile={dynamic}\n")
        servers[number] = place(str(number), text, 2181, host=host, myid=number)
    for number in (1, 2, 3):
        servers[number].start()
    three = [servers[number] for number in (1, 2, 3)]
    eventually(lambda: sorted(str(s.mode()) for s in three) == ["follower", "follower", "leader"], 60, "three of four serving")
    assert trees.create(servers[1].session(), "/three") == "/three"
    leader = next(s for s in three if s.mode() == "leader")
    victim = next(s for s in three if s is not leader)
    victim.kill()
    eventually(lambda: all(s.mode() is None for s in three), 40, "two of four serving nobody")
    victim.start()
    eventually(lambda: sorted(str(s.mode()) for s in three) == ["follower", "follower", "leader"], 60, "three serving again")
    servers[4].start().wait_serving()
    session = servers[4].session()
    trees.sync(session)
    assert trees.get(session, "/three")[0] == b""


def test_a_static_config_is_split_when_reconfig_is_enabled(place, tmp_path):
    members = [f"server.{number}=127.0.0.1:{2286 + number}:{3386 + number}:participant" for number in (1, 2, 3)]
    servers = []
    for number in (1, 2, 3):
        folder = tmp_path / str(number)
        text = (f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={folder}/data\nclientPort={2181 + number}\n"
                "reconfigEnabled=true\nstandaloneEnabled=false\n" + "\n".join(members) + "\n")
        servers.append(place(str(number), text, 2181 + number, myid=number).start())
    for server in servers:
        server.wait_serving()
    for server in servers:
        eventually(lambda: list(server.folder.glob("zoo.cfg.dynamic.*")), 20, "the dynamic file")
        dynamic = server.folder / "zoo.cfg.dynamic.100000000"
        assert sorted(line for line in dynamic.read_text().splitlines()) == members
        static = server.cfg.read_text()
        assert "server." not in static and f"dynamicConfigFile={dynamic}" in static
        assert (server.folder / "zoo.cfg.bak").read_text() == server.text
    for server in servers:
        server.restart()
    for server in servers:
        server.wait_serving()
    assert trees.create(servers[0].session(), "/after-the-split") == "/after-the-split"


@pytest.mark.ours
def test_a_bad_value_is_an_error_with_file_and_line_and_a_misspelt_key_a_warning(place, tmp_path):
    server = place("one", f"dataDir={tmp_path}/one/data\nclientPort=2181\ntickTime=often\n", 2181).start()
    eventually(lambda: not server.alive, 20, "the server ending")
    assert f"{server.cfg}:3" in server.log and "often" in server.log
    server = place("two", f"dataDir={tmp_path}/two/data\nclientPort=2181\ntickTme=2000\n", 2181).start().wait_serving()
    assert "tickTme" in server.log and "tickTime" in server.log


@pytest.mark.ours
def test_five_servers_of_the_sample(aviary):
    code, out, err = aviary("up", "--detach", str(places.ROOT / "conf/five.yaml"))
    assert code == 0, err

    def servers():
        return json.loads(aviary("status", "--json")[1])["servers"]
    connect = [server["client"] for server in servers()]
    assert len(connect) == 5
    assert aviary("cli", "-server", connect[0], "create", "/kept", "x")[0] == 0
    followers = [str(server["id"]) for server in servers() if server["mode"] == "follower"]
    assert aviary("kill", *followers[:2])[0] == 0
    eventually(lambda: aviary("wait", "--for", "leader", "--timeout", "5")[0] == 0, 30, "three of five serving")
    leader = next(server for server in servers() if server["mode"] == "leader")
    assert aviary("cli", "-server", leader["client"], "create", "/three", "y")[0] == 0
    assert "3 of 5 needed, 3 serving, 0 more may fail" in aviary("status")[1]
    assert aviary("kill", str(leader["id"]))[0] == 0
    eventually(lambda: all(server["mode"] is None for server in servers()), 40, "two of five serving nobody")
    code, out, err = aviary("status")
    assert code == 69 and "no quorum: 3 more must serve" in out
    assert aviary("start", followers[0])[0] == 0
    assert aviary("wait", "--for", "leader", "--timeout", "40")[0] == 0
    back = next(server["client"] for server in servers() if str(server["id"]) == followers[0])
    for path, value in (("/kept", "x"), ("/three", "y")):
        eventually(lambda: value in aviary("cli", "-server", back, "get", path)[1].split(), 20, f"{path} on the server that came back")
