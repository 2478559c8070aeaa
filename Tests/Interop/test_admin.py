"""The AdminServer: every command beside Apache ZooKeeper's, snapshots out and in, probes with true status codes."""
import json
import re
import socket
import time

import pytest

from harness import admin, clients, places
from harness.admin import ask, command, shape
from harness.waiting import eventually

ROOT = {"Authorization": "digest admin:secret"}


def with_admin(**more):
    port = places.free_port()
    return port, {"admin.enableServer": "true", "admin.serverPort": port, **more}


@pytest.fixture
def administered(make_server):
    """administered(kind, **config): a server that serves, and the port of its AdminServer."""
    def make(kind=None, **more):
        port, config = with_admin(**more)
        server = make_server(kind, folder=f"{kind}-{port}", **config).start().wait_serving()
        eventually(lambda: listens(port), 20, "the AdminServer listening")
        return server, port
    return make


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def live(server, kazoo):
    """A client with an ephemeral, three kinds of watches, a quota and some traffic."""
    client = kazoo(server.address)
    client.ensure_path("/a/b")
    client.create("/a/e", b"x", ephemeral=True)
    for number in range(140):
        client.set("/a/b", b"%d" % number)
    client.get("/a", watch=print)
    client.get_children("/a", watch=print)
    client.exists("/zz", watch=print)
    return client


# What differs on purpose is taken out on both sides; COMPATIBILITY.md has the reasons.
OF_THE_JVM = re.compile(r"^(java\.|sun\.|jdk\.|jetty\.|user\.(language|timezone|country)|native\.|file\.|line\.|path\.|os\.)|^zookeeper\.admin|^znode|log4j")
# Only there once something has been measured; and two words of ours that older tools look for.
SOMETIMES = re.compile(r"learner_handler_qp|ack_latency|per_namespace|^followers$|^outstanding_proposals$")


def comparable(name, answer):
    if name == "monitor":
        return {key: kind for key, kind in shape(answer).items() if not SOMETIMES.search(key)}
    if name == "system_properties":
        return {key: kind for key, kind in shape(answer).items() if not OF_THE_JVM.search(key)}
    if name in ("dump", "watches", "watches_by_path"):
        # How many there are, and whether some are empty, is a matter of the moment.
        return {key: sorted({str(shape(each)) for each in value.values()} - {"[]"}) if isinstance(value, dict)
                else shape(value) for key, value in answer.items()}
    if name in ("initial_configuration", "last_snapshot"):
        return {key: "either" if key == "initial_configuration" else kind for key, kind in shape(answer).items()}
    return shape(answer)


def compare(ours, theirs, names=admin.COMMANDS):
    different = {}
    for name in names:
        left, right = (comparable(name, command(port, name)) for port in (ours, theirs))
        if left != right:
            different[name] = {key: (left.get(key, "-"), right.get(key, "-")) for key in left.keys() | right.keys()
                               if left.get(key) != right.get(key)}
    assert not different, json.dumps(different, indent=1)


@pytest.mark.budget(120)
def test_every_command_of_a_standalone_server_has_the_keys_and_types_of_apache_zookeeper(administered, kazoo, under_test):
    (ours, our_port), (theirs, their_port) = administered(under_test), administered("apache")
    for server in (ours, theirs):
        live(server, kazoo)
    monitors = [command(port, "monitor") for port in (our_port, their_port)]
    compare(our_port, their_port)
    for alias, name in admin.ALIASES.items():
        if name not in ("restore", "snapshot"):
            assert command(our_port, alias)["command"] == name
    # Values that do not depend on whose server it is.
    for name in ("watch_summary", "get_trace_mask", "is_read_only", "zabstate", "voting_view"):
        assert command(our_port, name) == command(their_port, name)
    assert command(our_port, "leader")["error"] == command(their_port, "leader")["error"] == "server is not initialized"
    assert command(our_port, "nosuch") == command(their_port, "nosuch")
    assert command(our_port, "stmk?traceMask=7") == command(their_port, "stmk?traceMask=7")
    assert command(our_port, "stmk?traceMask=x") == command(their_port, "stmk?traceMask=x")
    for key in ("znode_count", "ephemerals_count", "watch_count", "approximate_data_size", "global_sessions",
                "max_client_response_size", "min_client_response_size", "insecure_admin_count",
                "cnt_a_read_per_namespace",
                "sum_a_read_per_namespace", "cnt_a_write_per_namespace", "sum_a_write_per_namespace"):
        assert monitors[0][key] == monitors[1][key], key
    # Some may have been dropped while a server came up.
    for server, port, monitor in zip((ours, theirs), (our_port, their_port), monitors):
        for _ in range(3):
            server.session().abandon()
        eventually(lambda: command(port, "monitor")["connection_drop_count"] == monitor["connection_drop_count"] + 3, 10,
                   "dropped connections being counted")


@pytest.mark.budget(150)
def test_every_command_of_leader_follower_and_observer_has_the_keys_and_types_of_apache_zookeeper(
        make_ensemble, kazoo, under_test, tmp_path):
    ports = {}
    for kind in (under_test, "apache"):
        folder = tmp_path / f"of-{kind}"
        folder.mkdir(exist_ok=True)
        ensemble = make_ensemble([kind] * 4, observers=(4,))
        for server in ensemble:
            port = places.free_port()
            server.config.update({"admin.enableServer": "true", "admin.serverPort": port})
            server.folder = folder / str(server.identity)
            server.folder.mkdir()
            server.data, server.cfg = server.folder / "data", server.folder / "zoo.cfg"
            server.config["dataDir"] = server.data
            server.write_files()
            ports[kind, server.identity] = port
        ensemble.start_led_by(2)
        for server in ensemble:
            live_session = kazoo(server.address)
            live_session.ensure_path("/a/b")
            live_session.get("/a", watch=print)
        live_session.create("/a/e", b"x", ephemeral=True)
    for identity in (1, 2, 4):
        compare(ports[under_test, identity], ports["apache", identity])
    for identity in (1, 2, 3, 4):
        ours, theirs = (command(ports[kind, identity], "leader") for kind in (under_test, "apache"))
        assert ours == theirs
        ours, theirs = (command(ports[kind, identity], "zabstate") for kind in (under_test, "apache"))
        for key in ("myid", "is_leader", "voting", "zab_epoch", "zabstate"):
            assert ours[key] == theirs[key], key
    listed = command(ports[under_test, 2], "observers")
    assert listed["synced_observers"] == 1 and listed["observers"][0]["sid"] == 4
    assert listed["observers"][0]["remote_socket_address"].startswith("/127.0.0.1:")


def test_the_list_of_commands_is_that_of_apache_zookeeper(administered, under_test):
    pages = []
    for kind in (under_test, "apache"):
        _, port = administered(kind)
        status, _, body = ask(port, "/commands")
        assert status == 200
        pages.append(body)
    assert pages[0] == pages[1]


@pytest.mark.ours
def test_other_methods_and_paths_have_true_status_codes(administered):
    _, port = administered()
    assert ask(port, "/")[0] == 200 and b"/commands/monitor" in ask(port, "/")[2]
    assert ask(port, "/nowhere")[0] == 404
    assert ask(port, "/commands/ruok", "PUT")[0] == 405
    assert ask(port, "/commands/ruok", "POST", data=b"")[0] == 405
    assert ask(port, "/commands/restore", headers=ROOT)[0] == 405
    status, headers, body = ask(port, "/commands/ruok", "HEAD")
    assert (status, body) == (200, b"") and int(headers["Content-Length"]) > 0
    assert ask(port, "/commands/ruok", "POST", data=b"x" * 100_000)[0] == 413
    # Who may not restore is not listened to for long, whatever is claimed.
    for claim in ({}, {"Authorization": "nosuch x"}, {"Authorization": "digest"}):
        for size in (1, 100_000):
            assert ask(port, "/commands/restore", "POST", data=b"x" * size, headers=claim)[0] == 401


def test_a_snapshot_needs_rights_and_rests_between(administered, under_test):
    _, port = administered(under_test)
    path = "/commands/snapshot?streaming=true"
    assert ask(port, path)[0] == 401
    assert ask(port, path, headers={"Authorization": "digest"})[0] == 401
    assert ask(port, path, headers={"Authorization": "nosuch a:b"})[0] == 401
    status, headers, body = ask(port, path, headers=ROOT)
    assert status == 200 and headers["Content-Type"] == "application/octet-stream"
    assert int(headers["snapshot_size"]) == len(body) and body.startswith(b"ZKSN")
    assert int(headers["last_zxid"], 16) >= 0
    assert ask(port, path, headers=ROOT)[0] == 429


def test_who_lacks_a_right_on_the_root_takes_no_snapshot(administered, kazoo, under_test):
    from kazoo.security import make_digest_acl
    server, port = administered(under_test)
    client = kazoo(server.address)
    client.add_auth("digest", "admin:secret")
    client.set_acls("/", [make_digest_acl("admin", "secret", all=True), make_digest_acl("eve", "x", read=True)])
    path = "/commands/snapshot?streaming=true"
    assert ask(port, path, headers={"Authorization": "digest eve:x"})[0] == 403
    assert ask(port, path, headers=ROOT)[0] == 200


@pytest.mark.parametrize("source", ["ours", "theirs"])
def test_a_snapshot_of_one_server_is_restored_by_another_of_either_kind(administered, kazoo, under_test, source):
    from_kind, to_kind = (under_test, "apache") if source == "ours" else ("apache", under_test)
    taker, taker_port = administered(from_kind)
    client = kazoo(taker.address)
    client.ensure_path("/kept/here")
    client.set("/kept/here", b"the value")
    _, _, image = ask(taker_port, "/commands/snapshot?streaming=true", headers=ROOT)
    target, port = administered(to_kind)
    before = kazoo(target.address)
    before.ensure_path("/to/be/gone")
    clients.let_go(before)
    status, _, body = ask(port, "/commands/restore", "POST", data=image,
                          headers={**ROOT, "Content-Type": "application/octet-stream"})
    assert status == 200, body
    assert json.loads(body)["last_zxid"] > 0
    after = kazoo(target.address)
    assert after.get("/kept/here")[0] == b"the value"
    assert after.exists("/to/be/gone") is None
    after.create("/and/so/on", b"", makepath=True)
    clients.let_go(after)
    if to_kind == "aviary":
        target.restart()
        target.wait_serving()
        again = kazoo(target.address)
        assert again.get("/kept/here")[0] == b"the value" and again.exists("/and/so/on")
        assert again.exists("/to/be/gone") is None


@pytest.mark.ours
def test_a_broken_snapshot_is_refused_and_costs_nothing(administered, kazoo):
    server, port = administered(**{"admin.rateLimiterIntervalInMS": 0})
    client = kazoo(server.address)
    client.create("/here", b"1")
    _, _, image = ask(port, "/commands/snapshot?streaming=true", headers=ROOT)
    for broken in (b"", b"nonsense", image[:-20], image[:200] + b"!" + image[201:]):
        status, _, body = ask(port, "/commands/restore", "POST", data=broken, headers=ROOT)
        assert status == 500 and json.loads(body)["error"]
    assert client.get("/here")[0] == b"1"


@pytest.mark.ours
def test_a_restore_rests_between_however_large_the_snapshot(administered, kazoo):
    server, port = administered()
    client = kazoo(server.address)
    client.create("/large", b"x" * 200_000)
    _, _, image = ask(port, "/commands/snapshot?streaming=true", headers=ROOT)
    clients.let_go(client)
    assert ask(port, "/commands/restore", "POST", data=image, headers=ROOT)[0] == 200
    for body in (image, image[:5000], b""):
        status, _, answer = ask(port, "/commands/restore", "POST", data=body, headers=ROOT)
        assert status == 429 and "admin.rateLimiterIntervalInMS" in json.loads(answer)["error"]
    assert command(port, "monitor")["restore_rate_limited_count"] == 3


@pytest.mark.ours
@pytest.mark.parametrize("name", ["snapshot", "restore"])
def test_snapshots_over_http_can_be_switched_off(administered, name):
    _, port = administered(**{f"admin.{name}.enabled": "false"})
    method, data = ("POST", b"x" * 100_000) if name == "restore" else ("GET", None)
    status, _, body = ask(port, f"/commands/{name}", method, data=data, headers=ROOT)
    assert status == 503 and "disabled" in json.loads(body)["error"]


def test_addresses_have_rights_too_and_those_that_proxies_tell_if_they_are_trusted(administered, kazoo, under_test):
    from kazoo.security import make_acl
    seen = []
    for kind in (under_test, "apache"):
        properties = ["zookeeper.IPAuthenticationProvider.usexforwardedfor=true"]
        server, port = administered(kind, properties=properties, **{"admin.rateLimiterIntervalInMS": 0})
        kazoo(server.address).set_acls("/", [make_acl("ip", "10.1.2.3", all=True), make_acl("world", "anyone", read=True)])
        seen.append([ask(port, "/commands/snapshot?streaming=false", headers={"Authorization": "ip", **more})[0] for more in (
            {}, {"X-Forwarded-For": "10.1.2.3"}, {"X-Forwarded-For": "10.1.2.3, 10.9.9.9"}, {"X-Forwarded-For": "10.9.9.9, 10.1.2.3"},
            {"X-Forwarded-For": "no address"})])
    assert seen[0] == seen[1], seen
    assert seen[0][:2] == [403, 200]


@pytest.mark.ours
@pytest.mark.budget(120)
def test_an_ensemble_is_restored_through_its_leader(make_ensemble, kazoo):
    ensemble = make_ensemble(3)
    ports = {}
    for server in ensemble:
        ports[server.identity], config = with_admin(**{"admin.rateLimiterIntervalInMS": 0})
        server.config.update(config)
        server.write_files()
    ensemble.start().wait_ready()
    client = kazoo(ensemble.addresses)
    client.create("/kept", b"1")
    leader = ensemble.leader()
    _, _, image = ask(ports[leader.identity], "/commands/snapshot", headers=ROOT)
    client.create("/gone", b"2")
    follower = ensemble.followers()[0]
    status, _, body = ask(ports[follower.identity], "/commands/restore", "POST", data=image, headers=ROOT)
    assert status == 409 and f"server {leader.identity}" in json.loads(body)["error"]
    status, _, body = ask(ports[leader.identity], "/commands/restore", "POST", data=image, headers=ROOT)
    assert status == 200, body
    ensemble.wait_ready()
    for server in ensemble:
        each = kazoo(server.address)
        each.sync("/")
        assert each.get("/kept")[0] == b"1"
        assert each.exists("/gone") is None
    kazoo(ensemble.addresses).create("/after", b"3")
    ensemble.stop()
    ensemble.start().wait_ready()
    again = kazoo(ensemble.addresses)
    assert again.exists("/after") and again.exists("/gone") is None


@pytest.mark.ours
def test_probes_tell_alive_from_ready(make_ensemble):
    ensemble = make_ensemble(3)
    ports = {}
    for server in ensemble:
        ports[server.identity], config = with_admin()
        server.config.update(config)
        server.write_files()
    ensemble.start(1)
    eventually(lambda: listens(ports[1]), 20, "the AdminServer listening")
    assert ask(ports[1], "/livez")[::2] == (200, b"alive\n")
    status, _, body = ask(ports[1], "/readyz")
    assert status == 503 and body.startswith(b"not ready: no quorum yet")
    # The monitor answers during an outage, when it is needed most.
    assert command(ports[1], "monitor")["server_state"] == "looking"
    assert command(ports[1], "srvr")["error"] == "This ZooKeeper instance is not currently serving requests"
    ensemble.start(2, 3)
    ensemble.wait_ready()
    for server in ensemble:
        assert ask(ports[server.identity], "/readyz")[::2] == (200, f"ready: {server.mode()}\n".encode())


@pytest.mark.ours
def test_who_asks_nothing_is_not_waited_for(administered):
    _, port = administered(**{"admin.idleTimeout": 400})
    with socket.create_connection(("127.0.0.1", port), 5) as silent:
        began = time.monotonic()
        assert silent.recv(1) == b"" and 0.3 < time.monotonic() - began < 4


@pytest.mark.ours
def test_probes_are_answered_when_others_hold_every_connection(administered):
    server, port = administered()
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(256)]
    try:
        eventually(lambda: ask(port, "/commands/ruok")[0] == 503, 10, "no room for commands")
        assert ask(port, "/livez")[::2] == (200, b"alive\n")
        assert ask(port, "/readyz")[0] == 200
    finally:
        for each in held:
            each.close()
    eventually(lambda: ask(port, "/commands/ruok")[0] == 200, 10, "room again")


@pytest.mark.parametrize("kind", ["ours", "apache"])
def test_a_leader_that_serves_no_clients_answers_administrators(make_ensemble, under_test, kind):
    ensemble = make_ensemble([under_test if kind == "ours" else kind] * 3, config={"leaderServes": "no"})
    ports = {}
    for server in ensemble:
        ports[server.identity], config = with_admin()
        server.config.update(config)
        if kind == "apache":
            server.properties.append("zookeeper.leaderServes=no")
        server.write_files()
    ensemble.start()
    eventually(lambda: len([s for s in ensemble if s.mode() == "follower"]) == 2, 60, "two followers")
    leader = next(s for s in ensemble if s.mode() != "follower")
    eventually(lambda: command(ports[leader.identity], "monitor")["server_state"] == "leader", 20, "the leader saying so")
    assert command(ports[leader.identity], "stats")["error"] is None


@pytest.mark.ours
def test_a_port_that_is_taken_costs_a_line_in_the_log(make_server):
    with socket.socket() as other:
        other.bind(("0.0.0.0", places.free_port()))
        other.listen()
        port = other.getsockname()[1]
        server = make_server(**{"admin.enableServer": "true", "admin.serverPort": port}).start().wait_serving()
        assert server.log.count(f"no AdminServer: port {port} cannot be had") == 1


@pytest.mark.ours
def test_the_launchers_servers_have_admin_ports_of_their_own(aviary, tmp_path):
    spec = tmp_path / "spec.yaml"
    lines = ["ensemble: adm", "servers:"]
    for number in (1, 2, 3):
        ports = ", ".join(f"{key}: {places.free_port()}" for key in ("client", "quorum", "election", "admin"))
        lines.append(f"  - {{id: {number}, ports: {{{ports}}}}}")
    spec.write_text("\n".join(lines) + "\n")
    code, out, err = aviary("up", "--detach", str(spec))
    assert code == 0, out + err
    for line in lines[2:]:
        port = int(re.search(r"admin: (\d+)", line)[1])
        eventually(lambda: ask(port, "/readyz")[0] == 200, 20, f"port {port} ready")


@pytest.mark.budget(120)
def test_a_reset_of_the_figures_forgets_what_apache_zookeeper_forgets(make_ensemble, make_server, kazoo, under_test, tmp_path):
    def figures(server):
        return dict(line.split("\t") for line in server.word("mntr").splitlines())
    seen = {}
    for kind in (under_test, "apache"):
        alone = make_server(kind, folder=f"alone-{kind}").start().wait_serving()
        kazoo(alone.address).create("/a", b"x" * 500)
        assert alone.word("srst") == "Server stats reset.\n"
        seen[kind] = {key: figures(alone)[f"zk_{key}"] for key in ("last_client_response_size", "max_latency",
                                                                   "cnt_updatelatency")}
    assert seen[under_test] == seen["apache"]
    ensemble = make_ensemble(3).start().wait_ready()
    leader = ensemble.leader()
    kazoo(leader.address).create("/a", b"x" * 500)
    leader.word("srst")
    assert int(figures(leader)["zk_max_proposal_size"]) > 500
