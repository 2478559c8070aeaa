"""What the launcher must never do: stop what somebody changes, revive what is purged, take the unknown for stopped."""
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from harness import places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]


def home(aviary):
    return pathlib.Path(aviary.environment["AVIARY_HOME"])


def test_nobody_stops_or_starts_servers_while_they_are_changed(aviary):
    assert aviary("up", "--detach")[0] == 0
    change = subprocess.Popen([places.aviary_binary(), "scale", "5"], env=aviary.environment, text=True, stderr=subprocess.PIPE)
    change.stderr.readline()
    os.kill(change.pid, signal.SIGSTOP)
    try:
        for words in (["down"], ["down", "--purge"], ["start", "1"], ["restart", "1"], ["up", "--detach"]):
            code, _, err = aviary(*words)
            assert code == 1 and f"process {change.pid} is changing local" in err and f"kill {change.pid}" in err, (words, err)
    finally:
        os.kill(change.pid, signal.SIGCONT)
    assert change.wait(60) == 0, change.stderr.read()
    assert "5 of 5 running" in aviary("ls")[1]


def test_the_foreground_does_not_revive_what_was_purged(aviary):
    process = subprocess.Popen([places.aviary_binary(), "up"], env=aviary.environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
    reader.start()
    try:
        eventually(lambda: aviary("wait")[0] == 0, 60, "ready")
        code, _, err = aviary("down", "--purge")
        assert code == 0, err
        assert process.wait(15) == 0
        reader.join(5)
        assert "elsewhere" in "".join(said)
        assert not (home(aviary) / "local").exists()
    finally:
        process.kill()


DOCKER = """#!/bin/bash
mode=$(cat {state}/mode)
case "$mode $1" in
broken*) echo "Cannot connect to the Docker daemon" >&2; exit 1;;
"stubborn ps") echo c0ffee;;
"stubborn inspect") printf '{home}/d/1\\trunning\\t4711\\n';;
esac
"""


@pytest.fixture
def docker(aviary, tmp_path):
    """docker(mode): a command line of an engine that is broken, or whose container never ends."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(state=tmp_path, home=home(aviary)))
    program.chmod(0o755)
    aviary.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    folder = home(aviary) / "d"
    (folder / "1").mkdir(parents=True)
    (folder / "launcher").write_text("runtime docker\nimage x\nserver 1 d-1 participant 2181 2888 3888 0 0 0\n")
    (folder / "1" / "kept").write_text("x")

    def choose(mode):
        (tmp_path / "mode").write_text(mode)
        return folder
    yield choose
    choose("empty")


def test_an_engine_that_does_not_answer_is_not_one_without_servers(aviary, docker):
    folder = docker("broken")
    for words in (["down"], ["down", "--purge"]):
        code, _, err = aviary(*words)
        assert code == 69 and "Cannot connect" in err, err
        assert (folder / "1" / "kept").exists()
    docker("empty")
    code, out, err = aviary("down", "--purge")
    assert code == 0, err
    assert not folder.exists()


def test_who_does_not_end_is_not_said_to_be_stopped(aviary, docker):
    folder = docker("stubborn")
    code, out, err = aviary("down", "--purge")
    assert code == 1 and "server 1 of d still runs (process 4711)" in err, (out, err)
    assert (folder / "1" / "kept").exists()
    code, _, err = aviary("restart", "1")
    assert code == 1 and "still runs" in err, err


def operator(aviary, kazoo, name="local"):
    folder = home(aviary) / name
    members = (folder / "1" / "zoo.cfg.dynamic").read_text().split()
    port = next(line for line in members if line.startswith("server.1=")).split(";")[1].split(":")[-1]
    client = kazoo(f"localhost:{port}")
    client.add_auth("digest", (folder / "operator").read_text().strip())
    return client


def test_a_member_that_somebody_else_has_added_is_not_removed_without_a_word(aviary, kazoo):
    assert aviary("up", "--detach")[0] == 0
    client = operator(aviary, kazoo)
    client.reconfig(joining="server.9=localhost:12999:13999:observer;12399", leaving=None, new_members=None)
    for words in (["roll", "1"], ["add"], ["apply"]):
        code, _, err = aviary(*words)
        assert code == 1 and "server 9 is a member and not on record" in err and "aviary remove 9" in err, (words, err)
    assert "server.9=" in client.get("/zookeeper/config")[0].decode()
    code, _, err = aviary("remove", "9")
    assert code == 0, err
    assert "server.9=" not in client.get("/zookeeper/config")[0].decode()
    assert aviary("roll", "1")[0] == 0


def test_a_plan_is_not_carried_out_where_nobody_can_say_whether_it_is_stale(aviary, tmp_path):
    spec, plan = tmp_path / "spec.yaml", tmp_path / "made.plan"
    spec.write_text("ensemble: local\nservers: 5\n")
    assert aviary("up", "--detach")[0] == 0
    assert aviary("up", "--detach", "-n", "1", "-e", "other")[0] == 0
    assert aviary("plan", str(spec), "--out", str(plan))[0] == 2
    code, _, err = aviary("apply", str(plan), "-e", "other")
    assert code == 64 and "a plan for ensemble local" in err, err
    assert aviary("down", "-e", "local")[0] == 0
    code, _, err = aviary("apply", str(plan))
    assert code == 69 and "still for it" in err, err
    assert aviary("up", "--detach", "-e", "local")[0] == 0
    code, _, err = aviary("apply", str(plan))
    assert code == 0, err


# Greets when it has been greeted, and dies before the first question.
SSH = """#!/bin/bash
read -r hello
echo "0 ok aviary-host-1"
exec 0<&- 1>&-
sleep 1
"""


def test_a_connection_that_dies_is_an_error_and_not_the_end(aviary, tmp_path):
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    aviary.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    folder = home(aviary) / "d"
    folder.mkdir(parents=True)
    (folder / "launcher").write_text("runtime ssh\nssh directory=/nowhere\nserver 1 h participant 2181 2888 3888 0 0 0\n")
    for words in (["down"], ["logs"], ["stop", "1"]):
        code, _, err = aviary(*words)
        assert code == 69 and "connection is lost" in err, (words, code, err)
    assert "unreachable" in aviary("status", "--json")[1]
    code, out, _ = aviary("doctor", "--fix", "--json")
    assert code == 1 and "host-unreachable" in out and "server-down" not in out, out


def test_logs_that_nobody_reads_any_more_end(aviary):
    assert aviary("up", "--detach", "-n", "1")[0] == 0
    logs = subprocess.Popen([places.aviary_binary(), "logs", "-f"], env=aviary.environment, stdout=subprocess.PIPE)
    logs.stdout.readline()
    logs.stdout.close()
    assert logs.wait(10) != 0
