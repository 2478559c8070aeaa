"""`runtime: ssh`: every verb with servers on several hosts, which are network namespaces with a real sshd each."""
import json
import os
import subprocess

import pytest

from harness import hosts as namespaces, places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(170)]


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    try:
        made = namespaces.Hosts(tmp_path_factory.mktemp("hosts"), 4)
    except namespaces.NoHosts as error:
        os.write(2, f"\nssh: SKIPPED, {error}\n".encode())
        pytest.skip(str(error))
    yield made
    made.close()


@pytest.fixture
def launcher(machines, tmp_path):
    """launcher(words…): what the verb prints; all servers are ended after the test."""
    def launch(*words, code=0, seconds=120):
        ran = subprocess.run([places.aviary_binary(), *map(str, words), "--dir", str(tmp_path / "home")], text=True,
                             capture_output=True, timeout=seconds)
        assert ran.returncode == code, f"aviary {' '.join(map(str, words))}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout if code == 0 else ran.stderr
    yield launch
    subprocess.run([places.aviary_binary(), "down", "--purge", "--dir", str(tmp_path / "home")], capture_output=True, timeout=60)
    for number in machines.all:
        for pid in machines.processes_of(number):
            subprocess.run(["kill", "-9", pid])


def write_spec(machines, path, numbers, config="tickTime: 500", name="orders"):
    servers = "".join(f"  - {{id: {number}, host: {machines.address(number)}}}\n" for number in numbers)
    path.write_text(
        f"ensemble: {name}\nruntime: ssh\nconfig: {{{config}}}\n"
        f"ssh: {{user: root, identity: {machines.key}, options: [StrictHostKeyChecking=no, UserKnownHostsFile=/dev/null, "
        f"LogLevel=ERROR]}}\nservers:\n{servers}")
    return path


def rows(launcher, code=0):
    return {row["id"]: row for row in json.loads(launcher("status", "--json"))["servers"]}


def test_every_verb(machines, launcher, kazoo, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    up = json.loads(launcher("up", spec, "--detach", "--json"))
    os.write(2, f"\nssh: {up['milliseconds']} ms from aviary up to three hosts that are ready, the program put there first\n".encode())
    assert up["connect"] == ",".join(f"{machines.address(number)}:2181" for number in (1, 2, 3))
    # Each on its own host, with files that are on no other.
    for number in (1, 2, 3):
        assert len(machines.processes_of(number)) == 1
        assert sorted(each.name for each in (machines.state(number) / "orders").iterdir()) == [str(number)]
    client = kazoo(up["connect"])
    client.create("/kept", b"all the while")
    found = rows(launcher)
    assert all(row["pid"] and row["residentBytes"] for row in found.values())
    assert {row["mode"] for row in found.values()} == {"leader", "follower"}
    assert "binding to port" in launcher("logs", "2")
    assert "3 of 3 running" in launcher("ls")

    launcher("kill", "2")
    eventually(lambda: rows(launcher)[2]["state"] == "stopped", 10)
    launcher("start", "2")
    launcher("wait")
    launcher("pause", "3")
    eventually(lambda: rows(launcher)[3]["mode"] is None, 10)
    launcher("resume", "3")
    launcher("wait")
    launcher("restart", "1")
    launcher("wait")

    # A host more, and another setting for all, from the edited spec.
    write_spec(machines, spec, (1, 2, 3, 4), "tickTime: 700")
    launcher("apply", spec)
    assert len(machines.processes_of(4)) == 1
    assert "tickTime=700" in kazoo(f"{machines.address(2)}:2181").command(b"conf")
    # One fewer: its files are put aside on its host.
    write_spec(machines, spec, (2, 3, 4), "tickTime: 700")
    launcher("apply", spec)
    assert machines.processes_of(1) == []
    assert [each.name.split("-")[0] for each in (machines.state(1) / "orders" / "removed").iterdir()] == ["1"]
    # From another binary.
    other = tmp_path / "aviary-next"
    other.write_bytes(open(places.aviary_binary(), "rb").read())
    other.chmod(0o755)
    report = json.loads(launcher("roll", "--binary", other, "--json"))
    assert report["sessionsLost"] == 0
    builds = [each for each in (machines.state(2) / "bin").iterdir()]
    assert len(builds) == 2
    [pid] = machines.processes_of(2)
    assert os.path.samefile(f"/proc/{pid}/exe", max(builds, key=lambda each: each.stat().st_mtime))
    assert kazoo(f"{machines.address(2)}:2181").get("/kept")[0] == b"all the while"

    launcher("down")
    assert [machines.processes_of(number) for number in (2, 3, 4)] == [[], [], []]
    launcher("up", "--detach")
    assert kazoo(f"{machines.address(4)}:2181").get("/kept")[0] == b"all the while"
    launcher("down", "--purge")
    assert not (machines.state(2) / "orders").exists()


def test_a_host_that_is_lost(machines, launcher, kazoo, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    launcher("up", spec, "--detach")
    client = kazoo(f"{machines.address(1)}:2181,{machines.address(2)}:2181")
    client.create("/before", b"")
    machines.cut(3)
    try:
        eventually(lambda: client.create("/during", b"") is not None, 30, "a write without the lost host")
        state = rows(launcher)
        assert state[3]["state"] == "unreachable" and state[3]["mode"] is None
        assert {state[number]["mode"] for number in (1, 2)} == {"leader", "follower"}
        shown = launcher("stop", "3", code=69)
        assert machines.address(3) in shown
    finally:
        machines.mend(3)
    launcher("wait", "--timeout", "60")
    third = kazoo(f"{machines.address(3)}:2181")
    third.sync("/during")
    assert third.exists("/during")


def test_errors_are_said_by_host(machines, launcher, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 9))
    message = launcher("up", spec, "--detach", code=1)
    assert "server 3" in message or "server 9" in message
    assert machines.address(9) in message
    # The others were started all the same.
    assert len(machines.processes_of(1)) == 1 and len(machines.processes_of(2)) == 1
