"""`runtime: ssh`: every verb with servers on several hosts, which are network namespaces with a real sshd each."""
import json
import os
import shutil
import subprocess

import pytest

from harness import hosts as namespaces, places
from harness.clock import wrong_clock
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
        # What a verb could not purge, because a host of the spec was none.
        shutil.rmtree(machines.state(number) / "orders", ignore_errors=True)


def write_spec(machines, path, numbers, config="tickTime: 500", name="orders"):
    hosts = numbers if isinstance(numbers, dict) else {number: number for number in numbers}
    servers = "".join(f"  - {{id: {number}, host: {machines.address(host)}}}\n" for number, host in hosts.items())
    path.write_text(
        f"ensemble: {name}\nruntime: ssh\nconfig: {{{config}}}\n"
        f"ssh: {{user: root, identity: {machines.key}, options: [StrictHostKeyChecking=no, UserKnownHostsFile=/dev/null, "
        f"LogLevel=ERROR]}}\nservers:\n{servers}")
    return path


def rows(launcher, code=0):
    return {row["id"]: row for row in json.loads(launcher("status", "--json"))["servers"]}


def test_up_faults_apply_roll_down(machines, launcher, kazoo, tmp_path):
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
    eventually(lambda: rows(launcher)[2]["state"] == "dead", 10)
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


def test_a_dead_host_holds_no_change_up(machines, launcher, kazoo, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    launcher("up", spec, "--detach")
    machines.cut(3)
    try:
        launcher("apply", write_spec(machines, tmp_path / "spec.yaml", (1, 2, 4)))
        assert sorted(rows(launcher)) == [1, 2, 4]
        removed = os.listdir(tmp_path / "home" / "orders" / "removed")
        assert [name for name in removed if name.startswith("3-")], removed
        assert "no changes" in launcher("plan", spec)
        launcher("roll", "1")
    finally:
        machines.mend(3)


def test_a_server_moves_to_another_host_and_is_never_at_two(machines, launcher, kazoo, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    launcher("up", spec, "--detach")
    client = kazoo(f"{machines.address(1)}:2181,{machines.address(2)}:2181")
    client.create("/kept", b"all the while")
    write_spec(machines, spec, {1: 1, 2: 2, 3: 4})
    launcher("plan", spec, code=2)
    launcher("apply", spec)
    assert [len(machines.processes_of(number)) for number in (1, 2, 3, 4)] == [1, 1, 0, 1]
    assert kazoo(f"{machines.address(4)}:2181").get("/kept")[0] == b"all the while"
    # What is left on the old host is put aside, and says that its server is no member any more.
    [left] = (machines.state(3) / "orders" / "removed").iterdir()
    assert left.name.startswith("3-") and "removed" in (left / "data" / "identity").read_text()
    assert f"server.3={machines.address(4)}:" in client.get("/zookeeper/config")[0].decode()
    launcher("plan", spec)
    # From a host that does not answer nobody moves: it may come back.
    machines.cut(2)
    try:
        write_spec(machines, spec, {1: 1, 2: 3, 3: 4})
        shown = launcher("apply", spec, code=1)
        assert f"server 2 is to move to {machines.address(3)}" in shown and "an id of its own" in shown
        assert machines.processes_of(3) == []
    finally:
        machines.mend(2)


def test_the_folder_on_the_hosts_is_not_edited_away(machines, launcher, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    launcher("up", spec, "--detach")
    elsewhere = tmp_path / "elsewhere"
    spec.write_text(spec.read_text().replace("ssh: {", f"ssh: {{directory: {elsewhere}, "))
    assert "they cannot be moved while they run" in launcher("apply", spec, code=65)
    launcher("up", spec, "--detach")
    launcher("down")
    assert "Move" in launcher("up", spec, "--detach", code=65)
    assert not (elsewhere / "orders").exists()
    launcher("up", "--detach")


MACHINE = {"disk-slow", "disk-full"}  # true of the machine that the tests run on


def test_the_doctor_looks_at_every_host(machines, launcher, tmp_path):
    """Files, ports and clocks are those of the hosts, each seen there."""
    def codes(code=0):
        shown = launcher("doctor", "--json", code=code) if code == 0 else launcher.failed("doctor", "--json")
        return {(each["code"], each["server"]): each for each in json.loads(shown) if each["code"] not in MACHINE}

    def failed(*words):
        ran = subprocess.run([places.aviary_binary(), *words, "--dir", str(tmp_path / "home")], text=True, capture_output=True, timeout=60)
        assert ran.returncode == 1, (ran.stdout, ran.stderr)
        return ran.stdout
    launcher.failed = failed
    ahead = wrong_clock(tmp_path, 30)
    machines.set_environment(2, ahead or {})
    try:
        launcher("up", write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3)), "--detach")
        launcher("wait")
        found = codes()
        assert set(found) == ({("clock-differs", 2)} if ahead else set()), found
        if ahead:
            finding = found["clock-differs", 2]
            assert f"the clock of {machines.address(2)} is 30.0 s ahead of" in finding["text"], finding
            assert finding["remedy"] == f"ssh {machines.address(2)} timedatectl set-ntp true"
        launcher("stop", "3")
        data = machines.state(3) / "orders" / "3" / "data"
        (data / "myid").unlink()
        identity = (data / "identity").read_text()
        (data / "identity").write_text(identity.replace("orders.", "letters."))
        squatter = subprocess.Popen(["ip", "netns", "exec", machines.all[3], "python3", "-c",
                                     "import socket, time; s = socket.create_server(('', 2181)); time.sleep(60)"])
        try:
            eventually(lambda: ("port-taken", 3) in codes(1), 10, "the taken port")
            assert {("myid-missing", 3), ("data-foreign", 3), ("server-down", 3)} <= set(codes(1))
        finally:
            squatter.kill()
            squatter.wait()
        (data / "identity").write_text(identity)
        launcher("start", "3")
        launcher("wait")
        assert set(codes()) <= {("clock-differs", 2)}
    finally:
        launcher("down")
        machines.set_environment(2, {})


def test_errors_are_said_by_host(machines, launcher, tmp_path):
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 9))
    message = launcher("up", spec, "--detach", code=1)
    assert "server 3" in message or "server 9" in message
    assert machines.address(9) in message
    # The others were started all the same.
    assert len(machines.processes_of(1)) == 1 and len(machines.processes_of(2)) == 1


def test_a_leader_that_only_clients_still_reach(machines, launcher, kazoo, tmp_path):
    """A partition: the leader here, the two others there. What clients see is one history."""
    spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
    launcher("up", spec, "--detach")
    [leader] = [number for number, row in rows(launcher).items() if row["mode"] == "leader"]
    others = [number for number in (1, 2, 3) if number != leader]
    alone = kazoo(f"{machines.address(leader)}:2181")
    alone.create("/before", b"")
    for number in others:
        machines.inside(leader, "iptables", "-A", "INPUT", "-s", machines.address(number), "-j", "DROP")
        machines.inside(leader, "iptables", "-A", "OUTPUT", "-d", machines.address(number), "-j", "DROP")
    try:
        # Nothing that it is told from now on may be acknowledged.
        lost = alone.create_async("/never", b"")
        majority = kazoo(",".join(f"{machines.address(number)}:2181" for number in others))
        eventually(lambda: majority.create("/during", b"") is not None, 30, "a write of the majority")
        eventually(lambda: rows(launcher)[leader]["mode"] is None, 30, "the old leader serving nobody")
        assert not lost.ready() or lost.exception is not None
    finally:
        machines.inside(leader, "iptables", "-F")
    launcher("wait", "--timeout", "60")
    alone = kazoo(f"{machines.address(leader)}:2181")
    alone.sync("/")
    assert alone.exists("/before") and alone.exists("/during") and not majority.exists("/never")


SYSTEMCTL = '''#!/usr/bin/env python3
"""Stands in for systemd's: it runs a unit's ExecStart, and keeps nothing alive."""
import os, re, shlex, signal, subprocess, sys
words = [word for word in sys.argv[1:] if not word.startswith("--")]
with open("/etc/systemd/system/calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if words[0] in ("enable", "disable"):
    text = open("/etc/systemd/system/" + words[1]).read()
    [command] = re.findall("^ExecStart=(.*)$", text, re.M)
    [log] = re.findall("^StandardOutput=append:(.*)$", text, re.M)
    variables = dict(shlex.split(line)[0].split("=", 1) for line in re.findall("^Environment=(.*)$", text, re.M))
    if words[0] == "enable":
        out = open(log, "a")
        subprocess.Popen(shlex.split(command), env=dict(os.environ, **variables), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                         start_new_session=True)
    else:
        try:
            os.kill(int(open(variables["AVIARY_PID_FILE"]).read()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
'''


def test_under_systemd(machines, launcher, kazoo, tmp_path):
    """What a host with systemd is told; the units are what systemd's own verifier takes, and a stand-in runs them."""
    folder = tmp_path / "units"
    folder.mkdir()
    stand_in = tmp_path / "systemctl"
    stand_in.write_text(SYSTEMCTL)
    stand_in.chmod(0o755)
    real = shutil.which("systemctl")
    if not real:
        pytest.skip("there is no systemctl that the stand-in could stand in for")
    try:
        for number in (1, 2, 3):
            # All of it is seen on that host alone: mounts are its own.
            machines.restart_with(number, "mount -t tmpfs none /run", "mkdir -p /run/sshd /run/systemd/system",
                                  f"mkdir -p {folder}/{number}", f"mount --bind {folder}/{number} /etc/systemd/system",
                                  f"mount --bind {stand_in} {real}")
        spec = write_spec(machines, tmp_path / "spec.yaml", (1, 2, 3))
        up = json.loads(launcher("up", spec, "--detach", "--json"))
        kazoo(up["connect"]).create("/kept", b"under systemd")
        unit = folder / "2" / "aviary-orders-2.service"
        assert "enable --now --no-block aviary-orders-2.service" in (folder / "2" / "calls").read_text()
        # The verifier looks for the program: it is there on the host alone.
        copy = tmp_path / unit.name
        copy.write_text(unit.read_text().replace("/var/lib/aviary", str(machines.state(2))))
        ran = subprocess.run(["systemd-analyze", "verify", str(copy)], text=True, capture_output=True)
        assert ran.returncode == 0 and not ran.stderr, ran.stderr
        assert "binding to port" in launcher("logs", "2")
        launcher("stop", "2")
        assert machines.processes_of(2) == []
        assert "disable --now --no-block aviary-orders-2.service" in (folder / "2" / "calls").read_text()
        launcher("start", "2")
        launcher("wait")
        launcher("roll")
        launcher("down", "--purge")
        assert [machines.processes_of(number) for number in (1, 2, 3)] == [[], [], []]
        assert not unit.exists()
    finally:
        for number in (1, 2, 3):
            machines.restart_with(number)
