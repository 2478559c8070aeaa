"""The tests that kazoo ships inside its package, as published, against three servers that they start, stop and secure themselves.

kazoo_suite/kazoo_adapter.py puts the server under test in the place of the Java servers that kazoo would launch.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

from harness import places, server as servers

FOLDER = pathlib.Path(__file__).parent / "kazoo_suite"
# The least that must pass: what passes with Apache ZooKeeper 3.9.5, by `make reference PYTEST='-k kazoos_own'`.
PASSES = 487


def command(kind, folder):
    """What starts a server in the foreground, with {cfg} for its zoo.cfg."""
    if kind == "aviary":
        return f"{places.aviary_binary()} server {{cfg}}"
    jar = f"{places.TOOLS}/zookeeper-3.9.5/*"
    script = folder / "apache"
    script.write_text(f"#!/bin/sh\nexec java {' '.join(servers.JVM)} -Dzookeeper.admin.enableServer=false $SERVER_JVMFLAGS "
                      f"-cp '{jar}' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$1\"\n")
    script.chmod(0o755)
    return f"{script} {{cfg}}"


def run(kind, folder, *tests):
    """(how many passed, the names of those that did not)."""
    environment = dict(os.environ, PYTHONPATH=str(FOLDER), ZK_SERVER_CMD=command(kind, folder),
                       ZK_ADAPTER_PORTS=str(places.free_port()))
    ran = subprocess.run([sys.executable, "-m", "pytest", "-p", "kazoo_adapter", "-p", "no:cacheprovider", "-W", "ignore", "-q",
                          "-rfE", "--tb=short", *(tests or ("--pyargs", "kazoo.tests"))],
                         cwd=folder, env=environment, text=True, capture_output=True)
    print(ran.stdout[-6000:], ran.stderr[-2000:])
    counted = re.search(r"passed (\d+) failed (\d+) skipped (\d+)\s*$", ran.stdout)
    assert counted, ran.stdout[-3000:] + ran.stderr[-3000:]
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    assert len(set(failed)) == int(counted[2])
    return int(counted[1]), sorted(set(failed))


@pytest.mark.budget(1500)
def test_kazoos_own_tests(tmp_path, under_test):
    passed, failed = run(under_test, tmp_path)
    # kazoo's tests wait for fixed times, and for threads to run in time: one that fails counts if it fails by itself, too.
    for _ in range(2):
        if failed:
            again, failed = run(under_test, tmp_path, *failed)
            passed += again
    assert failed == []
    assert passed >= PASSES
