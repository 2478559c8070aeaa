"""A data directory knows its ensemble and its server: what is foreign, swapped, copied or removed is refused, with the remedy."""
import re
import shutil
import subprocess
import time

import pytest

from harness import places
from harness.ensemble import Ensemble
from harness.server import Server, java_command
from harness.waiting import eventually
from test_change import Launcher

pytestmark = [pytest.mark.ours, pytest.mark.budget(120)]


@pytest.fixture
def aviary(tmp_path):
    launcher = Launcher(tmp_path)
    launcher.local = tmp_path / "home" / "local"
    yield launcher
    launcher("down", "--purge", "--ensemble", "local")


def refused(zoo_cfg):
    """What a server says that ends at once because of its directories."""
    ran = subprocess.run([places.aviary_binary(), "server", str(zoo_cfg)], text=True, capture_output=True, timeout=20)
    assert ran.returncode == 3, (ran.returncode, ran.stderr)
    return ran.stderr


def facts(directory):
    """The lines of an identity file."""
    lines = (directory / "identity").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines if not line.startswith("#"))


def test_directories_that_were_swapped(aviary, kazoo):
    aviary.do("up", "--detach")
    one, two = aviary.local / "1", aviary.local / "2"
    ensemble = facts(one / "data")["ensemble"]
    assert re.fullmatch(r"local\.[0-9a-f]{16}", ensemble) and facts(two / "data") == {
        "ensemble": ensemble, "server": "2", "directory": str(two / "data")}
    kazoo(aviary.addresses()).create("/kept", b"1")
    aviary.do("stop", 1, 2)

    def swap():
        (one / "data").rename(one / "other")
        (two / "data").rename(one / "data")
        (one / "other").rename(two / "data")
    swap()
    # The launcher writes myid anew; the directory knows better.
    code, _, err = aviary("start", 1, 2)
    assert code == 1 and "data of server 2" in err and "give each server its own directory back" in err, err
    swap()
    aviary.do("start", 1, 2)
    aviary.do("wait", "--for", "synced")
    assert kazoo(aviary.addresses()).exists("/kept")


def test_a_copy_beside_its_original(aviary):
    aviary.do("up", "--detach")
    aviary.do("stop", 1)
    folder = aviary.local / "1"
    shutil.copytree(folder / "data", aviary.folder / "copy")
    text = (folder / "zoo.cfg").read_text().replace(f"dataDir={folder}/data", f"dataDir={aviary.folder}/copy")
    (aviary.folder / "zoo.cfg").write_text(text)
    said = refused(aviary.folder / "zoo.cfg")
    assert "is a copy of" in said and f"start the server from {folder}/data" in said
    # A move is no copy.
    shutil.rmtree(aviary.folder / "copy")
    (folder / "data").rename(aviary.folder / "copy")
    (folder / "data").symlink_to(aviary.folder / "copy")
    aviary.do("start", 1)
    aviary.do("wait", "--for", "ready")


def test_data_of_another_ensemble(aviary):
    def spec(directory):
        path = aviary.folder / "spec.yaml"
        path.write_text(f"version: 1\nensemble: local\nservers:\n  - id: 1\n    dataDir: {directory}\n")
        return path
    data = aviary.folder / "data"
    aviary.do("up", "--detach", spec(data))
    before = facts(data)["ensemble"]
    aviary.do("down")
    shutil.copytree(data, aviary.folder / "kept")
    aviary.do("down", "--purge")
    assert not list(data.iterdir()), "a purge takes its own data from wherever they are"
    shutil.rmtree(data)
    (aviary.folder / "kept").rename(data)
    # An ensemble of the same name, another one all the same.
    code, _, err = aviary("up", "--detach", spec(data))
    assert code != 0 and f"data of the ensemble {before}" in err and f"rm -r {data}" in err, err
    shutil.rmtree(data)
    aviary.do("up", "--detach", spec(data))
    assert facts(data)["ensemble"] != before


def test_a_removed_server(aviary):
    aviary.do("up", "--detach", "-n", 4)
    aviary.do("stop", 4)
    aviary.do("remove", 4)
    (folder,) = (aviary.local / "removed").iterdir()
    assert folder.name.startswith("4-")
    # Its own files do not know yet that it was removed; its data do.
    text = (folder / "zoo.cfg").read_text().replace(str(aviary.local / "4"), str(folder))
    (folder / "zoo.cfg").write_text(text)
    said = refused(folder / "zoo.cfg")
    assert "was removed from its ensemble" in said and "aviary add" in said


def test_an_empty_disk_begins_nothing(aviary, kazoo):
    """Two of three come back, one of them with an empty disk: it must not vote the other's lost writes away."""
    aviary.do("up", "--detach")
    kazoo(aviary.addresses()).create("/kept", b"1")
    aviary.do("stop", 1, 2, 3)
    shutil.rmtree(aviary.local / "1" / "data")
    shutil.rmtree(aviary.local / "2")
    aviary.do("start", 1, 2)
    time.sleep(4)  # Longer than servers that may begin a history wait for the others.
    assert all(server["mode"] is None for server in aviary.servers().values())
    assert "none may be begun" in (aviary.local / "1" / "server.log").read_text()
    # A start of all is no permission either.
    aviary.do("stop", 1, 2)
    code, _, err = aviary("up", "--detach", "--timeout", 3)
    assert code == 69, err
    assert all(server["mode"] is None for server in aviary.servers().values())


def test_one_empty_disk_is_filled_by_the_others(aviary, kazoo):
    aviary.do("up", "--detach")
    kazoo(aviary.addresses()).create("/kept", b"1")
    aviary.do("stop", 1)
    shutil.rmtree(aviary.local / "1")
    aviary.do("start", 1)
    aviary.do("wait", "--for", "synced")
    assert kazoo(aviary.servers()[1]["client"]).exists("/kept")
    assert facts(aviary.local / "1" / "data")["server"] == "1"


def test_apache_opens_the_directory_and_we_open_it_again(aviary, kazoo, started):
    aviary.do("up", "--detach")
    folder, address = aviary.local / "2", aviary.servers()[2]["client"]
    aviary.do("stop", 2)
    port = int(address.rsplit(":", 1)[1])
    theirs = Server("apache", aviary.folder / "apache", port, {}, identity=2)
    theirs.cfg = folder / "zoo.cfg"
    started.append(theirs)
    theirs.start().wait_serving()
    kazoo(address).create("/by-apache", b"1")
    theirs.stop()
    aviary.do("start", 2)
    aviary.do("wait", "--for", "synced")
    assert kazoo(aviary.servers()[2]["client"]).exists("/by-apache")
    assert "no changes" in aviary.do("plan")


def test_a_directory_of_apaches_is_taken_over(make_ensemble, kazoo):
    ensemble = make_ensemble(["apache"] * 3).start().wait_ready()
    kazoo(ensemble.addresses).create("/kept", b"1")
    ensemble.stop()
    assert not (ensemble[1].data / "identity").exists()
    for server in ensemble:
        server.kind = "aviary"
    ensemble.start().wait_ready()
    assert kazoo(ensemble[1].address).exists("/kept")
    assert facts(ensemble[1].data) == {"server": "1", "directory": str(ensemble[1].data)}
    ensemble[1].stop()
    (ensemble[1].data / "myid").write_text("2\n")
    assert "myid says 2" in refused(ensemble[1].cfg)


@pytest.mark.parametrize("leader", [2, 3], ids=["ours-leads", "apache-leads"])
def test_a_mixed_ensemble_that_has_a_name(make_ensemble, kazoo, leader):
    ensemble = make_ensemble(["aviary", "aviary", "apache", "apache"], config={"aviary.ensemble": "red.1"}, observers=(4,))
    ensemble.start_led_by(leader)
    client = kazoo(ensemble.addresses)
    client.create("/named", b"1")
    for server in ensemble:
        assert kazoo(server.address).exists("/named")
    ensemble[leader].kill()
    ensemble.wait_ready()
    client.create("/another", b"2")


def test_a_server_of_another_ensemble_in_ones_place(tmp_path, make_ensemble, kazoo, started):
    """Its history is longer and its id the largest: without a name it would be elected, and its data would be everybody's."""
    ours = make_ensemble(3, config={"aviary.ensemble": "red.1"})
    ours.start_led_by(2)
    client = kazoo(ours.addresses)
    client.create("/ours", b"1")
    ours[3].stop()
    foreign = Server("aviary", tmp_path / "foreign", ours[3].client_port, {"aviary.ensemble": "blue.1"}, identity=3,
                     members=ours.members)
    started.append(foreign)
    # Somebody else's data: of a later epoch.
    for name in ("currentEpoch", "acceptedEpoch"):
        (foreign.data / "version-2").mkdir(exist_ok=True)
        (foreign.data / "version-2" / name).write_text("9")
    foreign.start()
    eventually(lambda: "belongs to the ensemble red.1" in foreign.log, 20, "the stranger's complaint")
    ours[1].stop()
    ours[1].start()
    eventually(lambda: "belongs to the ensemble blue.1" in ours[1].log, 20, "our complaint")
    ours[1].wait_serving()
    client.create("/still-ours", b"2")
    assert foreign.mode() is None and foreign.alive
    assert ours[1].mode() and ours[2].mode()
