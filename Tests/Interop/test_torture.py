"""Short runs of the torture program (Tests/Torture): an ensemble of ours, one with Apache ZooKeeper's servers in it, and one through proxies.

Where there may be no namespaces, all networks are cut in proxies.
"""
import os
import pathlib
import random
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "Torture"
sys.path.insert(0, str(FOLDER))

import namespaces  # noqa: E402
import proxies  # noqa: E402

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
