"""`aviary import`: a spec of what is there already, which a plan made at once finds unchanged."""
import json

import pytest

from harness import places
from harness.server import Server
from test_change import Launcher
from test_reconfig import DYNAMIC, Dynamic

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]


def imported(aviary, *sources):
    """Imports into a file, and holds a plan of it against the ensemble."""
    path = aviary.folder / "imported.yaml"
    code, _, err = aviary("import", *sources, "--out", path)
    assert code == 0, err
    out = aviary.do("plan", path)
    assert "no changes" in out, out
    return path.read_text()


def test_an_ensemble_of_the_launcher(tmp_path):
    aviary = Launcher(tmp_path)
    try:
        aviary.do("up", "--detach")
        aviary.do("add", "--observer")
        servers = aviary.servers()
        text = imported(aviary, servers[1]["client"])
        assert "runtime: external" in text and text.count("- id: ") == 4 and "role: observer" in text
        folders = [aviary.folder / "home" / "local" / str(number) for number in servers]
        text = imported(aviary, *folders)
        assert "tickTime: 2000" in text and text.count("dataDir: ") == 4
        said = json.loads(aviary.do("import", servers[2]["client"], "--json"))
        assert [server["id"] for server in said["servers"]] == [1, 2, 3, 4]
    finally:
        aviary("down", "--purge")


@pytest.mark.parametrize("kind", ["apache", "aviary"])
def test_an_ensemble_that_has_never_changed(tmp_path, make_ensemble, kind):
    """Client ports stand only in each server's own zoo.cfg: sessions tell which server has which."""
    aviary = Launcher(tmp_path)
    ensemble = make_ensemble([kind] * 4, observers=(4,)).start().wait_ready()
    text = imported(aviary, *ensemble.addresses.split(","))
    for server in ensemble:
        assert f"client: {server.client_port}" in text
    assert "role: observer" in text
    imported(aviary, *[server.folder for server in ensemble])
    code, _, err = aviary("import", ensemble[1].address)
    assert code == 65 and "serves clients" in err and "HOST:PORT,HOST:PORT" in err, err


@pytest.mark.parametrize("kinds", [("apache",) * 3, ("apache", "aviary", "apache")], ids=["apache", "mixed"])
def test_an_ensemble_that_can_change(tmp_path, started, kinds):
    aviary = Launcher(tmp_path)
    ensemble = Dynamic(tmp_path, started, kinds, DYNAMIC)
    for number in ensemble.servers:
        ensemble[number].start()
    for server in ensemble.servers.values():
        server.wait_serving()
    text = imported(aviary, ensemble.addresses(2))
    assert text.count("- id: ") == 3
    # By now the servers have rewritten their files.
    text = imported(aviary, *[server.folder for server in ensemble.servers.values()])
    assert "reconfigEnabled: true" in text


def test_what_cannot_be_imported(tmp_path, make_server):
    aviary = Launcher(tmp_path)
    alone = make_server().start().wait_serving()
    code, _, err = aviary("import", alone.address)
    assert code == 1 and "stands alone" in err and "aviary import ZOO_CFG" in err
    code, out, err = aviary("import", alone.folder)
    assert code == 0 and "runtime: process" in out and "aviary up" in err
    code, _, err = aviary("import", f"127.0.0.1:{places.free_port()}")
    assert code == 69 and "no server serves" in err
    code, _, err = aviary("import", tmp_path / "nothing")
    assert code == 65 and "there is no file" in err
    assert aviary("import")[0] == 64
    assert aviary("import", alone.address, "--name", "no name")[0] == 64


def test_a_server_that_stood_alone_goes_on_as_an_ensemble(tmp_path, started, kazoo):
    """Apache ZooKeeper's data, its zoo.cfg imported, ours from then on."""
    aviary = Launcher(tmp_path)
    port = places.free_port()
    alone = Server("apache", tmp_path / "alone", port, {})
    started.append(alone)
    alone.start().wait_serving()
    kazoo(alone.address).create("/kept", b"1")
    alone.stop()
    spec = tmp_path / "one.yaml"
    code, _, err = aviary("import", alone.folder, "--out", spec, "--name", "one")
    assert code == 0, err
    try:
        aviary.do("up", "--detach", spec)
        assert kazoo(alone.address).get("/kept")[0] == b"1"
        aviary.do("scale", 3)
        assert len(aviary.servers()) == 3 and "no changes" in aviary.do("plan")
    finally:
        aviary("down", "--purge", "--ensemble", "one")
