"""The container image on a real engine: what its words, its environment and its probes do, and how fast it is."""
import contextlib
import os
import re
import time

import pytest

from conformance import zkwire as w
from harness import engine as engines, places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(150)]
SERVERS = "server.1=zoo1:2888:3888;2181 server.2=zoo2:2888:3888;2181 server.3=zoo3:2888:3888;2181"
FILES = places.ROOT / "compose"


def say(line):
    """Figures are shown however the tests are run."""
    os.write(2, f"\nimage: {line}\n".encode())


@pytest.fixture(scope="module")
def module_engine():
    try:
        found = engines.Engine()
    except engines.NoEngine as error:
        say(f"SKIPPED, {error}")
        pytest.skip(str(error))
    try:
        with engines.folder() as folder:
            found.image = os.environ.get("AVIARY_IMAGE") or found.build(folder)
        yield found
    finally:
        found.close()


@pytest.fixture
def engine(module_engine):
    yield module_engine
    module_engine.tidy()


@pytest.fixture
def project(engine, tmp_path):
    """project(text of a compose file): its containers are not started yet."""
    if not engine.compose_words:
        say("SKIPPED, there is no compose")
        pytest.skip("there is no compose")

    def make(text):
        text = text.replace("${AVIARY_IMAGE:-aviary}", engine.image)
        return engine.compose(text, tmp_path).free_ports()
    return make


def fastest_answer(address, port=2181, seconds=20):
    """Waits for `Mode:` without starting a process for each look."""
    import socket

    def mode():
        with socket.create_connection((address, port), timeout=1) as connection:
            connection.sendall(b"srvr")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        found = re.search(r"^Mode: (\S+)", text, re.M)
        return found and found[1]
    return eventually(mode, seconds, f"{address}:{port} serving", every=0.005)


def test_the_image_is_small_and_needs_no_rights(engine):
    import json
    shown = json.loads(engine("image", "inspect", engine.image))[0]
    size = shown["Size"] / 1e6
    kind = "a release build" if "/release/" in places.aviary_binary() else "a debug build, which is larger"
    say(f"{size:.1f} MB, of {kind}")
    config = shown["Config"]
    assert config["User"] == "1000:1000"
    assert set(config["Volumes"]) == {"/data", "/datalog", "/logs", "/conf"}
    assert {"2181/tcp", "2888/tcp", "3888/tcp", "8080/tcp"} <= set(config["ExposedPorts"])
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"][:3] == ["CMD", "aviary", "health"]
    if "/release/" in places.aviary_binary():
        assert size < 60


def test_one_server_with_a_read_only_root_and_no_rights_at_all(engine, kazoo):
    begun = time.monotonic()
    server = engine.run("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "12345:0",
                        engine.image)
    [address] = server.addresses
    fastest_answer(address)
    say(f"{time.monotonic() - begun:.2f} s from docker run to serving")
    client = kazoo(f"{address}:2181")
    client.create("/there", b"kept")
    assert server.health() == "ready: standalone"
    assert server.health("--live") == "alive"
    assert "Mode: standalone" in server.exec("zkServer.sh", "status", check=False)
    assert "Apache ZooKeeper, version 3.9" in server.exec("zkServer.sh", "version")
    assert "there" in server.exec("zkCli.sh", "ls", "/")
    assert server.exec("sh", "-c", "echo ruok | nc localhost 2181") == "imok"
    server.exec("sh", "-c", "sleep 0.2 &")
    eventually(lambda: "sleep" not in server.exec("ps"), 10, "what an exec has left being gone", every=0.2)
    eventually(lambda: server.inspect()["State"]["Health"]["Status"] == "healthy", 20, "healthy for the engine", every=0.2)
    begun = time.monotonic()
    engine("stop", server.id)
    say(f"{time.monotonic() - begun:.2f} s to stop")
    assert time.monotonic() - begun < 5 and server.inspect()["State"]["ExitCode"] == 0
    engine("start", server.id)
    [address] = server.addresses
    fastest_answer(address)
    assert kazoo(f"{address}:2181").get("/there")[0] == b"kept"


def test_the_memory_of_a_container_bounds_what_clients_leave_unread(engine, kazoo):
    import urllib.request
    limit = 128 << 20
    server = engine.run("--memory", str(limit), "-e", "ZOO_MAX_CLIENT_CNXNS=0", "-e", "ZOO_CFG_EXTRA=metricsProvider.className="
                        "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider", engine.image)
    [address] = server.addresses
    fastest_answer(address)
    client = kazoo(f"{address}:2181")
    client.create("/big", b"x" * 900_000)
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            session = w.Session(address, 2181)
            stack.callback(session.sock.close)
            with contextlib.suppress(w.Disconnected):
                for _ in range(200):
                    session.send(w.GET_DATA, w.Out().string("/big").bool(False).bytes())
        eventually(lambda: "unread, and it has the most of them" in server.log, 30, "one of them being closed", every=0.2)
        time.sleep(2)
        state = server.inspect()["State"]
        assert state["Running"] and not state["OOMKilled"], server.log[-1500:]
        client.set("/big", b"still here")
    with urllib.request.urlopen(f"http://{address}:7000/metrics", timeout=5) as answer:
        assert f'jvm_memory_bytes_max{{area="heap"}} {limit}.0' in answer.read().decode()
    # What the tree takes is not bounded, but is said in time.
    for number in range(100):
        client.create(f"/big{number}", bytes([number]) * 1_000_000)
        if "of memory are used" in server.log:
            break
    eventually(lambda: re.search(r"WARN .* of 128 MB of memory are used", server.log), 10, "a warning")


def test_a_server_that_does_not_know_who_it_is_says_what_to_type(engine):
    lost = engine.run("-e", f"ZOO_SERVERS={SERVERS}", engine.image)
    assert lost.ended() == 65
    assert "set ZOO_MY_ID" in lost.log


def test_the_log_as_json(engine):
    import json
    server = engine.run("-e", "AVIARY_LOG_FORMAT=json", "-e", "AVIARY_LOG_LEVEL=info", engine.image).wait_ready()
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert {tuple(line) for line in lines} == {("time", "level", "server", "message")}
    assert {"entrypoint", "standalone"} <= {line["server"] for line in lines}
    assert any("zoo.cfg: tickTime=2000" in line["message"] for line in lines)


def test_what_is_wrong_as_json(engine):
    """Whoever collects the log gets the reason of a start that failed in the same form."""
    import json
    variables = ["-e", "AVIARY_LOG_FORMAT=json", "-e", "ZOO_MY_ID=0", "-e", "ZOO_TLS_CLIENT_ENABLE=yes", "-e", "ZOO_ENABLE_AUTH=yes"]
    wrong = engine.run(*variables, engine.image)
    assert wrong.ended() == 65
    lines = [json.loads(line) for line in wrong.log.splitlines()]
    assert [line["level"] for line in lines] == ["ERROR", "ERROR"]
    assert {line["server"] for line in lines} == {"entrypoint"}
    for name in ("ZOO_MY_ID=0", "ZOO_ENABLE_AUTH=yes"):
        assert [line for line in lines if line["message"].startswith(name)]
    unknown = engine.run("-e", "AVIARY_LOG_FORMAT=xml", engine.image)
    assert unknown.ended() == 65
    assert unknown.log == "aviary: AVIARY_LOG_FORMAT=xml: the log's formats are json and text"


def test_names_that_do_not_resolve_are_named_once(engine):
    network = engine.network()
    words = ["--net", network, "-e", "ZOO_SERVERS=" + " ".join(SERVERS.split()[:2])]
    first = engine.run(*words, "--hostname", "zoo1", "--network-alias", "zoo1", engine.image)
    eventually(lambda: "zoo2 does not resolve; trying again" in first.log, 20, "the name in the log", every=0.2)
    time.sleep(3)
    assert first.log.count("does not resolve") == 1
    assert [line for line in first.log.splitlines() if "WARN" in line and "zoo2 does not resolve" in line]
    assert "resolves now" not in first.log
    engine.run(*words, "--hostname", "zoo2", "--network-alias", "zoo2", engine.image)
    eventually(lambda: "zoo2 resolves now" in first.log, 20, "the name that resolves", every=0.2)
    first.wait_ready()
    assert first.log.count("zoo2 resolves now") == first.log.count("does not resolve") == 1


def test_the_data_of_another_server_is_refused(engine):
    first = engine.run("-e", f"ZOO_SERVERS={SERVERS}", "-e", "ZOO_MY_ID=1", engine.image)
    # Names that nobody can resolve yet stop nothing.
    eventually(lambda: first.health("--live") == "alive", 10, "alive")
    assert first.health().startswith("not ready")
    engine("stop", first.id)
    second = engine.run("-e", f"ZOO_SERVERS={SERVERS}", "-e", "ZOO_MY_ID=2", "--volumes-from", first.id, engine.image)
    assert second.ended() == 65
    assert "belongs to server 1" in second.log


def test_the_official_compose_example_with_its_image_line_changed(engine, project, kazoo):
    text = (places.ROOT / "Tests/Interop/containers/official-image.yaml").read_text()
    ensemble = project(re.sub(r"image: zookeeper", f"image: {engine.image}", text))
    begun = time.monotonic()
    ensemble("up", "-d")
    started = time.monotonic()
    for port in (2181, 2182, 2183):
        fastest_answer("127.0.0.1", ensemble.ports[port])
    say(f"{time.monotonic() - begun:.2f} s from compose up to three servers serving, {time.monotonic() - started:.2f} s of it "
        "after compose had returned")
    connect = ",".join(f"127.0.0.1:{ensemble.ports[port]}" for port in (2181, 2182, 2183))
    kazoo(connect).create("/orders", b"kept")
    servers = [ensemble.container(f"zoo{number}") for number in (1, 2, 3)]
    modes = [server.health() for server in servers]
    assert sorted(modes) == ["ready: follower", "ready: follower", "ready: leader"]

    # All of them get other addresses at once, while they run: each the one that its neighbour had.
    network = f"{ensemble.name}_default"
    before = {server.id: server.addresses for server in servers}
    for server in servers:
        engine("network", "disconnect", network, server.id)
    order = sorted(servers, key=lambda server: [int(part) for part in before[server.id][0].split(".")])
    for server in order[1:] + order[:1]:
        engine("network", "connect", "--alias", f"zoo{servers.index(server) + 1}", network, server.id)
    begun = time.monotonic()
    assert all(server.addresses != before[server.id] for server in servers)
    # What was agreed upon at the old addresses is no answer: a write has to come through.
    eventually(lambda: servers[0].exec("zkCli.sh", "create", f"/moved-{time.time()}") is not None, 40,
               "a write at the new addresses", every=0.2)
    for server in servers:
        server.wait_ready(40)
    say(f"{time.monotonic() - begun:.1f} s until all three are in step at their new addresses")

    # Stopped in time, and all is there at the next start.
    begun = time.monotonic()
    ensemble("stop")
    assert time.monotonic() - begun < 9
    assert [server.inspect()["State"]["ExitCode"] for server in servers] == [0, 0, 0]
    ensemble("start")
    for server in servers:
        server.wait_ready()
    assert kazoo(connect).get("/orders")[0] == b"kept"


def test_the_docker_run_lines_of_older_guides(engine, kazoo):
    """Three machines in the guides; here three addresses of one, on the host's network."""
    quorum, election = places.free_port(), places.free_port()
    clients = [places.free_port() for _ in range(3)]
    servers = []
    begun = time.monotonic()
    for number in (1, 2, 3):
        lines = [f"server.{each}=127.0.0.{each}:{quorum}:{election}" for each in (1, 2, 3)]
        lines.append(f"clientPort={clients[number - 1]}")
        words = [word for place, line in enumerate(lines, 1) for word in ("-e", f"ADDITIONAL_ZOOKEEPER_{place}={line}")]
        servers.append(engine.run("--net=host", "-e", f"SERVER_ID={number}", *words, engine.image))
    for port in clients:
        fastest_answer("127.0.0.1", port)
    say(f"{time.monotonic() - begun:.2f} s from the first of three docker runs to a quorum of three")
    client = kazoo(",".join(f"127.0.0.1:{port}" for port in clients))
    client.create("/old", b"guide")
    for server in servers:
        assert server.health().startswith("ready")
    assert client.get("/old")[0] == b"guide"


def test_bitnamis_and_confluents_names(engine):
    network = engine.network()
    for number in (1, 2):
        engine.run("--net", network, "--name", f"{engines.MARK}-b{number}", "-e", f"ZOO_SERVER_ID={number}",
                   "-e", "ALLOW_ANONYMOUS_LOGIN=yes", "-e",
                   f"ZOO_SERVERS={engines.MARK}-b1:2888:3888,{engines.MARK}-b2:2888:3888", engine.image)
    servers = [engines.Container(engine, f"{engines.MARK}-b{number}").wait_ready() for number in (1, 2)]
    assert {server.health() for server in servers} == {"ready: leader", "ready: follower"}
    confluent = engine.run("-e", "ZOOKEEPER_CLIENT_PORT=22181", "-e", "ZOOKEEPER_TICK_TIME=2000", engine.image,
                           "/etc/confluent/docker/run")
    fastest_answer(confluent.addresses[0], 22181)


@pytest.mark.parametrize("points, data, words", [
    (["/bitnami/zookeeper"], "/bitnami/zookeeper/data", ["ALLOW_ANONYMOUS_LOGIN=yes"]),
    (["/bitnami"], "/bitnami/zookeeper/data", ["ALLOW_ANONYMOUS_LOGIN=yes"]),
    (["/var/lib/zookeeper/data", "/var/lib/zookeeper/log"], "/var/lib/zookeeper/data", ["ZOOKEEPER_CLIENT_PORT=2181"])],
    ids=["bitnami", "bitnami-whole", "confluent"])
def test_new_volumes_of_other_images_hold_the_data(engine, kazoo, points, data, words):
    """Named volumes that nobody has made yet, as in their compose files; the data outlives the container."""
    volumes = [f"{engines.MARK}-volume-{place}" for place in range(len(points))]
    mounts = [word for volume, point in zip(volumes, points) for word in ("-v", f"{volume}:{point}")]
    variables = [word for variable in words for word in ("-e", variable)]
    try:
        first = engine.run(*mounts, *variables, engine.image)
        fastest_answer(first.addresses[0])
        kazoo(f"{first.addresses[0]}:2181").create("/there", b"kept")
        assert f"zoo.cfg: dataDir={data}\n" in first.log
        if len(points) > 1:
            assert f"zoo.cfg: dataLogDir={points[1]}\n" in first.log
            assert "log." in first.exec("ls", f"{points[1]}/version-2")
        engine("rm", "-fv", first.id)
        second = engine.run(*mounts, *variables, engine.image)
        fastest_answer(second.addresses[0])
        assert kazoo(f"{second.addresses[0]}:2181").get("/there")[0] == b"kept"
    finally:
        engine.tidy()
        engine("volume", "rm", *volumes)


@pytest.mark.parametrize("check", [
    "nc -z localhost 2181", "nc -zv localhost 2181 || exit 1", "nc -vz -w 2 127.0.0.1 2181", "echo ruok | nc -w 2 -q 2 localhost 2181",
    "[ $(echo ruok | nc -q 1 localhost 2181) = imok ]", "echo srvr | nc -N localhost 2181 | grep Mode",
    "echo mntr | nc localhost 2181 | grep zk_version"])
def test_health_checks_of_the_official_image(engine, check):
    server = engine.run("-e", "ZOO_4LW_COMMANDS_WHITELIST=*", "--health-cmd", check, "--health-interval", "1s", engine.image)
    eventually(lambda: server.inspect()["State"]["Health"]["Status"] == "healthy", 20, check, every=0.2)
    # And they see what is wrong.
    assert server.exec("sh", "-c", check.replace("2181", "2182") + " && echo good", check=False).find("good") < 0


@pytest.fixture
def foreign(tmp_path):
    """foreign(name): an empty folder that is root's alone, as an engine makes them for bind mounts."""
    if os.geteuid() != 0:
        pytest.skip("only root can make folders that are root's")

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        folder.chmod(0o755)
        return folder
    return make


def test_bind_mounts_of_another_user_are_refused_by_name(engine, foreign):
    """Whose they would have to be, what to type, and that root would do it."""
    data, log = foreign("data"), foreign("datalog")
    for options, user in ([], "1000:1000"), (["--user", "12345:0"], "12345:0"):
        refused = engine.run(*options, "-v", f"{data}:/data", "-v", f"{log}:/datalog", engine.image)
        assert refused.ended() == 1
        for part in (f"/data cannot be used by {user}", "belongs to 0:0, mode 755", f"chown -R {user} DIR",
                     "mounted at /data", "--user 0"):
            assert part in refused.log
    # What is typed then is enough, and a read-only mount is called by its name.
    os.chown(data, 1000, 1000)
    os.chown(log, 1000, 1000)
    mended = engine.run("-v", f"{data}:/data", "-v", f"{log}:/datalog", engine.image)
    fastest_answer(mended.addresses[0])
    engine("stop", mended.id)
    sealed = engine.run("-v", f"{data}:/data:ro", "-v", f"{log}:/datalog", engine.image)
    assert sealed.ended() == 1 and "Read-only file system" in sealed.log and "chown" not in sealed.log
    # A folder deeper down, as another user's server has left it.
    os.chown(log / "version-2", 0, 0)
    deep = engine.run("-v", f"{data}:/data", "-v", f"{log}:/datalog", engine.image)
    assert deep.ended() == 1
    assert "/datalog/version-2 cannot be used by 1000:1000" in deep.log and "mounted at /datalog" in deep.log


def test_started_as_root_it_takes_its_folders_and_drops_its_rights(engine, kazoo, foreign):
    data, log, conf = foreign("data"), foreign("datalog"), foreign("conf")
    outside = foreign("outside")
    (data / "link").symlink_to("/tmp/elsewhere")
    mounts = [word for folder, point in ((data, "/data"), (log, "/datalog"), (conf, "/conf"), (outside, "/tmp/elsewhere"))
              for word in ("-v", f"{folder}:{point}")]
    secret = outside / "id"
    secret.write_text("7\n")
    secret.chmod(0o600)
    server = engine.run("--user", "0", *mounts, "-e", "ZOO_MY_ID_FILE=/tmp/elsewhere/id", engine.image)
    [address] = server.addresses
    fastest_answer(address)
    kazoo(f"{address}:2181").create("/there", b"kept")
    assert "goes on as 1000:1000" in server.log
    status = server.exec("cat", "/proc/1/status")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert fields["Uid"].split() == fields["Gid"].split() == ["1000"] * 4
    assert fields["Groups"].split() == ["1000"]
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert server.health() == "ready: standalone"
    for folder in (data, log, conf):
        owners = {(each.lstat().st_uid, each.lstat().st_gid) for each in [folder, *folder.rglob("*")]}
        assert owners == {(1000, 1000)}, folder
    # What a link leads to is not a part of the data.
    assert outside.stat().st_uid == 0 and secret.stat().st_uid == 0
    assert (data / "myid").read_text() == "7\n"
    # As nobody but itself from now on.
    engine("stop", server.id)
    assert server.inspect()["State"]["ExitCode"] == 0
    again = engine.run("-v", f"{data}:/data", "-v", f"{log}:/datalog", engine.image)
    fastest_answer(again.addresses[0])
    assert kazoo(f"{again.addresses[0]}:2181").get("/there")[0] == b"kept"


def test_root_that_cannot_drop_its_rights_does_not_serve(engine):
    refused = engine.run("--user", "0", "--cap-drop", "SETUID", engine.image)
    assert refused.ended() == 1
    assert "cannot be dropped" in refused.log and "SETUID" in refused.log
    # Root without any rights has none to drop, and serves from what is root's.
    bare = engine.run("--user", "0", "--cap-drop", "ALL", "--tmpfs", "/data:mode=700", "--tmpfs", "/datalog:mode=700", "--tmpfs",
                      "/conf:mode=700", engine.image)
    fastest_answer(bare.addresses[0])
    assert "goes on as" not in bare.log
    # Other words are somebody's own: they stay root's.
    assert engine("run", "--rm", "--user", "0", engine.image, "sh", "-c", "cat /proc/self/status | grep Uid").split()[1] == "0"


def test_a_mounted_spec_and_the_host_names_ordinal(engine, tmp_path):
    """As a stateful set has it: one spec for all, and names that end in a number."""
    network = engine.network()
    spec = tmp_path / "spec.yaml"
    servers = "".join(f"  - {{id: {number}, host: zk-{number - 1}.zk}}\n" for number in (1, 2, 3))
    spec.write_text(f"version: 1\nconfig: {{tickTime: 1000}}\nservers:\n{servers}")
    tmp_path.chmod(0o755)
    started = [engine.run("--net", network, "--hostname", f"zk-{number}", "--network-alias", f"zk-{number}.zk",
                          "-v", f"{spec}:/spec.yaml:ro", "-e", "AVIARY_SPEC=/spec.yaml", engine.image) for number in range(3)]
    modes = [server.wait_ready().health() for server in started]
    assert sorted(modes) == ["ready: follower", "ready: follower", "ready: leader"]
    assert "server 3 by the host name zk-2" in started[2].log


@pytest.mark.parametrize("name, modes", [
    ("one-server", ["standalone"]), ("three-servers", ["follower", "follower", "leader"]),
    ("observer", ["follower", "follower", "leader", "observer"])])
def test_the_compose_files_of_this_project(project, kazoo, name, modes):
    ensemble = project(re.sub(r"\n.*build: .*", "", (FILES / f"{name}.yaml").read_text()))
    ensemble("up", "-d")
    found = [fastest_answer("127.0.0.1", port) for port in ensemble.ports.values()]
    assert sorted(found) == modes
    kazoo(f"127.0.0.1:{list(ensemble.ports.values())[-1]}").create("/written", b"by the last")
    # Made anew with another environment: that counts, and the data stays.
    ensemble("down")
    ensemble.text = ensemble.text.replace("  environment:\n", "  environment:\n    ZOO_TICK_TIME: 1234\n")
    ensemble("up", "-d")
    for port in ensemble.ports.values():
        fastest_answer("127.0.0.1", port)
    client = kazoo(f"127.0.0.1:{list(ensemble.ports.values())[0]}")
    client.sync("/written")
    assert client.get("/written")[0] == b"by the last"
    if "ZOO_TICK_TIME" in ensemble.text:
        assert b"tickTime=1234" in client.command(b"conf").encode()


@pytest.fixture
def swarm(engine):
    """This engine as the only node of a swarm; what is deployed as `stack` is removed."""
    if engine("info", "--format", "{{.Swarm.LocalNodeState}}") != "inactive":
        say("SKIPPED, the engine is in a swarm of somebody else's")
        pytest.skip("the engine is in a swarm")
    engine("swarm", "init", "--advertise-addr", "127.0.0.1")
    stack = engines.MARK
    try:
        yield stack
    finally:
        engine("stack", "rm", stack, check=False)
        eventually(lambda: not engine("ps", "-aq", "--filter", f"name={stack}_"), 60, "the stack's containers gone", every=0.2)
        engine("volume", "rm", *engine("volume", "ls", "-q", "--filter", f"name={stack}_").split(), check=False)
        engine("swarm", "leave", "--force")


def test_the_swarm_file(engine, swarm, kazoo, tmp_path):
    text = (FILES / "swarm.yaml").read_text().replace("${AVIARY_IMAGE:-aviary}", engine.image)
    ports = [places.free_port() for _ in range(3)]
    for number, port in enumerate(ports, 2181):
        text = text.replace(f"published: {number},", f"published: {port},")
    file = tmp_path / "stack.yaml"
    file.write_text(text)
    labels = [word for number in (1, 2, 3) for word in ("--label-add", f"zoo{number}=yes")]
    engine("node", "update", *labels, *engine("node", "ls", "-q").split())
    engine("stack", "deploy", "--resolve-image", "never", "-c", str(file), swarm)
    modes = [fastest_answer("127.0.0.1", port, 90) for port in ports]
    assert sorted(modes) == ["follower", "follower", "leader"]
    client = kazoo(",".join(f"127.0.0.1:{port}" for port in ports))
    client.create("/kept", b"in the swarm")
    # A container is made anew, over its data.
    engine("service", "update", "--force", "--detach=false", f"{swarm}_zoo1", seconds=90)
    fastest_answer("127.0.0.1", ports[0], 90)
    client.retry(client.sync, "/kept")
    assert client.retry(client.get, "/kept")[0] == b"in the swarm"


def render(*words):
    import subprocess
    return subprocess.run([places.aviary_binary(), "render", *map(str, words)], capture_output=True, text=True, check=True,
                          timeout=20).stdout


def test_a_compose_file_that_was_rendered(engine, project, kazoo, tmp_path):
    spec = tmp_path / "spec.yaml"
    ports = [places.free_port() for _ in range(4)]
    spec.write_text("ensemble: made\nconfig: {tickTime: 1000, 4lw.commands.whitelist: '*'}\nservers:\n" + "".join(
        f"  - {{id: {number}, ports: {{client: {port}}}, role: {'observer' if number == 4 else 'participant'}}}\n"
        for number, port in enumerate(ports, 1)))
    ensemble = project(render("compose", spec, "--image", engine.image))
    ensemble("up", "-d")
    assert sorted(fastest_answer("127.0.0.1", port) for port in ports) == ["follower", "follower", "leader", "observer"]
    client = kazoo(f"127.0.0.1:{ports[3]}")
    client.create("/written", b"by the last")
    assert "tickTime=1000" in client.command(b"conf")


def test_a_compose_file_that_was_rendered_with_tls(engine, project, tmp_path):
    """The port of TLS is published, and the files that the keys name are mounted where they are."""
    import subprocess
    from harness import clients
    tls = tmp_path / "tls"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    subprocess.run([str(FILES / "certificates.sh"), str(tls)], check=True, timeout=30)
    tls.chmod(0o755)
    spec = tmp_path / "spec.yaml"
    ports = {number: (places.free_port(), places.free_port()) for number in (1, 2, 3)}
    spec.write_text(
        f"ensemble: made\nconfig:\n  tickTime: 1000\n  sslQuorum: true\n" + "".join(
            f"  {kind}.keyStore.location: {tls}/server.pem\n  {kind}.trustStore.location: {tls}/ca.pem\n"
            for kind in ("ssl", "ssl.quorum"))
        + "servers:\n" + "".join(f"  - {{id: {number}, ports: {{client: {plain}, secureClient: {secure}}}}}\n"
                                 for number, (plain, secure) in ports.items()))
    ensemble = project(render("compose", spec, "--image", engine.image))
    ensemble("up", "-d")
    assert sorted(fastest_answer("127.0.0.1", plain) for plain, _ in ports.values()) == ["follower", "follower", "leader"]
    client = clients.kazoo(",".join(f"127.0.0.1:{secure}" for _, secure in ports.values()), use_ssl=True, ca=str(tls / "ca.pem"),
                           certfile=str(tls / "client.crt"), keyfile=str(tls / "client.key"))
    try:
        client.create("/written", b"through TLS")
    finally:
        clients.let_go(client)
    # A file that is not there keeps the servers from starting, and no folder of its name is made.
    (tls / "server.pem").unlink()
    ensemble("down")
    with pytest.raises(AssertionError, match="server.pem"):
        ensemble("up", "-d")
    assert not (tls / "server.pem").exists()


def start_pods(engine, network, manifests, ordinals, name="orders"):
    """Containers with the names, the environment and the rights of a stateful set's pods."""
    [pods] = [each for each in manifests if each["kind"] == "StatefulSet"]
    [secret] = [each for each in manifests if each["kind"] == "Secret"]
    [container] = pods["spec"]["template"]["spec"]["containers"]
    started = []
    for ordinal in ordinals:
        pod = f"{name}-{ordinal}"
        words = []
        for variable in container["env"]:
            value = variable.get("value")
            if value is None:
                source = variable["valueFrom"]
                value = pod if "fieldRef" in source else secret["stringData"][source["secretKeyRef"]["key"]]
            words += ["-e", f"{variable['name']}={value.replace('$(POD_NAME)', pod)}"]
        started.append(engine.run(
            "--net", network, "--hostname", pod, "--network-alias", f"{pod}.{pods['spec']['serviceName']}", "--read-only",
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000:1000", *words, engine.image))
    return started


def run_job(engine, network, manifests, folder):
    """The job with its volumes, to its end."""
    [job] = [each for each in manifests if each["kind"] == "Job"]
    [config] = [each for each in manifests if each["kind"] == "ConfigMap"]
    [secret] = [each for each in manifests if each["kind"] == "Secret"]
    for place, files in (("spec", config["data"]), ("operator", {"credential": secret["stringData"]["credential"]})):
        (folder / place).mkdir(exist_ok=True)
        for file, text in files.items():
            (folder / place / file).write_text(text)
    folder.chmod(0o755)
    [container] = job["spec"]["template"]["spec"]["containers"]
    return engine("run", "--rm", "--net", network, "--read-only", "--user", "1000:1000", "-v", f"{folder / 'spec'}:/spec:ro",
                  "-v", f"{folder / 'operator'}:/operator:ro", engine.image, *map(str, container["args"]), seconds=90)


def test_the_pods_of_a_stateful_set_grow_and_shrink_by_the_job(engine, kazoo, tmp_path):
    """What Kubernetes would do with the manifests, done by hand: pods first and then the job, never a probe."""
    yaml = pytest.importorskip("yaml")
    credential = tmp_path / "credential"
    credential.write_text("super:secret\n")

    def manifests(count):
        spec = tmp_path / "orders.yaml"
        spec.write_text(f"ensemble: orders\nconfig: {{tickTime: 500}}\nservers: {count}\n")
        return list(yaml.safe_load_all(render("kubernetes", spec, "--first", 3, "--credential", credential)))
    network = engine.network()
    pods = start_pods(engine, network, manifests(3), range(3))
    for pod in pods:
        pod.wait_ready()
    assert "nothing to change" in run_job(engine, network, manifests(3), tmp_path)
    client = kazoo(",".join(f"{pod.addresses[0]}:2181" for pod in pods))
    client.create("/kept", b"all the while")
    # Two more: they follow, and have no vote before the job.
    pods += start_pods(engine, network, manifests(5), (3, 4))
    for pod in pods[3:]:
        pod.wait_ready()
        assert "joins as an observer" in pod.log
    assert b"server.4" not in client.get("/zookeeper/config")[0]
    say(run_job(engine, network, manifests(5), tmp_path).splitlines()[-1])
    config = client.get("/zookeeper/config")[0].decode()
    assert [f"server.{number}=orders-{number - 1}.orders-servers:2888:3888:participant" in config for number in range(1, 6)] == [
        True] * 5
    # Restarted, a pod is the member that it has become, whatever its environment says.
    engine("restart", pods[4].id)
    pods[4].wait_ready()
    assert pods[4].health() == "ready: follower"
    run_job(engine, network, manifests(3), tmp_path)
    assert b"server.4" not in client.get("/zookeeper/config")[0]
    # A volume that was kept joins again when it is needed again.
    engine("stop", pods[3].id, pods[4].id)
    engine("start", pods[3].id, pods[4].id)
    for pod in pods[3:]:
        pod.wait_ready()
    run_job(engine, network, manifests(5), tmp_path)
    assert b"server.5" in client.get("/zookeeper/config")[0]
    assert client.get("/kept")[0] == b"all the while"


def test_probes_over_http(engine):
    """As load balancers and Kubernetes' httpGet ask: true codes, and the reason in the body."""
    import urllib.error
    import urllib.request

    def ask(server, path):
        try:
            with urllib.request.urlopen(f"http://{server.addresses[0]}:8080{path}", timeout=5) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode().strip()
    network = engine.network()
    words = ["--net", network, "-e", f"ZOO_SERVERS={SERVERS}"]
    first = engine.run(*words, "--hostname", "zoo1", "--network-alias", "zoo1", engine.image)
    eventually(lambda: ask(first, "/livez") == (200, "alive"), 20, "alive without a quorum")
    code, reason = ask(first, "/readyz")
    assert code == 503 and "quorum" in reason
    engine.run(*words, "--hostname", "zoo2", "--network-alias", "zoo2", engine.image)
    eventually(lambda: ask(first, "/readyz")[0] == 200, 20, "ready with a quorum")
    assert ask(first, "/readyz")[1] in ("ready: leader", "ready: follower")


def test_the_secured_compose_file(project, tmp_path):
    import subprocess
    from harness import clients
    tls = tmp_path / "tls"
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    subprocess.run([str(FILES / "certificates.sh"), str(tls)], check=True, timeout=30)
    tls.chmod(0o755)
    text = re.sub(r"\n.*build: .*", "", (FILES / "secured.yaml").read_text()).replace("${TLS_DIRECTORY:-./tls}", str(tls))
    ports = {port: places.free_port() for port in (2281, 2282, 2283)}
    for port, free in ports.items():
        text = text.replace(f'"{port}:2281"', f'"{free}:2281"')
    ensemble = project(text)
    ensemble("up", "-d")
    for number in (1, 2, 3):
        ensemble.container(f"zoo{number}").wait_ready()
    connect = ",".join(f"127.0.0.1:{port}" for port in ports.values())
    with_certificate = dict(use_ssl=True, ca=str(tls / "ca.pem"), certfile=str(tls / "client.crt"), keyfile=str(tls / "client.key"))
    client = clients.kazoo(connect, **with_certificate)
    try:
        client.create("/written", b"by one who is known")
    finally:
        clients.let_go(client)
    # Without a certificate, without TLS, and at the plain port: nobody gets in.
    from kazoo.handlers.threading import KazooTimeoutError
    from kazoo.client import KazooClient
    address = ensemble.container("zoo1").addresses[0]
    for refused in (dict(hosts=connect, use_ssl=True, ca=str(tls / "ca.pem")), dict(hosts=connect), dict(hosts=f"{address}:2181")):
        client = KazooClient(**refused)
        try:
            with pytest.raises(KazooTimeoutError):
                client.start(timeout=3)
        finally:
            clients.let_go(client)
    # Within the container the operator's shell and the health check go on.
    assert "written" in ensemble.container("zoo2").exec("zkCli.sh", "ls", "/")


@pytest.fixture(scope="module")
def prometheus(module_engine):
    """The program of this machine as an image: none can be pulled everywhere."""
    import shutil
    import subprocess
    import tarfile
    program = shutil.which("prometheus")
    if not program:
        pytest.skip("there is no prometheus")
    name = f"{engines.MARK}-prometheus"
    with engines.folder() as folder:
        with tarfile.open(f"{folder}/root.tar", "w") as tar:
            tar.add(os.path.realpath(program), "bin/prometheus")
            linked = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
            for library in re.findall(r"(/\S+)", linked):
                tar.add(os.path.realpath(library), library.lstrip("/"))
            for made in ("tmp", "prometheus"):
                entry = tarfile.TarInfo(made)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
                tar.addfile(entry)
        module_engine("import", "--change", "WORKDIR /prometheus", "--change",
                      'ENTRYPOINT ["/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]',
                      f"{folder}/root.tar", name, seconds=120)
    yield name
    module_engine("rmi", "-f", name, check=False)


def test_the_monitoring_compose_file(engine, project, prometheus):
    import json
    import urllib.request
    web = places.free_port()
    text = re.sub(r"\n.*build: .*", "", (FILES / "monitoring.yaml").read_text())
    text = text.replace("${PROMETHEUS_IMAGE:-prom/prometheus}", prometheus).replace('"9090:9090"', f'"{web}:9090"')
    ensemble = project(text.replace("./monitoring:", f"{FILES / 'monitoring'}:"))
    ensemble("up", "-d")

    def ask(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]
    eventually(lambda: [each["value"][1] for each in ask("query?query=up")["result"]] == ["1"] * 3, 60, "three targets up", every=0.2)
    eventually(lambda: {each["value"][1] for each in ask("query?query=quorum_size")["result"]} == {"3"}, 30, "the quorum's size")
    # Each rule is about metrics that there are.
    assert ask("query?query=outstanding_requests")["result"]

    def rules():
        [group] = ask("rules")["groups"]
        return [(rule["name"], rule["health"], [alert["state"] for alert in rule["alerts"]]) for rule in group["rules"]]
    # What was pending while the servers came up is gone with the next evaluation.
    quiet = [(name, "ok", []) for name in ("ServerDown", "ServerWithoutQuorum", "RequestsPileUp")]
    eventually(lambda: rules() == quiet, 30, "rules without an alert", every=0.2)
    # And they do speak up: a server that is gone is pending at the next evaluation.
    ensemble("stop", "-t", "2", "zoo1")
    eventually(lambda: rules()[0] == ("ServerDown", "ok", ["pending"]), 30, "ServerDown pending", every=0.2)
