"""A short run of the torture program (Tests/Torture): one ensemble of ours, and one with Apache ZooKeeper's servers in it."""
import os
import random
import subprocess
import sys

import pytest

from harness import places

TORTURE = places.ROOT / "Tests" / "Torture" / "torture.py"
pytestmark = [pytest.mark.ours, pytest.mark.budget(240)]


@pytest.fixture(scope="module")
def namespaces():
    """Whether this machine lets us have networks and mounts of our own."""
    alone = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "--mount", "--net", "--pid", "--fork", "--mount-proc"]
    try:
        ran = subprocess.run([*alone, "iptables", "-L"], capture_output=True, text=True)
        reason = None if ran.returncode == 0 else ran.stderr
    except OSError as error:
        reason = str(error)
    if reason:
        os.write(2, f"\ntorture: SKIPPED, {reason}\n".encode())
        pytest.skip(f"no namespaces here: {reason}")


@pytest.mark.parametrize("kinds", ["aviary", "aviary,apache,aviary"])
def test_torture(namespaces, kinds, tmp_path):
    seed = random.randrange(1_000_000)
    ran = subprocess.run([sys.executable, str(TORTURE), "--seed", str(seed), "--seconds", "25", "--kinds", kinds],
                         text=True, capture_output=True, timeout=230)
    os.write(2, f"\ntorture: {ran.stdout.splitlines()[0] if ran.stdout else ran.stderr}\n".encode())
    assert ran.returncode == 0, ran.stdout + ran.stderr
