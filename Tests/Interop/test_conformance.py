"""Requests as Apache ZooKeeper 3.9.5 answered them, those of every day and all, replayed against one fresh server (conformance/zkdiff.py)."""
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent / "conformance"


@pytest.mark.budget(400)
@pytest.mark.parametrize("recording", sorted((FOLDER / "golden").glob("*.jsonl.gz")), ids=lambda path: path.name)
def test_replay_of_what_the_reference_answered(make_server, recording):
    server = make_server().start().wait_serving(session=False)
    ran = subprocess.run([sys.executable, FOLDER / "zkdiff.py", "--replay", recording, "--b", server.address],
                         text=True, capture_output=True)
    print(ran.stdout[-6000:], ran.stderr[-2000:])
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert ran.stdout.strip().endswith(", 0 failed")


@pytest.mark.ours
@pytest.mark.budget(400)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_programs_that_would_end_the_reference_leave_two_of_ours_equal(make_server, seed):
    one, other = make_server(folder="one"), make_server(folder="other")
    for each in (one, other):
        each.start().wait_serving(session=False)
    ran = subprocess.run([sys.executable, FOLDER / "zkdiff.py", "--a", one.address, "--b", other.address, "--killers",
                          "--seed", str(seed), "--ops", "1500"], text=True, capture_output=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
    assert one.alive and other.alive
