"""`runtime: docker`: the launcher's verbs with containers of the local engine."""
import json
import os
import subprocess

import pytest

from harness import engine as engines, places
from harness.waiting import eventually
from test_image import module_engine  # noqa: F401  (a fixture: one engine and image for the module)

pytestmark = [pytest.mark.ours, pytest.mark.budget(180)]
NAME = f"t{os.getpid()}"


@pytest.fixture
def launcher(module_engine, tmp_path):  # noqa: F811
    """launcher(words…): the verb's result; whatever runs is ended after the test."""
    def launch(*words, code=0, seconds=120):
        ran = subprocess.run([places.aviary_binary(), *map(str, words), "--dir", str(tmp_path / "home")], text=True,
                             capture_output=True, timeout=seconds)
        assert ran.returncode == code, f"aviary {' '.join(map(str, words))}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout if code == 0 else ran.stderr
    launch.engine = module_engine
    yield launch
    subprocess.run([places.aviary_binary(), "down", "--purge", "--dir", str(tmp_path / "home")], capture_output=True, timeout=60)
    left = module_engine("ps", "-aq", "--filter", f"name=aviary-{NAME}-").split()
    if left:
        module_engine("rm", "-fv", *left)


def write_spec(path, image, ports, config="tickTime: 500"):
    servers = "".join(f"  - {{id: {number}, ports: {{client: {port}}}}}\n" for number, port in ports.items())
    path.write_text(f"ensemble: {NAME}\nruntime: docker\ndocker: {{image: {image}}}\nconfig: {{{config}}}\nservers:\n{servers}")
    return path


def containers(engine, form="{{.Names}}"):
    return sorted(engine("ps", "--filter", f"name=aviary-{NAME}-", "--format", form).split())


def nameless_volumes(engine, *names):
    """Those that the engine made for containers because their image wants them."""
    mounts = [each for name in names for each in json.loads(engine("inspect", name))[0]["Mounts"] if each["Type"] == "volume"]
    return {each["Name"] for each in mounts if not each["Name"].startswith(f"aviary-{NAME}-")}


def volumes(engine):
    return set(engine("volume", "ls", "--format", "{{.Name}}").split())


def test_up_status_apply_roll_down(launcher, kazoo, tmp_path):
    engine = launcher.engine
    ports = {number: places.free_port() for number in range(1, 6)}
    three = {number: ports[number] for number in (1, 2, 3)}
    spec = write_spec(tmp_path / "spec.yaml", engine.image, three)
    up = json.loads(launcher("up", spec, "--detach", "--json"))
    os.write(2, f"\ndocker: {up['milliseconds']} ms from aviary up to three containers that are ready\n".encode())
    assert up["connect"] == ",".join(f"localhost:{port}" for port in three.values())
    assert containers(engine) == [f"aviary-{NAME}-{number}" for number in (1, 2, 3)]
    assert f"aviary-{NAME}" in engine("network", "ls", "--format", "{{.Name}}").split()
    assert f"aviary-{NAME}-2" in engine("volume", "ls", "--format", "{{.Name}}").split()
    client = kazoo(up["connect"])
    client.create("/kept", b"all the while")

    # The shell finds them where they are published: their own names are known in their network alone.
    shown = subprocess.run([places.aviary_binary(), "cli", "get", "/kept"], text=True, capture_output=True, timeout=30,
                           env=dict(os.environ, AVIARY_HOME=str(tmp_path / "home")))
    assert shown.returncode == 0 and "all the while" in shown.stdout, shown.stderr

    status = json.loads(launcher("status", "--json"))
    assert status["ready"] and status["quorum"]["mayFail"] == 1
    assert all(server["pid"] and server["residentBytes"] for server in status["servers"])
    # Names of containers mean nothing to this machine, and that is no fault of theirs.
    found = json.loads(launcher("doctor", "--json"))
    assert not [each for each in found if each["severity"] == "error" or each["code"].startswith("name-")], found
    assert "binding to port" in launcher("logs")
    assert "binding to port" in engine("logs", f"aviary-{NAME}-1")

    # A crash, seen and mended.
    nameless = nameless_volumes(engine, f"aviary-{NAME}-2")
    assert nameless and nameless <= volumes(engine)
    launcher("kill", "2")
    down = eventually(lambda: [each for each in json.loads(launcher("status", "--json"))["servers"] if each["pid"] is None], 10)
    assert [each["id"] for each in down] == [2]
    launcher("start", "2")
    launcher("wait")
    # A new container leaves nothing of the old one behind but the server's own volume.
    assert not nameless & volumes(engine) and f"aviary-{NAME}-2" in volumes(engine)

    # Five, with another setting, from the edited spec; and a plan that then has nothing left.
    write_spec(spec, engine.image, ports, "tickTime: 700")
    launcher("apply", spec)
    assert len(containers(engine)) == 5
    assert "tickTime=700" in kazoo(f"127.0.0.1:{ports[1]}").command(b"conf")
    assert json.loads(launcher("plan", spec, "--json"))["steps"] == []

    # Another image, server after server.
    other = f"{engine.image}:next"
    engine("tag", engine.image, other)
    try:
        report = json.loads(launcher("roll", "--image", other, "--json"))
        assert report["sessionsLost"] == 0 and report["longestGapMilliseconds"] < 5000
        os.write(2, f"\ndocker: {report['milliseconds']} ms for a roll of five to another image, longest gap of writes "
                    f"{report['longestGapMilliseconds']} ms\n".encode())
        assert set(containers(engine, "{{.Image}}")) == {other}
        # An image that there is not: nothing is stopped for it.
        message = launcher("roll", "--image", "nobody/has:this", "--timeout", "5", code=1)
        assert "nobody/has:this" in message
        assert set(containers(engine, "{{.Image}}")) == {other} and len(containers(engine)) == 5
        launcher("scale", "3")
        assert len(containers(engine)) == 3
        assert client.get("/kept")[0] == b"all the while"

        # Down leaves the data and nothing else; up goes on with it.
        nameless = nameless_volumes(engine, *containers(engine))
        launcher("down")
        assert nameless and not nameless & volumes(engine)
        assert containers(engine, "{{.ID}}") == []
        assert f"aviary-{NAME}" not in engine("network", "ls", "--format", "{{.Name}}").split()
        launcher("up", "--detach")
        assert kazoo(f"127.0.0.1:{ports[1]}").get("/kept")[0] == b"all the while"
        launcher("down", "--purge")
        assert not (tmp_path / "home" / NAME).exists()
        assert not [name for name in engine("volume", "ls", "--format", "{{.Name}}").split() if NAME in name]
    finally:
        engine("rmi", other, check=False)


def test_what_is_wrong_is_said(launcher, tmp_path):
    engine = launcher.engine
    spec = write_spec(tmp_path / "spec.yaml", "nobody/has:this", {1: places.free_port()})
    message = launcher("up", spec, "--detach", code=1)
    assert "nobody/has:this" in message and "docker image ls" in message
    with engines.folder():
        write_spec(spec, engine.image, {1: places.free_port()})
    launcher("up", spec, "--detach")
    assert "--image NAME" in launcher("roll", "--binary", "/bin/true", code=64)
