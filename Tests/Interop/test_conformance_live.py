"""The same random programs, request by request, on Apache ZooKeeper 3.9.5 and on the server under test (conformance/zkdiff.py).

A run of all tests takes one seed of each. `make conformance SEEDS=1-40 OPERATIONS=5000` takes more.
"""
import pathlib
import subprocess
import sys

import pytest

from harness import places, trees
from harness.ensemble import Ensemble
from harness.server import Server

ZKDIFF = pathlib.Path(__file__).parent / "conformance" / "zkdiff.py"
BUDGET = 900


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        first, _, last = metafunc.config.getoption("--seeds").partition("-")
        metafunc.parametrize("seed", range(int(first), int(last or first) + 1))


@pytest.fixture
def operations(request):
    return request.config.getoption("--operations")


def zkdiff(*words):
    ran = subprocess.run([sys.executable, ZKDIFF, *map(str, words)], text=True, capture_output=True, timeout=BUDGET - 60)
    assert ran.returncode == 0, "\n".join(line[:800] for line in ran.stdout.splitlines()) + ran.stderr[-2000:]
    assert ran.stdout.strip().endswith(", 0 failed")


@pytest.mark.budget(BUDGET)
def test_random_programs_on_one_server(tmp_path, started, make_server, seed, operations):
    reference = Server("apache", tmp_path / "reference", places.free_port(), {})
    started.append(reference)
    ours = make_server()
    for each in (reference, ours):
        each.start()
    for each in (reference, ours):
        each.wait_serving(session=False)
    zkdiff("--a", reference.address, "--b", ours.address, "--seed", seed, "--ops", operations)
    assert ours.alive


@pytest.mark.budget(BUDGET)
@pytest.mark.parametrize("sessions", ["global", "local"])
def test_random_programs_on_three_servers(tmp_path, started, under_test, seed, operations, sessions):
    """Where sessions are local they go through two followers and an observer: the reference's leader does the first part of a multi
    that cannot be decoded for a local session of its own."""
    local = {"localSessionsEnabled": "true", "localSessionsUpgradingEnabled": "true"} if sessions == "local" else {}
    sides = [Ensemble(tmp_path / kind, [kind] * (4 if local else 3), config=local, observers=(4,)) for kind in ("apache", under_test)]
    started.extend(sides)
    for each in sides:
        each.start()
    for each in sides:
        each.wait_ready()
    ends = [",".join(s.address for s in [*each.followers(), each[4]]) if local else each.addresses for each in sides]
    # Every session is made by these programs, so that both sides count the same transactions.
    zkdiff("--a", ends[0], "--b", ends[1], "--seed", seed, "--ops", max(200, operations // 5), "--no-garbage")
    assert len(sides[1].running) == len(sides[1].servers)


@pytest.mark.ours
@pytest.mark.budget(BUDGET)
def test_programs_that_end_the_reference_leave_ours_standing(make_server, seed, operations):
    """Two of ours answer alike, go on, and come back from a restart with the tree that they had."""
    one, other = (make_server(folder=name, **trees.SUPER_DIGEST) for name in ("one", "other"))
    for each in (one, other):
        each.start().wait_serving(session=False)
    zkdiff("--a", one.address, "--b", other.address, "--killers", "--seed", seed, "--ops", operations)
    for each in (one, other):
        before = trees.dump(each, identity=trees.ADMIN)
        assert len(before) > 10
        each.restart().wait_serving()
        assert not trees.difference(before, trees.dump(each, identity=trees.ADMIN))
