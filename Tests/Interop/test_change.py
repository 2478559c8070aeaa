"""Changes of a running ensemble, as a person types them, while clients write: nothing acknowledged is lost, no session ends."""
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest
from kazoo.exceptions import KazooException

from conformance import zkwire
from harness import clients, places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(240)]

STEP = re.compile(r"^\[\d+\.\d s\] (.*?)(?:  \((\d+) in step, (?:(\d+) may fail|no quorum)\))?$")


class Launcher:
    """aviary with a home of its own; what it started is stopped after the test."""

    def __init__(self, folder):
        self.environment = dict(os.environ, AVIARY_HOME=str(folder / "home"))
        self.folder = folder

    def __call__(self, *words, seconds=100):
        ran = subprocess.run([places.aviary_binary(), *map(str, words)], env=self.environment, text=True, capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=seconds)
        return ran.returncode, ran.stdout, ran.stderr

    def do(self, *words, code=0):
        """Standard output of a verb that must end with `code`; every step on its way had a quorum."""
        ended, out, err = self(*words)
        if ended != code and "is taken by another program" in err:
            # Who that is cannot be found out later.
            err += subprocess.run(["sh", "-c", "ss -ltnp"], text=True, capture_output=True).stdout
        assert ended == code, f"{words}: {ended}\n{out}\n{err}"
        check_steps(err)
        return out

    def begin(self, *words):
        return subprocess.Popen([places.aviary_binary(), *map(str, words)], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def status(self):
        _, out, err = self("status", "--json")
        assert out, err
        return json.loads(out)

    def servers(self):
        return {server["id"]: server for server in self.status()["servers"]}

    def leader(self):
        return next(number for number, server in self.servers().items() if server["mode"] == "leader")

    def addresses(self):
        return ",".join(server["client"] for server in self.status()["servers"])


def check_steps(text):
    """No step, as it is announced, has fewer servers in step than the configuration needs; answers the steps."""
    steps = []
    for line in text.splitlines():
        found = STEP.match(line)
        if found:
            steps.append(found[1])
            # Who waits takes nothing away: the leader of a moment ago may be gone.
            if found[2] and "restart" not in found[1] and not found[1].startswith("wait"):
                assert found[3] is not None, line
    return steps


@pytest.fixture
def aviary(tmp_path):
    launcher = Launcher(tmp_path)
    yield launcher
    launcher("down", "--purge")


class Writer(threading.Thread):
    """Creates znodes one after the other until it is told to end; keeps which of them were acknowledged."""

    def __init__(self, name, addresses):
        super().__init__(name=name, daemon=True)
        self.client = clients.kazoo(addresses, timeout=20.0)
        self.session = self.client.client_id[0]
        self.states = []
        self.client.add_listener(self.states.append)
        self.root = f"/{name}"
        self.client.ensure_path(self.root)
        self.client.create(f"{self.root}-lives", b"", ephemeral=True)
        self.acknowledged, self.failed, self.gap, self.over = [], 0, 0.0, False

    def run(self):
        number, last = 0, time.monotonic()
        while not self.over:
            number += 1
            path = f"{self.root}/{number:07}"
            try:
                self.client.create(path, str(number).encode())
            except Exception:
                # Whether it was carried out nobody knows; it is none of the acknowledged.
                self.failed += 1
                continue
            now = time.monotonic()
            self.gap, last = max(self.gap, now - last), now
            self.acknowledged.append(path.rsplit("/", 1)[1])

    def phase(self):
        """The longest gap since the last call."""
        gap, self.gap = self.gap, 0.0
        return gap


class Load:
    """Several writers, and what became of all that they wrote."""

    def __init__(self, addresses, count=3):
        self.writers = [Writer(f"writer{number}", addresses) for number in range(count)]
        self.gaps = []
        for writer in self.writers:
            writer.start()

    def go_on(self, what, aviary):
        """Notes the longest gap of what has been done, and tells the clients where the servers are now."""
        before = [len(writer.acknowledged) for writer in self.writers]
        eventually(lambda: all(len(w.acknowledged) > b for w, b in zip(self.writers, before)), 30, f"a write after {what}")
        self.gaps.append((what, max(writer.phase() for writer in self.writers)))
        for writer in self.writers:
            writer.client.set_hosts(aviary.addresses())

    def end(self, aviary):
        """Nothing that was acknowledged is missing, and every session is the one it was."""
        for writer in self.writers:
            writer.over = True
        for writer in self.writers:
            writer.join(30)
        try:
            for address in aviary.addresses().split(","):
                reader = clients.kazoo(address)
                reader.sync("/")
                for writer in self.writers:
                    missing = set(writer.acknowledged) - set(reader.get_children(writer.root))
                    assert not missing, f"{len(missing)} acknowledged writes are not on {address}"
                    assert reader.exists(f"{writer.root}-lives").ephemeralOwner == writer.session
                clients.let_go(reader)
            for writer in self.writers:
                assert writer.client.client_id[0] == writer.session and "LOST" not in writer.states
        finally:
            for writer in self.writers:
                clients.let_go(writer.client)
        total = sum(len(writer.acknowledged) for writer in self.writers)
        print(f"\n{total} writes acknowledged, {sum(w.failed for w in self.writers)} failed; longest gaps:")
        for what, gap in self.gaps:
            print(f"  {what:32} {gap * 1000:6.0f} ms")
        return dict(self.gaps)


class Majority(threading.Thread):
    """Looks all the while whether the leader has a majority of the committed configuration in step."""

    def __init__(self, ports, patience=0.0):
        """`patience`: for how many seconds a leader may be short of followers; Apache ZooKeeper's say that they lead before anybody follows."""
        super().__init__(daemon=True)
        self.ports, self.patience, self.since, self.longest = ports, patience, None, 0.0
        self.over, self.looks, self.missed, self.least = False, 0, [], {}
        self.start()

    @staticmethod
    def ask(port, word):
        try:
            return zkwire.four_letter_word("127.0.0.1", port, word, 0.5)
        except OSError:
            return ""

    def run(self):
        while not self.over:
            for port in self.ports():
                before = self.ask(port, "conf")
                figures = dict(line.split("\t", 1) for line in self.ask(port, "mntr").splitlines() if "\t" in line)
                if figures.get("zk_server_state") != "leader":
                    continue
                # Both words have to be about the same configuration.
                members = [line for line in before.splitlines() if line.startswith(("server.", "version="))]
                if members != [line for line in self.ask(port, "conf").splitlines() if line.startswith(("server.", "version="))]:
                    continue
                voters = sum(":participant" in line for line in members)
                synced = 1 + int(float(figures["zk_synced_followers"]))
                self.looks += 1
                self.least[voters] = min(synced, self.least.get(voters, synced))
                if synced >= voters // 2 + 1:
                    self.since = None
                    continue
                self.since = self.since or time.monotonic()
                short = time.monotonic() - self.since
                self.longest = max(self.longest, short)
                if short >= self.patience:
                    self.missed.append(f"{synced} of {voters} in step for {short:.1f} s, says {port}: {members}")
            time.sleep(0.05)

    def end(self):
        self.over = True
        self.join(10)
        print(f"\n{self.looks} looks at the leader; fewest participants in step, by how many vote: {dict(sorted(self.least.items()))}; "
              f"too few for {self.longest:.2f} s")
        assert self.looks > 20 and not self.missed, self.missed


def on_record(aviary, column=4):
    """A port of all servers, by the launcher's record: 4 is that of clients, 7 that of the AdminServer."""
    try:
        lines = (aviary.folder / "home" / "local" / "launcher").read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[column]) for line in lines if line.startswith("server ")]


@pytest.fixture
def load(aviary):
    """load(): writers on a running ensemble, ended after the test whatever happens."""
    made = []

    def make(count=3):
        made.append(Load(aviary.addresses(), count))
        return made[-1]
    yield make
    for each in made:
        for writer in each.writers:
            writer.over = True
            clients.let_go(writer.client)


def test_three_five_three_one_three_under_load(aviary, load):
    aviary.do("up", "--detach")
    writing = load()
    for count in (5, 3, 1, 3):
        out = aviary.do("scale", count)
        assert out.splitlines()[-1].startswith("probe (our own session): "), "what a client felt is the last line"
        writing.go_on(f"scale {count}", aviary)
        said = aviary.status()
        assert said["ready"] and len(said["servers"]) == count
        assert {server["configVersion"] for server in said["servers"]} != {None}
    writing.end(aviary)
    assert "no changes" in aviary.do("plan")


def test_who_joins_is_no_server_that_has_lost_its_disk(aviary):
    """It begins without data like any other that joins, and nobody is told to mend that."""
    aviary.do("up", "--detach")
    aviary.do("add")
    log = (aviary.folder / "home" / "local" / "4" / "server.log").read_text()
    assert "There is no database yet" in log and "none may be begun" not in log


def test_every_server_is_replaced_the_leader_too(aviary, load):
    aviary.do("up", "--detach")
    writing = load()
    old = set(aviary.servers())
    for _ in range(3):
        # The leader as soon as it is an old one, so that it hands over at least once.
        victim = aviary.leader() if aviary.leader() in old else min(old)
        was = "the leader" if victim == aviary.leader() else "a follower"
        aviary.do("replace", victim)
        writing.go_on(f"replace {victim}, {was}", aviary)
        old.discard(victim)
    assert not old and not set(aviary.servers()) & {1, 2, 3}
    writing.end(aviary)


def test_a_roll_restarts_everybody_the_leader_last(aviary, load):
    aviary.do("up", "--detach")
    writing = load()
    before, leader = aviary.servers(), aviary.leader()
    code, out, err = aviary("roll")
    assert code == 0, err
    steps = check_steps(err)
    restarts = [step for step in steps if step.startswith("restart")]
    assert len(restarts) == 3 and restarts[-1] == f"restart server {leader}: roll"
    # The leader restarts last, and leads no more by then.
    assert steps[steps.index(restarts[-1]) - 1].startswith("let server "), steps
    assert aviary.leader() != leader
    print("\n" + out.splitlines()[-1])
    after = aviary.servers()
    assert all(after[number]["pid"] != server["pid"] for number, server in before.items())
    writing.go_on("roll", aviary)
    aviary.do("roll", min(before))
    last = aviary.servers()
    assert [number for number in last if last[number]["pid"] != after[number]["pid"]] == [min(before)]
    writing.go_on("roll of one", aviary)
    writing.end(aviary)


def test_the_leader_is_moved_under_load(aviary, load):
    """Nobody is elected: the leader hands over, and who felt how much of it is printed."""
    aviary.do("up", "--detach")
    writing = load()
    assert aviary.do("leader").strip() == str(aviary.leader())
    felt = []
    for turn in range(6):
        wanted = [number for number in aviary.servers() if number != aviary.leader()][turn % 2]
        said = json.loads(aviary.do("leader", "move", wanted, "--json"))
        assert said["leader"] == wanted == aviary.leader() and said["sessionsLost"] == 0 and said["changes"] == 1
        felt.append(said["longestGapMilliseconds"])
        eventually(lambda: aviary.status()["ready"], 20, "ready")
        writing.go_on(f"leader move {wanted}", aviary)
    print(f"\nthe launcher's own probe: {sorted(felt)} ms")
    # Between the two leaders lie some ten milliseconds; the rest is clients that look for a server, and a machine that does other
    # things. That only ever adds to a gap: so the 200 ms are demanded of the best of six, and the median has more room.
    assert min(felt) < 200 and sorted(felt)[len(felt) // 2] < 1000, felt
    assert "already" in aviary.do("leader", "move", aviary.leader())
    assert aviary("leader", "move", 9)[0] == 64
    aviary.do("add", "--observer")
    code, _, err = aviary("leader", "move", 4)
    assert code == 64 and "no participant" in err
    assert "no changes" in aviary.do("plan")
    writing.end(aviary)


def test_an_observer_is_promoted_under_load(aviary, load):
    aviary.do("up", "--detach")
    aviary.do("add", "--observer")
    writing = load()
    path = aviary.folder / "promoted.yaml"
    text = aviary.do("import", aviary.addresses(), "--name", "local")
    # A server that runs does not tell where its AdminServer is, and that is elsewhere if its port was taken.
    for client, admin in zip(on_record(aviary), on_record(aviary, 7)):
        assert text.count(f"client: {client},") == 1
        text = text.replace(f"client: {client},", f"client: {client}, admin: {admin},")
    path.write_text(text.replace("runtime: external", "runtime: process"))
    assert "no changes" in aviary.do("plan", path)
    for role in ("participant", "observer", "participant"):
        lines = re.sub(r"    role: observer\n", "", path.read_text())
        if role == "observer":
            lines = lines.replace("  - id: 4\n", "  - id: 4\n    role: observer\n")
        path.write_text(lines)
        aviary.do("apply", path)
        assert (aviary.servers()[4]["mode"] == "observer") == (role == "observer")
        writing.go_on(f"server 4 a {role}", aviary)
    writing.end(aviary)


@pytest.mark.parametrize("text", ["exec tail -f /dev/null", "echo no server >&2; exit 1", "tail -f /dev/null; :", "tail -f /dev/null &"],
                         ids=["hangs", "ends", "stays", "leaves"])
def test_a_binary_that_does_not_serve_is_taken_back(aviary, text):
    aviary.do("up", "--detach")
    before = aviary.servers()
    bad = aviary.folder / "bad"
    bad.write_text(f"#!/bin/sh\n{text}\n")
    bad.chmod(0o755)
    code, out, err = aviary("roll", "--binary", bad, "--timeout", 3)
    assert code == 1 and "with what it had before" in err and "Type: aviary logs" in err, err
    # What it said since, and not an older line of the log.
    assert f"{bad} runs: it has said nothing" in err or f"{bad} ended with exit status 1: no server" in err, err
    aviary.do("wait", "--for", "ready")
    after = aviary.servers()
    assert len([number for number in before if before[number]["pid"] != after[number]["pid"]]) == 1
    # What is typed next puts an end to it.
    aviary.do("roll", "--binary", places.aviary_binary())
    assert "no changes" in aviary.do("plan")


def test_a_script_that_starts_the_server_and_stays(aviary):
    """All verbs are about the server, and nothing is left of either."""
    aviary.do("up", "--detach")
    script = aviary.folder / "script"
    script.write_text(f'#!/bin/sh\n{places.aviary_binary()} "$@"\n')
    script.chmod(0o755)
    aviary.do("roll", "--binary", script)

    def command(pid):
        return open(f"/proc/{pid}/cmdline").read().split("\0")
    servers = aviary.servers()
    assert all(command(server["pid"])[0] == places.aviary_binary() for server in servers.values()), servers
    leader = aviary.leader()
    aviary.do("pause", leader)
    assert aviary.servers()[leader]["state"] == "paused"
    aviary.do("resume", leader)
    # Of a script that was killed the server is left.
    script_pid = os.getsid(servers[1]["pid"])
    assert script_pid != servers[1]["pid"]
    os.kill(script_pid, signal.SIGKILL)
    eventually(lambda: not os.path.exists(f"/proc/{script_pid}/fd/9"), 10, "the end of the script")
    assert aviary.servers()[1]["pid"] == servers[1]["pid"]
    aviary.do("restart", 1)
    aviary.do("kill", 2)
    aviary.do("start", 2)
    aviary.do("wait", "--for", "synced")
    aviary.do("roll")
    last = aviary.servers()
    aviary.do("down")
    for server in [*servers.values(), *last.values()]:
        assert not os.path.exists(f"/proc/{server['pid']}/fd/9"), server


def test_a_change_is_given_up_without_touching_a_server(aviary):
    aviary.do("up", "--detach")
    assert "nothing to give up" in aviary.do("apply", "--abandon")
    code, _, err = aviary("roll", 1, "--binary", "/bin/cat", "--timeout", 5)
    assert code == 1 and "/bin/cat ended with exit status 1: /bin/cat: server: No such file" in err and "aviary apply --abandon" in err, err
    aviary.do("wait")
    assert "'aviary apply --abandon' gives it up" in aviary("status")[2]
    assert "restart server 1: binary aviary's own → /bin/cat" in aviary.do("plan", code=2)
    before = aviary.servers()
    assert "given up: server 1: binary aviary's own → /bin/cat" in aviary.do("apply", "--abandon")
    assert "no changes" in aviary.do("plan") and "is not complete" not in aviary("status")[2]
    assert "nothing to change" in aviary.do("apply")
    assert {number: server["pid"] for number, server in aviary.servers().items()} == {n: s["pid"] for n, s in before.items()}

    # Half a scale: what has joined stays a member, what has only been started is left for apply to stop.
    process = aviary.begin("scale", 5)
    steps_until(process, 3)
    process.kill()
    process.communicate()
    said = json.loads(aviary.do("apply", "--abandon", "--json"))
    assert said["strays"] and all(number in (4, 5) for number in said["strays"]), said
    assert any("joins as participant" in text for text in said["givenUp"]), said
    assert {n: s["pid"] for n, s in aviary.servers().items() if n in before} == {n: s["pid"] for n, s in before.items()}
    assert f"stop server {said['strays'][0]}" in aviary.do("plan", code=2)
    aviary.do("apply")
    assert len(aviary.servers()) == 5 - len(said["strays"])

    # Half a roll: who runs from the new binary goes on with it.
    aviary.do("scale", 3)
    process = aviary.begin("roll", "--binary", places.aviary_binary())
    steps_until(process, 3)
    process.kill()
    process.communicate()
    before = aviary.servers()
    said = json.loads(aviary.do("apply", "--abandon", "--json"))
    assert said["strays"] == [] and said["givenUp"], said
    aviary.do("plan", code=0 if len([s for s in before.values() if s["pid"]]) == 3 else 2)
    aviary.do("apply")
    assert aviary.status()["ready"] and "no changes" in aviary.do("plan")


def steps_until(process, enough):
    """Reads the lines of a change until its `enough`-th step begins, or until these steps are enough; all if it ends before."""
    seen = []
    for line in process.stderr:
        if STEP.match(line.rstrip("\n")):
            seen.append(line)
            if enough(seen) if callable(enough) else len(seen) == enough:
                break
    return seen


@pytest.mark.parametrize("change", [("scale", 5), ("replace", "leader"), ("scale", 1), ("roll",)], ids=lambda words: words[0] + str(words[-1]))
@pytest.mark.budget(500)
def test_killed_at_every_step_the_next_apply_converges(aviary, load, change):
    """The launcher is killed as soon as it announces its first step, its second … until it is not killed any more."""
    aviary.do("up", "--detach")
    writing = load(2)
    majority = Majority(lambda: on_record(aviary))
    reached = 0
    while True:
        words = [aviary.leader() if word == "leader" else word for word in change]
        process = aviary.begin(*words)
        reached += 1
        seen = steps_until(process, reached)
        process.kill()
        process.communicate()
        if len(seen) < reached:
            break
        # It looks again, whatever was done of the step; a second time there is nothing left to do.
        aviary.do("apply")
        assert "no changes" in aviary.do("plan")
        eventually(lambda: aviary.status()["ready"], 20, "ready")
        assert len(aviary.servers()) == {"scale": change[-1], "replace": 3, "roll": 3}[change[0]]
        if change[0] == "scale":
            aviary.do("scale", 3)
        writing.go_on(f"killed at: {STEP.match(seen[-1].strip())[1][:20]}", aviary)
    assert reached > 3, f"only {reached} steps"
    aviary.do("apply")
    writing.go_on("the last", aviary)
    majority.end()
    writing.end(aviary)


@pytest.mark.parametrize("who", ["leader", "follower", "joiner"])
def test_a_server_that_dies_meanwhile_is_started_again(aviary, load, who):
    """Killed in the middle of the change, which goes on: nothing that was acknowledged is lost, and nothing is left to do."""
    aviary.do("up", "--detach")
    writing = load(2)
    leader = aviary.leader()
    process = aviary.begin("scale", 5)
    # Both joiners are started first, and then are waited for and added, one after the other.
    seen = steps_until(process, 3)
    victim = {"leader": leader, "follower": next(n for n in (1, 2, 3) if n != leader), "joiner": 4}[who]
    pid = aviary.servers()[victim]["pid"]
    assert pid, seen
    os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, "".join(seen) + err
    assert "no changes" in aviary.do("plan")
    eventually(lambda: aviary.status()["ready"], 30, "ready")
    after = aviary.servers()
    assert sorted(after) == [1, 2, 3, 4, 5] and after[victim]["pid"] not in (None, pid)
    writing.go_on(f"kill -9 of the {who} during scale 5", aviary)
    writing.end(aviary)


def test_another_administrator_changes_the_members_meanwhile(aviary):
    """What he has removed is added again, as it is wanted; what he has added is not taken for ours, and that is said."""
    aviary.do("up", "--detach", "-n", 4)
    other = clients.kazoo(aviary.addresses())
    kind, digest = (aviary.folder / "home" / "local" / "operator").read_text().split("\n")[0], "digest"
    other.add_auth(digest, kind)

    def meanwhile(words, **change):
        process = aviary.begin(*words)
        steps_until(process, 1)
        process.send_signal(signal.SIGSTOP)
        change_until_taken(other, **change)
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=90)
        return process.returncode, err
    try:
        code, err = meanwhile(("scale", 5), leaving="2")
        assert code == 0 and "add server 2 as participant" in err, err
        assert sorted(aviary.servers()) == [1, 2, 3, 4, 5] and "no changes" in aviary.do("plan")
        port = places.free_port()
        code, err = meanwhile(("roll",), joining=f"server.9=localhost:{places.free_port()}:{places.free_port()}:observer;{port}")
        assert code == 1 and "server 9 is a member and not on record: somebody else has added it" in err and "aviary remove 9" in err, err
        # As it is said: it leaves, and the rest of the roll is done, too.
        code, _, err = aviary("remove", 9)
        assert code == 0 and "remove server 9" in err and "an earlier change of local is not complete" in err, err
        assert "no changes" in aviary.do("plan")
        eventually(lambda: aviary.status()["ready"], 20, "ready")
    finally:
        clients.let_go(other)


def change_until_taken(client, joining=None, leaving=None):
    """A change by somebody else, tried until it is in force: one of the launcher's may be on its way."""
    number = (joining or f"server.{leaving}=").split("=")[0] + "="

    def attempt():
        try:
            data = client.reconfig(joining=joining, leaving=leaving, new_members=None)[0]
        except KazooException:
            data = client.get("/zookeeper/config")[0]
        return (number in data.decode()) == (joining is not None)
    eventually(attempt, 30, f"the change of {number}")


def test_ctrl_c_leaves_an_ensemble_that_serves(aviary):
    aviary.do("up", "--detach")
    process = aviary.begin("scale", 5)
    steps_until(process, 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 75 and "goes on" in err, err
    assert aviary.status()["quorum"]["mayFail"] is not None
    code, out, _ = aviary("plan")
    assert code == 2 and "add server" in out
    aviary.do("apply")
    assert len(aviary.servers()) == 5 and aviary.status()["ready"]


def spec(aviary, servers, **config):
    """A spec file of the ensemble 'made': {id: (ports, role)}."""
    lines = ["version: 1", "ensemble: made"]
    if config:
        lines += ["config:"] + [f"  {key}: {value}" for key, value in config.items()]
    lines.append("servers:")
    for number, (ports, role) in servers.items():
        names = ", ".join(f"{name}: {port}" for name, port in zip(("client", "quorum", "election", "admin"), ports))
        lines += [f"  - id: {number}", f"    ports: {{{names}}}", f"    role: {role}"]
    path = aviary.folder / "made.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_edited_spec_is_planned_and_applied(aviary, load):
    def ports():
        return [places.free_port() for _ in range(4)]
    wanted = {number: (ports(), "participant") for number in (1, 2, 3)}
    aviary.do("up", "--detach", spec(aviary, wanted))
    writing = load(2)
    assert "no changes" in aviary.do("plan", spec(aviary, wanted))

    # An observer comes, is promoted while another is demoted, everybody moves, and settings change.
    wanted[4] = (ports(), "observer")
    said = json.loads(aviary.do("plan", "--json", spec(aviary, wanted), code=2))
    assert [step["step"] for step in said["steps"]][:1] == ["start-joiner"] and said["changes"] is True
    assert all(step["margin"]["mayFail"] is not None for step in said["steps"])
    aviary.do("apply", spec(aviary, wanted))
    assert aviary.servers()[4]["mode"] == "observer"
    writing.go_on("an observer", aviary)

    wanted[4] = (wanted[4][0], "participant")
    wanted[1] = (wanted[1][0], "observer")
    aviary.do("apply", spec(aviary, wanted))
    assert aviary.servers()[1]["mode"] == "observer" and aviary.servers()[4]["mode"] in ("leader", "follower")
    writing.go_on("roles", aviary)

    moved = {number: ([old[0][0], places.free_port(), places.free_port(), old[0][3]], old[1]) for number, old in wanted.items()}
    aviary.do("apply", spec(aviary, moved))
    assert aviary.status()["ready"]
    writing.go_on("quorum and election ports", aviary)

    for number in moved:
        moved[number][0][0] = places.free_port()
    aviary.do("apply", spec(aviary, moved))
    assert sorted(server["client"] for server in aviary.servers().values()) == sorted(f"localhost:{p[0]}" for p, _ in moved.values())
    writing.go_on("client ports", aviary)

    before = aviary.servers()
    aviary.do("apply", spec(aviary, moved, snapCount=5000))
    assert all(before[number]["pid"] != server["pid"] for number, server in aviary.servers().items()), "settings need a restart"
    writing.go_on("settings", aviary)
    aviary.do("wait", "--for", "ready")
    assert "no changes" in aviary.do("plan", spec(aviary, moved, snapCount=5000))
    writing.end(aviary)


def test_up_with_an_edited_spec_leaves_what_runs_to_apply(aviary):
    def ports():
        return [places.free_port() for _ in range(4)]
    wanted = {number: (ports(), "participant") for number in (1, 2, 3)}
    aviary.do("up", "--detach", spec(aviary, wanted, maxClientCnxns=80))
    before = aviary.servers()

    edited = spec(aviary, wanted, maxClientCnxns=90)
    code, out, err = aviary("up", "--detach", edited)
    assert code == 0 and f"the spec differs from what runs: maxClientCnxns 80 → 90; 'aviary apply {edited}' takes it" in err, err
    assert "somebody has changed" not in aviary("doctor")[1]
    assert "no changes" in aviary.do("plan", spec(aviary, wanted, maxClientCnxns=80))
    # Somebody else's edits are no reason to restart the others.
    code, _, err = aviary("roll", 1, "--binary", places.aviary_binary())
    restarts = [step for step in check_steps(err) if step.startswith("restart")]
    assert code == 0 and restarts == [f"restart server 1: binary aviary's own → {places.aviary_binary()}"], err
    after = aviary.servers()
    assert [number for number in before if before[number]["pid"] != after[number]["pid"]] == [1]

    said = json.loads(aviary.do("plan", "--json", spec(aviary, wanted, maxClientCnxns=90), code=2))
    whys = [step["reasons"] for step in said["steps"] if step["step"] == "restart"]
    assert whys == [[{"key": "maxClientCnxns", "old": "80", "new": "90"}]] * 3
    assert aviary.do("plan", edited, code=2).count(": maxClientCnxns 80 → 90 ") == 3

    # Nothing runs, so nothing has to be restarted: the next start takes the edits, and says so.
    aviary.do("down")
    code, _, err = aviary("up", "--detach", edited)
    assert code == 0 and "starting with what the spec has changed: maxClientCnxns 80 → 90" in err, err
    assert "no changes" in aviary.do("plan", edited)
    files = [(aviary.folder / "home" / "made" / str(number) / "zoo.cfg").read_text() for number in (1, 2, 3)]
    assert all("maxClientCnxns=90" in text for text in files)


def test_the_spec_of_what_runs_and_the_file_that_says_otherwise(aviary):
    file = aviary.folder / "five.yaml"
    file.write_text("version: 1\nensemble: made\nservers: [{id: 1}, {id: 2}, {id: 3}]\nconfig: {maxClientCnxns: 80}\n")
    aviary.do("up", "--detach", file)
    code, _, err = aviary("roll", 1)
    assert code == 0 and "any more; to write down" not in err, err
    code, _, err = aviary("replace", 3)
    assert code == 0 and err.splitlines()[-1] == f"{file} does not describe made any more; to write down what is: aviary spec --ensemble made > {file}", err
    new = max(aviary.servers())
    assert new > 3

    # The old file would give the id of a former member to an empty disk.
    code, _, err = aviary("plan", file)
    assert code == 65 and "server 3 was a member before" in err and f"say {new + 1}" in err, err
    kept = list((aviary.folder / "home" / "made" / "removed").iterdir())
    assert [each.name.split("-")[0] for each in kept] == ["3"] and f"rm -r {kept[0].parent}/3-*" in err, err

    file.write_text(aviary.do("spec"))
    assert "no changes" in aviary.do("plan", file)
    assert aviary.do("spec") == file.read_text()
    code, _, err = aviary("up", "--detach", file)
    assert code == 0 and "differs" not in err, err
    code, _, err = aviary("scale", 4)
    assert code == 0 and "4 participants survive 1 failure, as 3 do" in err and "any more; to write down" in err, err
    aviary.do("apply", file)
    assert sorted(aviary.servers()) == [1, 2, new]
    count = aviary.folder / "count.yaml"
    count.write_text("version: 1\nensemble: made\nservers: 3\nconfig: {maxClientCnxns: 80}\n")
    assert "no changes" in aviary.do("plan", count), "three are three, whatever their ids"


def test_a_number_that_cannot_be_is_named(aviary):
    for words, what in ((("scale", -1), "not -1"), (("wait", "--timeout", -1), "not -1"), (("apply", "--timeout", -2.5), "not -2.5"),
                        (("remove", -3), "not -3"), (("add", "-n", -1), "1 to 254")):
        code, _, err = aviary(*words)
        assert code == 64 and what in err and "Unknown option" not in err, (words, err)


def test_a_plan_in_a_file_is_for_one_configuration(aviary):
    aviary.do("up", "--detach")
    aviary.do("scale", 4)
    text = aviary.folder / "five.yaml"
    text.write_text("version: 1\nensemble: local\nservers: 3\n")
    plan = aviary.folder / "three.plan"
    aviary.do("plan", text, "--out", plan, code=2)
    assert "remove server 4" in plan.read_text()
    aviary.do("add", "--observer")
    code, _, err = aviary("apply", plan)
    assert code == 1 and "the plan was made for configuration" in err
    aviary.do("plan", text, "--out", plan, code=2)
    aviary.do("apply", plan)
    assert sorted(aviary.servers()) == [1, 2, 3]


def test_what_cannot_be_done_says_why_and_what_to_type(aviary):
    assert aviary("plan")[0] == 69
    aviary.do("up", "--detach", "-n", 1)
    code, _, err = aviary("roll")
    assert code == 1 and "--accept-outage" in err
    aviary.do("roll", "--accept-outage")
    aviary.do("wait", "--for", "ready")
    code, _, err = aviary("remove", 1)
    assert code == 64 and "no participant" in err
    code, _, err = aviary("remove", 7)
    assert code == 64 and "there is no server 7" in err
    # While nobody leads, nobody knows how many are needed.
    aviary.do("kill", 1)
    code, _, err = aviary("roll", "--accept-outage")
    assert code == 0 and "] start server 1\n" in err and "0 in step" not in err.split("start server 1")[1].splitlines()[0], err
    aviary.do("down")
    code, _, err = aviary("plan")
    assert code == 69 and "aviary up" in err


def test_who_was_stopped_or_removed_on_purpose_stays_so(aviary):
    aviary.do("up", "--detach", "-n", 4)
    other = next(number for number, server in aviary.servers().items() if server["mode"] == "follower")
    before = aviary.servers()
    aviary.do("stop", other)
    # Three of four are needed.
    code, _, err = aviary("roll")
    assert code == 1 and f"Type: aviary start {other}, and then the same again" in err, err
    assert aviary.servers()[other]["pid"] is None
    aviary.do("start", other)
    aviary.do("wait", "--for", "synced")
    aviary.do("remove", other)
    code, _, err = aviary("start", other)
    assert code == 64 and f"removed/{other}-" in err and "aviary add" in err, err
    last = next(number for number, server in aviary.servers().items() if server["mode"] == "follower")
    aviary.do("scale", 5)
    aviary.do("stop", last)
    code, _, err = aviary("roll")
    assert code == 0 and f"aviary start {last}" in err and f"start server {last}" not in err, err
    after = aviary.servers()
    assert after[last]["state"] == "stopped" and all(after[number]["pid"] != before[number]["pid"] for number in before if number in after)
    # What changes more than that needs everybody, and says so.
    code, _, err = aviary("scale", 3)
    assert code == 0 and (f"server {last} was stopped, and starts again" in err or last not in aviary.servers()), err


def test_what_was_refused_is_not_carried_out_later(aviary):
    """Decided first and recorded then; what was killed half-way is carried out by the next verb, and that verb says so."""
    aviary.do("up", "--detach", "-n", 1)
    [pid] = [server["pid"] for server in aviary.servers().values()]
    code, _, err = aviary("roll")
    assert code == 1 and "Nothing is changed. Type: aviary scale 3" in err and "stays on record" not in err, err
    assert "no changes" in aviary.do("plan") and "is not complete" not in aviary("status")[2]
    code, _, err = aviary("scale", 3)
    assert code == 0 and "restart" not in err and "earlier change" not in err, err
    assert aviary.servers()[1]["pid"] == pid
    process = aviary.begin("roll", 1)
    steps_until(process, 1)
    process.kill()
    process.communicate()
    code, _, err = aviary("roll", 2)
    assert code == 0 and "an earlier change of local is not complete, and is carried out with this one: server 1: roll" in err, err
    assert aviary.servers()[1]["pid"] != pid and "no changes" in aviary.do("plan")


def test_who_is_paused_is_named_with_what_lets_it_go_on(aviary):
    aviary.do("up", "--detach")
    leader = aviary.leader()
    paused = next(number for number in aviary.servers() if number != leader)
    aviary.do("pause", paused)
    for words in ("roll",), ("scale", 5):
        code, _, err = aviary(*words)
        assert code == 1 and f"server {paused} is paused" in err and f"Type: aviary resume {paused}, and then the same again" in err, err
    plan = aviary.folder / "four.yaml"
    plan.write_text("ensemble: local\nservers: 4\n")
    assert f"aviary resume {paused}" in aviary.do("plan", plan, code=1)
    assert "is not complete" not in aviary("status")[2]
    # A leader that is not to be had is no matter of apply.
    code, _, err = aviary("leader", "move", paused, "--timeout", 1)
    assert code == 1 and f"so it cannot lead, and server {leader} leads as before. It is paused. Type: aviary resume {paused}" in err, err
    assert f"aviary leader move {paused}" in err and "apply" not in err, err
    # Without a quorum they are named, too.
    aviary.do("pause", leader)
    aviary.do("pause", *[number for number in aviary.servers() if number not in (leader, paused)])
    code, _, err = aviary("roll", "--timeout", 1)
    assert code == 69 and "there is no leader after 1 s. Type: aviary resume 1 2 3" in err, err
    aviary.do("resume", 1, 2, 3)
    aviary.do("apply", "--abandon")
    aviary.do("wait")
    aviary.do("leader", "move", paused)
    assert aviary.leader() == paused
    aviary.do("kill", leader)
    code, _, err = aviary("leader", "move", leader, "--timeout", 1)
    assert code == 1 and f"Type: aviary start {leader}; then the same again: aviary leader move {leader}" in err, err


def test_the_foreground_follows_a_change(aviary):
    process = aviary.begin("up")
    drain = threading.Thread(target=process.communicate, daemon=True)
    try:
        eventually(lambda: aviary.status()["ready"], 30, "ready")
        drain.start()
        aviary.do("scale", 5)
        aviary.do("scale", 3)
        aviary.do("replace", aviary.leader())
        new = max(aviary.servers())
        victim = aviary.servers()[new]["pid"]
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: aviary.status()["ready"] and aviary.servers()[new]["pid"] != victim, 30, "the new server's restart")
        pids = [server["pid"] for server in aviary.servers().values()]
        process.send_signal(signal.SIGINT)
        drain.join(30)
        eventually(lambda: not [pid for pid in pids if os.path.exists(f"/proc/{pid}")], 10, "every server ended")
    finally:
        process.kill()


def test_only_one_changes_at_a_time(aviary):
    aviary.do("up", "--detach")
    process = aviary.begin("scale", 5)
    steps_until(process, 1)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        code, _, err = aviary("apply")
        assert code == 1 and f"process {process.pid} is changing local" in err
    finally:
        os.kill(process.pid, signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode == 0 and len(aviary.servers()) == 5
