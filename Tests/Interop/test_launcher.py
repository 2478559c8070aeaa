"""`aviary up` and its neighbours, as a person types them; each test has a home of its own."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from conformance import zkwire as w
from harness import clients, places
from harness.server import java_command
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]


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


def test_an_ensemble_is_named_or_chosen_or_the_only_one(aviary, tmp_path):
    assert aviary("up", "--detach", "-n", "1", "-e", "one")[0] == 0
    assert aviary("status")[0] == 0
    assert aviary("up", "--detach", "-n", "1", "--ensemble", "two")[0] == 0
    assert status(aviary)["ensemble"] == "two"  # started last
    assert aviary("cli", "create", "/here", "x")[0] == 0
    assert "here" in aviary("cli", "-e", "two", "ls", "/")[1] and "here" not in aviary("cli", "-e", "one", "ls", "/")[1]
    (pathlib.Path(aviary.environment["AVIARY_HOME"]) / ".current").unlink()
    for words in (("status",), ("cli", "ls", "/")):
        code, out, err = aviary(*words)
        assert code == 64 and "one, two" in err and "--ensemble NAME" in err and "aviary use" in err
    assert aviary("use", "two")[0] == 0
    assert status(aviary)["ensemble"] == "two"
    assert json.loads(aviary("status", "-e", "one", "--json")[1])["ensemble"] == "one"
    listed = json.loads(aviary("ls", "--json")[1])["ensembles"]
    assert [(each["ensemble"], each["current"], each["running"]) for each in listed] == [("one", False, 1), ("two", True, 1)]
    elsewhere = str(tmp_path / "elsewhere")
    assert json.loads(aviary("ls", "--json", "--dir", elsewhere)[1]) == {"home": elsewhere, "ensembles": []}
    assert aviary("status", "--dir", elsewhere)[0] == 69
    assert aviary("up", "--detach", "-n", "1", "--dir", elsewhere)[0] == 0
    assert aviary("down", "--purge", "--dir", elsewhere)[0] == 0
    assert aviary("down", "--purge")[0] == 0
    assert status(aviary)["ensemble"] == "one"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_servers_of_another_user_are_not_said_to_be_stopped(aviary, tmp_path):
    assert aviary("up", "--detach", "-n", "1")[0] == 0
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    places_binary = tmp_path / "aviary"
    shutil.copy(places.aviary_binary(), places_binary)
    for is_open in (False, True):
        if is_open:
            subprocess.run(["chmod", "-R", "a+rX", tmp_path / "home"], check=True)
        for words in (("down",), ("down", "--purge"), ("stop", "1"), ("kill", "1")):
            ran = subprocess.run([places_binary, *words], env=aviary.environment, text=True, capture_output=True, user="nobody")
            assert ran.returncode == 1 and "belongs to another user" in ran.stderr and ran.stdout == "", (words, ran)
    assert status(aviary)["servers"][0]["mode"] == "leader"


def test_ensembles_side_by_side_share_no_port_also_while_nobody_listens_there(aviary):
    """A follower's quorum port is closed until it leads: another launcher must not take it for free."""
    home = pathlib.Path(aviary.environment["AVIARY_HOME"])
    starting = [subprocess.Popen([places.aviary_binary(), "up", "--detach", "-e", name], env=aviary.environment, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in ("one", "two", "three")]
    for each in starting:
        assert each.wait(60) == 0, each.stderr.read()
    ports = []
    for name in ("one", "two", "three"):
        text = (home / name / "1" / "zoo.cfg.dynamic").read_text()
        ports += [int(port) for line in text.split() for port in line.replace(";", ":").split(":")[1:] if port.isdigit()]
        # Whoever leads, the ensemble goes on.
        leader = next(server["id"] for server in json.loads(aviary("status", "-e", name, "--json")[1])["servers"] if server["mode"] == "leader")
        assert aviary("kill", str(leader), "-e", name)[0] == 0
        assert aviary("wait", "--for", "leader", "-e", name, seconds=90)[0] == 0
    assert len(ports) == 27 and len(set(ports)) == 27, sorted(ports)


def test_a_port_of_another_ensemble_is_said_to_be_its(aviary, tmp_path):
    assert aviary("up", "--detach", "-n", "1", "-e", "one")[0] == 0
    port = status(aviary)["servers"][0]["client"].rsplit(":", 1)[1]
    spec = tmp_path / "two.yaml"
    spec.write_text(f"servers:\n  - id: 1\n    ports: {{client: {port}}}\n")
    code, _, err = aviary("up", "--detach", spec)
    assert code == 1 and "server 1 of one" in err and "aviary down --ensemble one" in err, err


def test_results_are_json_with_the_documented_fields(aviary):
    up = json.loads(aviary("up", "--detach", "--json")[1])
    assert up["ready"] and up["missing"] is None and up["milliseconds"] > 0
    assert up["connect"] == ",".join(server["client"] for server in up["servers"])
    assert set(up["servers"][0]) == {
        "id", "role", "state", "mode", "client", "zxid", "lag", "epoch", "sessions", "latency", "requests", "requestsPerSecond",
        "outstanding", "configVersion", "pid", "processorPercent", "residentBytes"}
    assert {server["epoch"] for server in up["servers"]} == {1} and {server["sessions"] for server in up["servers"]} == {0}
    kazoo = clients.kazoo(up["servers"][0]["client"])
    try:
        assert [server["sessions"] for server in status(aviary)["servers"]] == [1, 0, 0]
    finally:
        clients.let_go(kazoo)
    stopped = json.loads(aviary("stop", "2", "--json")[1])
    assert stopped == {"ensemble": "local", "did": "stopped", "servers": [2]}
    quorum = status(aviary)["quorum"]
    assert (quorum["needed"], quorum["serving"], quorum["mayFail"]) == (2, 2, 0)
    assert aviary("status")[0] == 0
    assert json.loads(aviary("stop", "1", "--json")[1])["servers"] == [1]
    eventually(lambda: status(aviary)["quorum"]["mayFail"] is None, 20, "the loss of the quorum")
    assert aviary("status")[0] == 69
    code, out, err = aviary("wait", "--timeout", "1", "--json")
    assert code == 69 and json.loads(out)["met"] is False and "server 1 is stopped" in err and "aviary status" in err
    assert aviary("start", "1", "2")[0] == 0
    assert json.loads(aviary("wait", "--for", "synced", "--json")[1])["met"] is True
    line = json.loads(aviary("logs", "3", "--json")[1].splitlines()[0])
    assert line["server"] == 3 and line["line"]
    assert json.loads(aviary("down", "--json")[1]) == {"ensemble": "local", "stopped": [1, 2, 3], "purged": False}


@pytest.mark.parametrize("words", [("status", "--watch"), ("top",), ("logs", "-f")], ids=["status --watch", "top", "logs -f"])
def test_live_views_go_on_until_ctrl_c(aviary, words, tmp_path):
    assert aviary("up", "--detach", "-n", "1")[0] == 0
    shown = tmp_path / "shown"
    with shown.open("w") as out:
        process = subprocess.Popen([places.aviary_binary(), *words], env=aviary.environment, stdout=out, stdin=subprocess.DEVNULL)
    try:
        wanted = 2 if words[0] != "logs" else 1
        mark = "1 of 1 needed, 1 serving, 0 more may fail" if words[0] != "logs" else "binding to port"
        eventually(lambda: shown.read_text().count(mark) >= wanted, 20, "two looks")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "\x1b" not in shown.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("words", [("wait",), ("up", "--detach"), ("up",)], ids=" ".join)
def test_what_is_interrupted_says_so(aviary, words):
    assert aviary("up", "--detach", "-n", "3")[0] == 0
    assert aviary("stop", "1", "2", "3")[0] == 0
    if words[0] == "wait":
        assert aviary("start", "1")[0] == 0
    else:  # one server that answers nobody keeps it from getting ready
        assert aviary("start", "1")[0] == 0
        assert aviary("pause", "1")[0] == 0
    process = subprocess.Popen([places.aviary_binary(), *words], env=aviary.environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        said = process.stderr.readline()
        assert "s\n" in said and ("waiting" in said or "starting" in said)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 75
        assert "interrupted" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
    if words[0] == "up":
        assert [server["state"] for server in status(aviary)["servers"]][1:] == ["stopped", "stopped"]


def test_what_somebody_stops_stays_stopped_under_a_foreground(aviary):
    process = subprocess.Popen([places.aviary_binary(), "up"], env=aviary.environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        eventually(lambda: status(aviary)["ready"], 30, "ready")
        assert aviary("stop", "2")[0] == 0
        assert aviary("kill", "3")[0] == 0
        eventually(lambda: status(aviary)["servers"][2]["pid"], 20, "the killed one again")
        assert status(aviary)["servers"][1]["state"] == "stopped"
        assert aviary("start", "2")[0] == 0
        assert aviary("wait")[0] == 0
        assert aviary("down")[0] == 0
        assert process.wait(20) == 0
        assert "stopped from elsewhere" in process.stderr.read()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_the_verbs(aviary, shell):
    code, script, err = aviary("completion", shell)
    assert code == 0, err
    assert all(verb in script for verb in ("status", "restart", "--ensemble" if shell != "fish" else "ensemble"))
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


def test_the_manual_page_tells_all_verbs_and_exit_codes(aviary):
    code, page, err = aviary("man")
    assert code == 0, err
    assert page.startswith(".TH AVIARY 1")
    assert all(f"\n.SS {verb}\n" in page for verb in ("up", "down", "status", "wait", "cli", "server"))
    assert "75 interrupted" in page
