"""TLS between servers: ours among each other, with Apache ZooKeeper's, and on the way there without a pause."""
import json
import shutil
import socket
import ssl

import pytest

from harness import admin, places
from harness.certificates import Authority
from harness.waiting import eventually


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    ca = Authority(tmp_path_factory.mktemp("quorum-tls"))
    ca.store = ca.pem_store(*ca.issue("server", "/CN=localhost"))
    return ca


def keys(authority, **more):
    return {"ssl.quorum.keyStore.location": authority.store, "ssl.quorum.trustStore.location": authority.certificate, **more}


def quorum_port(server):
    return int(server.members[server.identity - 1].split(":")[1])


def election_port(server):
    return int(server.members[server.identity - 1].split(":")[2])


def speaks_tls(port):
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            with context.wrap_socket(plain):
                return True
        except ssl.SSLError as error:
            # It asks for our certificate: that is TLS, too.
            return "HANDSHAKE" in str(error) or "CERTIFICATE" in str(error) or "certificate" in str(error)
        except OSError:
            return False


@pytest.mark.budget(120)
@pytest.mark.parametrize("kinds", [("aviary",) * 3, ("apache", "aviary", "aviary"), ("aviary", "apache", "aviary"),
                                   ("apache", "aviary", "apache")], ids="-".join)
def test_an_ensemble_talks_through_tls_alone(make_ensemble, kazoo, authority, kinds):
    for leader in (2, 3):
        ensemble = make_ensemble(list(kinds), config=keys(authority, sslQuorum="true"))
        for server in ensemble:
            server.folder = server.folder.parent / f"{leader}-{server.identity}"
            server.folder.mkdir()
            server.data, server.cfg = server.folder / "data", server.folder / "zoo.cfg"
            server.config["dataDir"] = server.data
            server.write_files()
        ensemble.start_led_by(leader)
        client = kazoo(ensemble.addresses)
        client.create("/a", b"x" * 200_000)
        for number in range(50):
            client.set("/a", b"%d" % number)
        # A server that comes back later gets what it missed.
        late = next(each for each in ensemble if each.identity == 1)
        late.stop()
        for number in range(700):
            client.set_async("/a", b"more %d" % number)
        client.set("/a", b"last")
        late.start().wait_serving()
        own = kazoo(late.address)
        own.sync("/a")
        assert own.get("/a")[0] == b"last"
        assert speaks_tls(election_port(ensemble[leader]))
        ensemble.kill()


@pytest.mark.ours
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_strangers_take_no_part_and_it_is_said_why(make_ensemble, authority, tmp_path, wrong):
    other = Authority(tmp_path / "other", "other") if wrong == "authority" else authority
    store = other.pem_store(*other.issue("stranger", "/CN=stranger", "DNS:wrong.example"))
    ensemble = make_ensemble(3, config=keys(authority, sslQuorum="true"))
    # The lowest number is dialed by both others, and never elected before them.
    stranger, friends = ensemble[1], (ensemble[2], ensemble[3])
    stranger.config.update({"ssl.quorum.keyStore.location": store, "ssl.quorum.trustStore.location": other.certificate})
    for server in ensemble:
        # Whoever looks at names refuses to dial it; who dials is known by its certificate alone.
        server.config["ssl.quorum.hostnameVerification"] = str(wrong == "name").lower()
        server.write_files()
    ensemble.start()
    eventually(lambda: {server.mode() for server in friends} == {"leader", "follower"}, 30, "two of three")
    assert stranger.mode() is None
    said = "certificate verify failed" if wrong == "authority" else "the certificate is for another name"
    line = f"TLS with the server at 127.0.0.1:{election_port(stranger)} failed: {said}"
    for server in friends:
        eventually(lambda: line in server.log, 20, line)
    for _ in range(3):
        socket.create_connection(("127.0.0.1", election_port(ensemble[2]))).close()
    eventually(lambda: "TLS with who dialed from 127.0.0.1 failed: EOF during handshake\n" in ensemble[2].log, 5, "who says nothing")
    for server in ensemble:
        lines = [each.split("TLS with", 1)[1] for each in server.log.splitlines() if "TLS with" in each and "failed" in each]
        assert len(lines) == len(set(lines)) <= 8, lines


@pytest.mark.ours
def test_servers_of_other_names_are_taken_where_names_are_not_looked_at(make_ensemble, authority):
    store = authority.pem_store(*authority.issue("misnamed", "/CN=misnamed", "DNS:wrong.example"))
    config = {**keys(authority, sslQuorum="true"), "ssl.quorum.hostnameVerification": "false", "ssl.quorum.keyStore.location": store}
    ensemble = make_ensemble(2, config=config).start().wait_ready()
    assert not any("failed" in line for server in ensemble for line in server.log.splitlines() if "TLS with" in line)


@pytest.mark.ours
@pytest.mark.budget(180)
def test_an_ensemble_moves_to_tls_server_by_server(make_ensemble, kazoo, authority):
    ensemble = make_ensemble(3)
    ensemble.start().wait_ready()
    client = kazoo(ensemble.addresses)
    client.create("/n", b"0")
    steps = [keys(authority, sslQuorum="false", portUnification="true"),
             {"sslQuorum": "true"}, {"portUnification": "false"}]
    for number, step in enumerate(steps, 1):
        for server in ensemble:
            server.stop()
            server.config.update(step)
            server.write_files()
            server.start().wait_serving()
            client.retry(client.set, "/n", b"%d" % number)
    assert speaks_tls(election_port(ensemble[1]))
    assert client.get("/n")[0] == b"3"


@pytest.mark.ours
def test_certificates_of_servers_are_read_again_when_their_files_change(make_ensemble, authority, tmp_path):
    store = tmp_path / "own.pem"
    shutil.copy(authority.store, store)
    own = authority.issue("asking", "/CN=asking")
    ensemble = make_ensemble(3, config={**keys(authority, sslQuorum="true"), "ssl.quorum.keyStore.location": store})
    ensemble.start().wait_ready()

    def serial(server):
        context = ssl.create_default_context(cafile=authority.certificate)
        context.load_cert_chain(*own)
        with socket.create_connection(("127.0.0.1", election_port(server)), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as stream:
                return stream.getpeercert()["serialNumber"]
    first = {serial(server) for server in ensemble}
    shutil.copy(authority.pem_store(*authority.issue("renewed", "/CN=localhost")), store)
    eventually(lambda: len(first | {serial(server) for server in ensemble}) == 2 and first.isdisjoint(
        serial(server) for server in ensemble), 15, "the new certificate")
    # What stood before stands, and who comes anew shows the new one.
    ensemble.ready()
    follower = ensemble.followers()[0]
    follower.restart()
    ensemble.wait_ready()


@pytest.mark.ours
def test_administrators_show_a_certificate_where_one_is_needed_and_have_the_rights_that_it_gives(make_server, authority, kazoo):
    from kazoo.security import make_acl
    port = places.free_port()
    server = make_server(**keys(authority, **{
        "admin.enableServer": "true", "admin.serverPort": port, "admin.forceHttps": "true", "admin.needClientAuth": "true",
        "admin.rateLimiterIntervalInMS": "0", "authProvider.1": "org.apache.zookeeper.server.auth.X509AuthenticationProvider"}))
    server.start().wait_serving()
    kazoo(server.address).set_acls("/", [make_acl("x509", "CN=boss", all=True), make_acl("world", "anyone", read=True)])

    def status(certificate, path="/commands/snapshot?streaming=false"):
        context = ssl.create_default_context(cafile=authority.certificate)
        if certificate:
            context.load_cert_chain(*certificate)
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as stream:
                stream.sendall(f"GET {path} HTTP/1.0\r\nAuthorization: x509\r\n\r\n".encode())
                return int(stream.recv(4096).split()[1])
    assert status(authority.issue("boss", "/CN=boss")) == 200
    other = authority.issue("other", "/CN=other")
    assert status(other) == 403 and status(other, "/commands/ruok") == 200
    with pytest.raises((OSError, IndexError)):
        status(None, "/commands/ruok")


@pytest.mark.ours
@pytest.mark.parametrize("unified", [True, False])
def test_administrators_come_through_tls_too(make_server, authority, unified):
    port = places.free_port()
    config = keys(authority, **{"admin.enableServer": "true", "admin.serverPort": port,
                                "admin.portUnification": "true" if unified else "false", "admin.forceHttps": str(not unified).lower()})
    server = make_server(**config).start().wait_serving()
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        with ssl.create_default_context(cafile=authority.certificate).wrap_socket(plain, server_hostname="localhost") as stream:
            stream.sendall(b"GET /commands/ruok HTTP/1.0\r\n\r\n")
            answer = b""
            while chunk := stream.recv(65536):
                answer += chunk
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["command"] == "ruok"
    if unified:
        assert admin.command(port, "ruok")["error"] is None
    else:
        with pytest.raises(OSError):
            admin.ask(port, "/commands/ruok")
    assert server.alive
