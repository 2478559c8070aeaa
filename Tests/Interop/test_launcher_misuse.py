"""Wrong input of every kind: the exit code says which, and the message what happened, where, and what to type next."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from harness import places

pytestmark = [pytest.mark.ours, pytest.mark.budget(90)]

TYPED = [  # what is typed, the exit code, what the message must tell
    (("up", "nosuch.yaml"), 65, ["no file nosuch.yaml", "aviary schema"]),
    (("up", "/"), 65, ["Is a directory", "ls -ld /"]),
    (("up", "-n", "0"), 64, ["1 to 255"]),
    (("up", "-n", "3", "a.yaml"), 64, ["leave -n out"]),
    (("up", "--json"), 64, ["--detach"]),
    (("up", "--ensemble", "../x"), 64, ["letters, digits", "../x"]),
    (("statsu",), 64, ["no verb statsu", "status", "aviary --help"]),
    (("status",), 69, ["no ensemble", "aviary up", "AVIARY_HOME"]),
    (("use", "nosuch"), 69, ["nosuch", "aviary up --ensemble nosuch"]),
    (("stop",), 64, ["<ids>"]),
    (("wait", "--for", "breakfast"), 64, ["ready", "leader", "synced"]),
    (("completion", "csh"), 64, ["bash", "zsh", "fish"]),
    (("generate", "nosuch.yaml", "--out", "x"), 65, ["no file nosuch.yaml"]),
    (("plan", "nosuch.yaml"), 65, ["no file nosuch.yaml", "aviary schema"]),
    (("apply", "/"), 65, ["the spec / cannot be read"]),
    (("import", "localhost:1", "--credential", "nosuch"), 65, ["no file nosuch", "user:password"]),
    (("import", "localhost:1", "--credential", "/"), 65, ["the credential / cannot be read"]),
    (("import", "nosuch.cfg"), 65, ["no file", "nosuch.cfg"]),
    (("server", "nosuch.cfg"), 65, ["nosuch.cfg", "aviary generate"]),
]


@pytest.mark.parametrize("words,code,told", TYPED, ids=[" ".join(words) for words, _, _ in TYPED])
def test_what_cannot_be_done_is_said_with_what_to_type(aviary, words, code, told):
    status, out, err = aviary(*words)
    assert status == code, err
    assert out == ""
    for each in told:
        assert each in err


def test_servers_that_are_not_there_or_do_not_run(aviary):
    assert aviary("up", "--detach", "-n", "1")[0] == 0
    for verb in ("stop", "start", "kill", "logs"):
        status, _, err = aviary(verb, "9")
        assert status == 64 and "no server 9 in local" in err and "aviary status" in err
    status, _, err = aviary("up", "--detach", "-n", "3")
    assert status == 64 and "has 1 servers, not 3" in err and "--ensemble NAME" in err
    status, _, err = aviary("status", "-e", "locale")
    assert status == 69 and "Did you mean local?" in err
    assert aviary("stop", "1")[0] == 0
    status, _, err = aviary("stop", "1")
    assert status == 0 and "was not running" in err
    status, _, err = aviary("kill", "1")
    assert status == 1 and "aviary start 1" in err


def test_a_server_that_ends_at_once_is_shown_with_its_reason(aviary, tmp_path):
    assert aviary("up", "--detach", "-n", "1")[0] == 0
    assert aviary("down")[0] == 0
    shutil.rmtree(tmp_path / "home/local/1/data/version-2")
    (tmp_path / "home/local/1/data/version-2").write_text("a file where a directory should be")
    status, out, err = aviary("up", "--detach", seconds=20)
    assert status == 1 and "server 1: " in err and "ended at once" in err and "server.log" in err
    status, out, err = aviary("start", "1")
    assert status == 1 and "ended at once" in err and "aviary logs 1" in err


def test_a_port_of_somebody_else(aviary, tmp_path):
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        spec = tmp_path / "taken.yaml"
        spec.write_text(f"servers:\n  - {{id: 1, ports: {{client: {port}}}}}\n")
        status, _, err = aviary("up", "--detach", str(spec))
    assert status == 1 and f"port {port}, the client port of server 1" in err and f"ss -ltnp sport = :{port}" in err


def test_folders_that_cannot_be_used(aviary, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    status, _, err = aviary("up", "--detach", "--dir", str(file))
    assert status == 1 and f"ls -ld {file}" in err
    status, _, err = aviary("status", "--dir", str(file))
    assert status == 69 and f"no ensemble in {file}" in err
    spec = tmp_path / "one.yaml"
    spec.write_text("servers: 1\n")
    status, _, err = aviary("generate", str(spec), "--out", str(file))
    assert status == 1 and f"ls -ld {file}" in err
    (tmp_path / "home/broken").mkdir(parents=True)
    (tmp_path / "home/broken/launcher").write_text("nonsense\n")
    status, _, err = aviary("status")
    assert status == 65 and "damaged" in err and "rm -r" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody else")
def test_a_home_that_may_only_be_read():
    binary = pathlib.Path(places.aviary_binary())
    for each in [binary, *binary.parents]:
        if each.stat().st_mode & 0o001 == 0:
            pytest.skip(f"nobody cannot reach {each}")
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        ran = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", str(binary), "up", "--detach"], text=True,
                             env={"AVIARY_HOME": home, "PATH": os.environ["PATH"]}, capture_output=True, timeout=30)
        assert ran.returncode == 1
        assert "Permission denied" in ran.stderr and f"ls -ld {home}" in ran.stderr
