"""Who may change an ensemble: a credential that is lost is replaced, and no server forgets meanwhile what it needs."""
import pathlib
import subprocess

import pytest

from harness import places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]

KEYS = ("reconfigEnabled", "standaloneEnabled", "superDigest")


@pytest.fixture
def folder(aviary):
    """The folder of three servers whose operator has lost the credential."""
    ended, _, err = aviary("up", "--detach")
    assert ended == 0, err
    folder = pathlib.Path(aviary.environment["AVIARY_HOME"]) / "local"
    (folder / "operator").unlink()
    return folder


def keys(folder, number):
    """What a server's zoo.cfg says of reconfiguration."""
    return [line for line in (folder / str(number) / "zoo.cfg").read_text().splitlines() if any(key in line for key in KEYS)]


def test_a_credential_that_is_lost(aviary, folder):
    before = keys(folder, 3)
    assert len(before) == 3
    assert aviary("kill", "3")[0] == 0
    assert aviary("doctor", "--fix")[0] == 0
    assert aviary("restart", "1")[0] == 0
    assert aviary("wait", "--for", "synced")[0] == 0
    assert keys(folder, 3) == keys(folder, 1) == before
    # Everybody names the same command.
    command = "aviary apply --ensemble local"
    assert command in aviary("status")[2]
    leader = aviary("leader", "move", "1")
    assert leader[0] == 0 or command in leader[2], leader
    ended, out, _ = aviary("doctor")
    assert ended == 0 and "credential is gone" in out and "aviary apply -e local   #" in out, out
    ended, out, _ = aviary("plan")
    assert ended == 2 and out.count("restart server") == 3 and not (folder / "operator").exists(), out
    ended, out, err = aviary("apply", "-e", "local")
    assert ended == 0 and "is a new one" in err, err
    assert "while it leads" not in err, err
    assert (folder / "operator").stat().st_mode & 0o777 == 0o600
    assert keys(folder, 1) == keys(folder, 2) == keys(folder, 3) != before
    assert aviary("plan")[0] == 0
    eventually(lambda: "credential" not in aviary("doctor")[1], 20, "a doctor with nothing to say of credentials")


def test_what_changes_the_members_makes_a_new_credential_first(aviary, folder):
    ended, _, err = aviary("scale", "5")
    assert ended == 0, err
    steps = [line for line in err.splitlines() if "restart server" in line or "add server" in line]
    assert ["restart" in step for step in steps] == [True] * 3 + [False] * 2, err
    assert aviary("plan")[0] == 0


def test_a_new_credential_that_not_everybody_knows_yet(aviary, folder):
    """A launcher that is killed after it has made one: nobody is said to have edited anything, and the next change goes on."""
    process = subprocess.Popen([places.aviary_binary(), "apply"], env=aviary.environment, text=True, stderr=subprocess.PIPE)
    for line in process.stderr:
        if "restart server" in line:
            break
    process.kill()
    process.communicate()
    out = aviary("doctor")[1]
    assert "somebody has changed" not in out and "it was stopped" not in out and "aviary apply -e local" in out, out
    # A roll takes nobody for stopped on purpose whom a change had stopped.
    ended, _, err = aviary("roll")
    assert ended == 0 and "stays so" not in err, err
    assert keys(folder, 1) == keys(folder, 2) == keys(folder, 3)
    assert aviary("plan")[0] == 0
