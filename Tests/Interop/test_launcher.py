"""`aviary up` and its neighbours, as a person types them; each test has a home of its own."""
import json
import os
import signal
import subprocess

import pytest

from conformance import zkwire as w
from harness import clients, places
from harness.server import java_command
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]


@pytest.fixture
def aviary(tmp_path):
    """aviary(words…): (exit status, stdout, stderr); what it started is stopped after the test."""
    environment = dict(os.environ, AVIARY_HOME=str(tmp_path / "home"))

    def run(*words, seconds=60):
        ran = subprocess.run([places.aviary_binary(), *words], env=environment, text=True, capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=seconds)
        return ran.returncode, ran.stdout, ran.stderr
    run.environment = environment
    yield run
    run("down", "--purge")


def status(aviary):
    code, out, err = aviary("status", "--json")
    assert out, f"{code}: {err}"
    return json.loads(out)


def modes(aviary):
    return [server["mode"] for server in status(aviary)["servers"]]


def addresses(aviary):
    return [server["client"] for server in status(aviary)["servers"]]


def test_up_starts_three_servers_that_share_one_tree(aviary):
    code, _, err = aviary("up", "--detach")
    assert code == 0, err
    said = status(aviary)
    assert said["ready"] and sorted(modes(aviary)) == ["follower", "follower", "leader"]
    one, _, three = addresses(aviary)
    assert "Created /greeting" in "".join(aviary("cli", "-server", one, "create", "/greeting", "hello")[1:])
    kazoo = clients.kazoo(three)
    try:
        kazoo.sync("/greeting")
        assert kazoo.get("/greeting")[0] == b"hello"
    finally:
        clients.let_go(kazoo)
    assert "3 of 3 running" in aviary("ls")[1]
    assert "2 of 3 needed, 3 serving, 1 more may fail" in aviary("status")[1]


def test_down_keeps_data_and_ports_and_purge_does_not(aviary):
    assert aviary("up", "--detach")[0] == 0
    before = addresses(aviary)
    assert aviary("cli", "-server", before[0], "create", "/kept", "x")[0] == 0
    assert aviary("down")[0] == 0
    assert aviary("up", "--detach")[0] == 0
    assert addresses(aviary) == before
    eventually(lambda: "x" in aviary("cli", "-server", before[1], "get", "/kept")[1].split(), 20, "what was written before")
    assert aviary("down", "--purge")[0] == 0
    assert aviary("status")[0] == 69


def test_single_servers_are_killed_paused_and_started_again(aviary):
    assert aviary("up", "--detach")[0] == 0
    leader = next(str(s["id"]) for s in status(aviary)["servers"] if s["mode"] == "leader")
    assert aviary("kill", leader)[0] == 0
    eventually(lambda: modes(aviary).count("leader") == 1 and len([m for m in modes(aviary) if m]) >= 2, 30, "another leader")
    assert not status(aviary)["ready"]
    assert aviary("start", leader)[0] == 0
    assert aviary("wait", "--for", "ready")[0] == 0
    assert status(aviary)["ready"]
    assert aviary("pause", "1")[0] == 0
    eventually(lambda: not status(aviary)["ready"], 30, "a paused server noticed")
    assert aviary("resume", "1")[0] == 0
    assert aviary("wait", "--for", "ready")[0] == 0
    assert aviary("restart", "2")[0] == 0
    assert aviary("wait", "--for", "ready")[0] == 0


def running(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().split()[2] != "Z"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_the_foreground_restarts_what_dies_and_ends_all_cleanly(aviary, number):
    process = subprocess.Popen([places.aviary_binary(), "up"], env=aviary.environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: status(aviary)["ready"], 30, "ready")
        victim = status(aviary)["servers"][0]["pid"]
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: status(aviary)["ready"] and status(aviary)["servers"][0]["pid"] != victim, 30, "the restart")
        pids = [server["pid"] for server in status(aviary)["servers"]]
        process.send_signal(number)
        process.wait(30)
        eventually(lambda: not running(pids), 10, "every server ended")
    finally:
        process.kill()
        process.wait()


def write_spec(tmp_path):
    """A spec of three servers on free ports; its path and the client ports."""
    names = ("client", "quorum", "election", "admin")
    servers = [{name: places.free_port() for name in names} for _ in range(3)]
    text = "version: 1\nensemble: made\nservers:\n" + "".join(
        f"  - id: {number}\n    ports: {{{', '.join(f'{name}: {port}' for name, port in ports.items())}}}\n"
        for number, ports in enumerate(servers, 1))
    spec = tmp_path / "made.yaml"
    spec.write_text(text)
    return spec, [ports["client"] for ports in servers]


def test_apache_zookeeper_starts_from_generated_files(aviary, tmp_path):
    spec, ports = write_spec(tmp_path)
    code, out, err = aviary("generate", str(spec), "--out", str(tmp_path / "out"))
    assert code == 0, err
    running = []
    try:
        for path in out.split():
            folder = os.path.dirname(path)
            running.append(subprocess.Popen(
                java_command("apache", folder, f"{folder}/java.log", "org.apache.zookeeper.server.quorum.QuorumPeerMain", path),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        def modes():
            found = []
            for port in ports:
                try:
                    said = w.four_letter_word("127.0.0.1", port, "srvr")
                except OSError:
                    said = ""
                found += [line.split(": ")[1] for line in said.splitlines() if line.startswith("Mode: ")]
            return sorted(found)
        eventually(lambda: modes() == ["follower", "follower", "leader"], 60, "three Apache servers in a quorum")
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_up_takes_a_spec_and_says_all_that_is_wrong_with_one(aviary, tmp_path):
    spec, ports = write_spec(tmp_path)
    code, out, err = aviary("up", "--detach", str(spec))
    assert code == 0, err
    assert all(f"localhost:{port}" in out for port in ports)
    aviary("down", "--purge")
    spec.write_text("version: 1\nserves: 3\nservers:\n  - id: 1\n    role: particpant\n")
    code, out, err = aviary("up", str(spec))
    assert code == 65
    assert f"{spec}:2:1: error:" in err and "did you mean servers?" in err
    assert f"{spec}:5:11: error:" in err and "did you mean participant?" in err
