"""Short runs of the torture program (Tests/Torture): an ensemble of ours, one with Apache ZooKeeper's servers in it, and one through proxies.

Where there may be no namespaces, all networks are cut in proxies. Its nemesis is on trial, too, with servers that are none.
"""
import os
import pathlib
import random
import subprocess
import sys
import types

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "Torture"
sys.path.insert(0, str(FOLDER))

import namespaces  # noqa: E402
import proxies  # noqa: E402
from nemesis import Nemesis  # noqa: E402

pytestmark = [pytest.mark.ours, pytest.mark.budget(240)]
REFUSED = namespaces.refused()
KINDS = ("aviary", "aviary,apache,aviary")
# Where nothing else is possible, all of it goes through proxies.
RUNS = [(kinds, "proxies") for kinds in KINDS] if REFUSED else [(KINDS[0], "namespaces"), (KINDS[1], "namespaces"), (KINDS[1], "proxies")]


@pytest.mark.parametrize("kinds, network", RUNS)
def test_torture(kinds, network, tmp_path):
    if network == "proxies" and (reason := proxies.refused()):
        pytest.skip(f"no network here that could be cut: {reason}; {REFUSED}")
    seed = random.randrange(1_000_000)
    words = ["--seed", str(seed), "--seconds", "25", "--kinds", kinds, *(["--no-namespaces"] if network == "proxies" else [])]
    ran = subprocess.run([sys.executable, str(FOLDER / "torture.py"), *words], text=True, capture_output=True, timeout=230)
    os.write(2, f"\ntorture through {network}: {ran.stdout.splitlines()[0] if ran.stdout else ran.stderr}\n".encode())
    assert ran.returncode == 0, ran.stdout + ran.stderr


# The nemesis on trial

BRIEF = [kind for kind in Nemesis.KINDS if kind not in (*Nemesis.ALONE, "kill during recovery")]
REFUSAL = "2026-11-22 12:41:13,371 ERROR [myid:1] {} at offset 0: does not start as a transaction log; move it away\n"


class Pretender:
    """A server without a process. What it says when it ends at a start, and with which code, is in `end`; while it has its data."""

    kind, starts = "aviary", 1

    def __init__(self, folder):
        self.data, self.log, self.process, self.end = folder, "", None, None
        (folder / "version-2").mkdir(parents=True)
        (folder / "version-2" / "log.1").write_bytes(b"x" * 100)

    def start(self):
        assert self.process is None
        said, code = self.end if self.end and (self.data / "version-2").exists() else ("", None)
        self.log += said
        self.process = types.SimpleNamespace(returncode=code, poll=lambda: code)

    def kill(self):
        self.process = None

    def stop(self):
        self.process = None
        return True

    def tell(self, number):
        pass

    @property
    def alive(self):
        return self.process is not None and self.process.returncode is None

    def mode(self):
        return "follower" if self.alive else None


class Stage:
    """A world of three pretenders, of whom the first leads while it is alive."""

    majority, aviary = 2, [1, 2, 3]

    def __init__(self, folder):
        self.servers = {number: Pretender(folder / str(number)) for number in self.aviary}

    def start(self):
        for server in self.servers.values():
            server.start()

    def leader(self):
        return 1 if self.servers[1].alive else None

    def ready(self):
        return all(server.alive for server in self.servers.values())

    def writes(self, number):
        return self.servers[number].alive

    def nothing(self, *_):
        pass
    cut = slow = mend_network = make_room = nothing


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def make_nemesis(stage, monkeypatch):
    """make_nemesis(seed): what it says is in its list `said`; it wastes no time."""
    monkeypatch.setattr("nemesis.time", types.SimpleNamespace(sleep=lambda _: None))

    def make(seed=1):
        said = []
        nemesis = Nemesis(stage, seed, said.append, 1, False)
        nemesis.said = said
        return nemesis
    return make


@pytest.mark.parametrize("kind", BRIEF)
def test_a_fault_counts_if_it_found_something(stage, make_nemesis, kind):
    nemesis = make_nemesis()
    nemesis.put_in(kind)
    assert not nemesis.counts and nemesis.found_nothing == {kind: 1} and nemesis.said == [f"{kind}: nothing to do it to"]
    stage.start()
    nemesis.heal()
    nemesis.put_in(kind)
    assert nemesis.counts == {kind: 1} and nemesis.found_nothing == {kind: 1} and "nothing to do" not in nemesis.said[1]


@pytest.mark.parametrize("kind", ["pause the leader", "isolate the leader", "deaf leader", "clients cut off"])
def test_the_same_fault_again_finds_nothing_before_it_is_healed(stage, make_nemesis, kind):
    stage.start()
    nemesis = make_nemesis()
    nemesis.one = stage.leader
    for _ in range(2):
        nemesis.put_in(kind)
        nemesis.put_in(kind)
        nemesis.heal()
    assert nemesis.counts == {kind: 2} and nemesis.found_nothing == {kind: 2}


def test_no_fault_hides_that_a_server_has_ended_by_itself(stage, make_nemesis):
    for kind in ("kill all", "kill during recovery", "flipped bits"):
        stage.start()
        nemesis = make_nemesis()
        for server in stage.servers.values():
            server.process = types.SimpleNamespace(returncode=1, poll=lambda: 1)
        nemesis.put_in(kind)
        nemesis.heal()
        nemesis.wait_healed()
        assert len(nemesis.complaints) == 3 and all("ended by itself (1)" in each for each in nemesis.complaints), kind
        nemesis.kill_all()


@pytest.mark.parametrize("file, code, complaint", [
    ("log.1", 10, None), ("log.1", 1, "with 1, not 10"), ("log.1", -11, "with -11, not 10"), ("log.10", 10, "names none"), (None, 10, "names none")])
def test_who_refuses_damaged_files_says_which(stage, make_nemesis, file, code, complaint):
    stage.start()
    nemesis = make_nemesis()
    for server in stage.servers.values():
        path = server.data / "version-2" / "log.1"
        # What it has said in an earlier life does not count.
        server.log = REFUSAL.format(path)
        server.end = (REFUSAL.format(path.with_name(file)) if file else "INFO stopping\n"), code
    nemesis.put_in("flipped bits")
    assert nemesis.counts == {"flipped bits": 1} and nemesis.notes["damage that was refused"] == 1
    assert [complaint in each for each in nemesis.complaints] == ([True] if complaint else [])
    assert stage.ready() and not nemesis.damaged
