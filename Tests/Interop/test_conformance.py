"""Requests as Apache ZooKeeper 3.9.5 answered them, those of every day and all, replayed against one fresh server (conformance/zkdiff.py)."""
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from harness import places
from harness.server import Server

FOLDER = pathlib.Path(__file__).parent / "conformance"
RECORDINGS = sorted((FOLDER / "golden").glob("*.jsonl.gz"))
KILLERS = (1, 2)
# Seconds for a run: a disk that syncs slowly makes it take minutes.
PATIENCE = 600


class Run:
    """One run of zkdiff.py against servers of its own."""

    def __init__(self, folder, servers):
        self.folder, self.servers = folder, servers
        self.process = self.deadline = None

    def begin(self, *words):
        for each in self.servers:
            each.start()
        for each in self.servers:
            each.wait_serving(session=False)
        self.deadline = time.monotonic() + PATIENCE
        with open(self.folder / "said", "w") as said:
            self.process = subprocess.Popen([sys.executable, FOLDER / "zkdiff.py", *map(str, words)], stdout=said, stderr=said)

    def end(self):
        """Waits for its end; a failure unless all went well."""
        try:
            status = self.process.wait(max(0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = f"no end within {PATIENCE} s"
        said = (self.folder / "said").read_text()
        logs = "".join(f"---- {each}, last of its log ----\n{each.log[-1500:]}\n" for each in self.servers)
        assert status == 0 and said.strip().endswith(", 0 failed"), f"{status}\n{said[-6000:]}{logs}"
        assert all(each.alive for each in self.servers), logs


@pytest.fixture(scope="module")
def runs(tmp_path_factory, pytestconfig):
    """All of them at once, by name: each is mostly a matter of waiting, for disks and for connections that may be closed."""
    kind = pytestconfig.getoption("--under-test")
    runs = {}

    def prepare(name, servers):
        folder = tmp_path_factory.mktemp("run")
        runs[name] = Run(folder, [Server(kind, folder / str(number), places.free_port(), {}) for number in range(servers)])
        return runs[name]
    try:
        for recording in RECORDINGS:
            run = prepare(recording.name, 1)
            run.begin("--replay", recording, "--b", run.servers[0].address)
        for seed in KILLERS if kind == "aviary" else ():
            run = prepare(seed, 2)
            one, other = run.servers
            run.begin("--a", one.address, "--b", other.address, "--killers", "--seed", seed, "--ops", 1500)
        yield runs
    finally:
        for run in runs.values():
            if run.process:
                run.process.kill()
                run.process.wait()
            for each in run.servers:
                each.kill()
            shutil.rmtree(run.folder, ignore_errors=True)


@pytest.mark.budget(PATIENCE + 60)
@pytest.mark.parametrize("recording", [each.name for each in RECORDINGS])
def test_replay_of_what_the_reference_answered(runs, recording):
    runs[recording].end()


@pytest.mark.ours
@pytest.mark.budget(PATIENCE + 60)
@pytest.mark.parametrize("seed", KILLERS)
def test_random_programs_that_would_end_the_reference_leave_two_of_ours_equal(runs, seed):
    runs[seed].end()
