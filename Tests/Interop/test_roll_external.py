"""A roll of servers that somebody else starts, by a command that he names or by hand: Apache ZooKeeper's, ours, and both."""
import os
import pty
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import places
from harness.waiting import eventually
from test_change import Launcher, Load, Majority, check_steps, steps_until
from test_change_external import end, spec, three

pytestmark = [pytest.mark.ours, pytest.mark.budget(200)]

# Server 3 leads at first.
KINDS = {"apache": ("apache",) * 3, "ours": ("aviary",) * 3, "ours-leads": ("apache", "aviary", "aviary"),
         "apache-leads": ("aviary", "aviary", "apache"), "apache-leads-one": ("apache", "aviary", "apache")}


class Restarter(threading.Thread):
    """Whoever takes care of the servers: restarts one when the command asks for it, as an init system does."""

    # It stops the server, says so, and starts it: who dies of a word that nobody hears leaves it stopped.
    COMMAND = ('cd {folder}; echo "$AVIARY_ID $AVIARY_HOST $AVIARY_CLIENT" > "stop.$AVIARY_ID"; '
               'while [ -e "stop.$AVIARY_ID" ]; do sleep 0.05; done; echo stopped; echo stopped >&2; '
               'touch "start.$AVIARY_ID"; while [ -e "start.$AVIARY_ID" ]; do sleep 0.05; done; echo started')

    def __init__(self, folder, ensemble):
        super().__init__(daemon=True)
        self.folder, self.ensemble, self.order, self.asked, self.over = folder / "care", ensemble, [], [], False
        self.folder.mkdir()
        self.command = self.COMMAND.format(folder=self.folder)
        self.start()

    def run(self):
        while not self.over:
            for path in sorted(self.folder.iterdir()):
                word, number = path.name.split(".")
                server = self.ensemble[int(number)]
                if word == "stop":
                    text = path.read_text()
                    if not text.endswith("\n"):
                        continue
                    self.asked.append(text.split())
                    self.order.append(int(number))
                    server.stop()
                else:
                    server.start()
                path.unlink()
            time.sleep(0.02)

    def end(self):
        self.over = True
        self.join(10)


@pytest.mark.parametrize("name", KINDS)
def test_all_restart_under_load_the_leader_last(tmp_path, started, name):
    aviary = Launcher(tmp_path)
    ensemble, options, where = three(tmp_path, started, KINDS[name])
    path = spec(tmp_path, ensemble.lines)
    care = Restarter(tmp_path, ensemble)
    writing = Load(ensemble.addresses(), 2)
    try:
        code, out, err = aviary("roll", path, *options, "--restart", care.command)
        assert code == 0, err
        check_steps(err)
        print(f"\n{err}{out}")
        writing.go_on(f"roll, {name}", where)
        assert care.order == [1, 2, 3], "followers first, and the leader last"
        assert care.asked == [[str(n), "127.0.0.1", ensemble[n].address] for n in (1, 2, 3)]
        assert [ensemble[n].starts for n in (1, 2, 3)] == [2, 2, 2]
        # Apache ZooKeeper's servers know no other leader than one that they elect.
        assert ("let server 2 lead" in err) == (name == "ours"), err
        assert "the roll of foreign is done" in out and "acknowledged" in out
        eventually(lambda: "no changes" in aviary("plan", path, *options)[1], 20, "a plan without changes")
        writing.end(where)
    finally:
        care.end()
        end(writing)


def test_some_of_them_without_the_right_to_change_members(tmp_path, started):
    """A restart needs no credential; a leader of ours then restarts while it leads, and that is said."""
    aviary = Launcher(tmp_path)
    ensemble, _, _ = three(tmp_path, started, KINDS["ours"])
    care = Restarter(tmp_path, ensemble)
    try:
        code, _, err = aviary("roll", "3", spec(tmp_path, ensemble.lines), "2", "--restart", care.command)
        assert code == 0 and care.order == [2, 3], err
        assert err.count("let server") == 1 and "the leader restarts while it leads: " in err and "--credential" in err
        assert [ensemble[n].starts for n in (1, 2, 3)] == [1, 2, 2]
    finally:
        care.end()


@pytest.mark.budget(300)
def test_killed_at_every_step_and_run_again(tmp_path, started):
    """The command that is under way ends by itself; whoever runs it again waits for that server first."""
    aviary = Launcher(tmp_path)
    ensemble, options, where = three(tmp_path, started, KINDS["apache"])
    path = spec(tmp_path, ensemble.lines)
    care = Restarter(tmp_path, ensemble)
    writing = Load(ensemble.addresses(), 2)
    majority = Majority(lambda: [int(line.rsplit(":", 1)[1]) for line in ensemble.lines.values()], 2.0)
    try:
        reached, seen = 0, []
        while len(seen) == reached:
            leader = eventually(ensemble.leader, 20, "a leader")
            reached += 1
            process = aviary.begin("roll", path, *options, "--restart", care.command)
            seen = steps_until(process, reached)
            process.kill()
            process.communicate()
            care.order.clear()
            code, out, err = aviary("roll", path, str(leader), *options, "--restart", care.command)
            assert code == 0, err
            check_steps(err)
            # The command of the roll that was killed may still have been under way.
            assert care.order[-1] == leader
            writing.go_on(f"killed at {seen[-1].strip()[:40] if seen else '-'}", where)
            if reached == 6:
                break
        assert reached >= 6, f"only {reached} steps"
        majority.end()
        writing.end(where)
    finally:
        care.end()
        end(writing)


@pytest.mark.parametrize("kind", ["apache", "aviary"])
def test_one_that_does_not_come_back_is_the_last(tmp_path, started, kind):
    """Nothing more restarts until it is in step; then what was said is typed, and the rest follows."""
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, (kind,) * 3)
    path = spec(tmp_path, ensemble.lines)
    script = tmp_path / "it's a script"
    script.write_text(f"kill -9 {ensemble[1].process.pid}\n")
    code, _, err = aviary("roll", path, *options, "--timeout", "12", "--restart", f'sh "{script}"')
    assert code == 1 and f"server 1 at {ensemble[1].address} has restarted, and is not in step with the leader after 12 s" in err, err
    again = re.search(r"to go on: aviary (roll .*foreign\.yaml 2 3 --restart .*)$", err.strip())
    assert again, err

    def go_on():
        ran = subprocess.run(["sh", "-c", f"{places.aviary_binary()} {again[1]}"], env=aviary.environment, text=True, capture_output=True, timeout=60)
        return ran.returncode, ran.stderr
    code, err = go_on()
    assert code == 1 and f"server 1 at {ensemble[1].address} is not in step" in err and "foreign.yaml 2 3 --restart" in err, err
    assert [ensemble[n].alive for n in (1, 2, 3)] == [False, True, True]
    ensemble[1].stop()
    ensemble[1].start().wait_serving()
    care = Restarter(tmp_path, ensemble)
    try:
        script.write_text(care.command)
        code, err = go_on()
        assert code == 0 and care.order == [2, 3], err
        assert [ensemble[n].starts for n in (1, 2, 3)] == [2, 2, 2]
    finally:
        care.end()


def test_a_command_that_fails_or_does_nothing_or_does_not_end(tmp_path, started):
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, KINDS["apache-leads-one"])
    path = spec(tmp_path, ensemble.lines)

    def refuse(command, *more):
        begun = time.monotonic()
        code, _, err = aviary("roll", path, *options, *more, "--timeout", "2", "--restart", command)
        assert code == 1 and "Nothing more is" in err and "aviary roll" in err, err
        assert time.monotonic() - begun < 15
        assert [ensemble[n].starts for n in (1, 2, 3)] == [1, 1, 1]
        return err
    failed = refuse('echo "it is $AVIARY_ID"; echo "cannot" >&2; exit 7')
    assert "exit status 7" in failed and "\n  it is 1\n  cannot\n" in failed
    # Of a leader that is asked twice the same.
    assert "still answers as before" in refuse("true", "2", "3")
    mark = f"sleep {100 + os.getpid() % 1000}.5"
    assert "has not ended after 2 s" in refuse(f"echo begun; {mark}; echo never")
    assert not subprocess.run(["pgrep", "-f", mark], capture_output=True).stdout, "what it has started is ended too"


def test_somebody_restarts_them_by_hand(tmp_path, started):
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, KINDS["apache-leads-one"])
    path = spec(tmp_path, ensemble.lines)
    master, terminal = pty.openpty()
    process = subprocess.Popen([places.aviary_binary(), "roll", path, *options], env=aviary.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=terminal, text=True)
    os.close(terminal)
    said = []

    def read():
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                return
            if not part:
                return
            said.append(part.decode())
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for number, role in ((1, "a follower"), (2, "a follower"), (3, "the leader")):
        text = f"restart server {number} now, which is {role}, on 127.0.0.1 (clients at {ensemble[number].address})"
        eventually(lambda: text in "".join(said), 30, f"{text} in {''.join(said)}")
        # Somebody takes his time, and nothing happens until he has done it.
        time.sleep(1.5)
        assert f"restart server {number + 1} now" not in "".join(said)
        ensemble[number].restart()
    assert process.wait(40) == 0, "".join(said)
    assert "the roll of foreign is done" in process.stdout.read()
    os.close(master)


@pytest.mark.parametrize("kinds", [("aviary",) * 3, ("apache", "aviary", "apache")], ids=["ours", "mixed"])
def test_members_that_cannot_be_changed(tmp_path, make_ensemble, kinds):
    """Static files, as most ensembles have: no reconfiguration, and no client ports in the configuration."""
    aviary = Launcher(tmp_path)
    ensemble = make_ensemble(kinds).start().wait_ready()
    path = tmp_path / "static.yaml"
    aviary.do("import", ensemble.addresses, "--name", "static", "--out", path)
    leader = ensemble.leader().identity
    care = Restarter(tmp_path, ensemble)
    try:
        code, _, err = aviary("roll", path, "--restart", care.command)
        assert code == 0 and [server.starts for server in ensemble] == [2, 2, 2], err
        assert care.order[-1] == leader
        assert ("reconfigEnabled=false" in err) == (kinds == ("aviary",) * 3), err
        aviary.do("wait", path)
    finally:
        care.end()


def test_interrupted_it_ends_between_two_servers(tmp_path, started):
    """The command is seen to its end; what is said goes on with the rest, and with nothing where nobody is left."""
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, KINDS["apache"])
    path = spec(tmp_path, ensemble.lines)
    care = Restarter(tmp_path, ensemble)

    def interrupt(steps, *ids):
        process = aviary.begin("roll", path, *ids, *options, "--restart", care.command)
        steps_until(process, steps)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
        assert process.returncode == 75, err
        return err
    try:
        assert re.search(r"To go on: aviary roll \S+ 2 3 --restart", interrupt(1))
        assert care.order == [1]
        aviary.do("wait", path)
        assert re.search(r"To go on: aviary wait \S+$", interrupt(2, "2").strip())
        assert care.order == [1, 2]
        aviary.do("wait", path)
    finally:
        care.end()


def test_an_election_is_no_restart(tmp_path, started):
    """Every server of Apache ZooKeeper closes its connections and counts its uptime anew when it has another leader."""
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, KINDS["apache"])
    path = spec(tmp_path, ensemble.lines)
    process = aviary.begin("roll", path, "1", *options, "--timeout", "12", "--restart", "true")
    steps_until(process, 1)
    time.sleep(0.5)
    # The leader goes and comes: server 1 has been in an election.
    ensemble[3].restart()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "still answers as before" in err, err
    assert ensemble[1].starts == 1


def test_what_is_refused_before_anything_restarts(tmp_path, started):
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, KINDS["ours"])
    path = spec(tmp_path, ensemble.lines)

    def refuse(code, text, *words):
        ended, _, err = aviary("roll", *words)
        assert ended == code and text in err, f"{ended}: {err}"
    refuse(64, "Name the command that restarts one", path)
    refuse(64, "there is no server 9 in foreign", path, "9", "--restart", "true")
    refuse(64, "put the new program in its place", path, "--binary", "/bin/true", "--restart", "true")
    refuse(64, "one spec", path, "other.yaml", "--restart", "true")
    less = {n: line for n, line in ensemble.lines.items() if n != 2}
    refuse(1, "a roll changes none", spec(tmp_path, less), *options, "--restart", "true")
    spec(tmp_path, ensemble.lines, {1: "observer"})
    refuse(1, "a roll changes none", path, *options, "--restart", "true")
    # With two participants every restart is an outage.
    spec(tmp_path, less)
    code, _, err = aviary("apply", path, *options)
    assert code == 0, err
    ensemble[2].stop()
    refuse(1, "--accept-outage", path, *options, "--restart", "true")
    assert [ensemble[n].starts for n in (1, 2, 3)] == [1, 1, 1]
