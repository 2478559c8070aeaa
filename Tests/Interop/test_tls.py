"""TLS for clients: key stores of every kind, certificates as identities, one port for both, files that change."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import InvalidACLError, NoAuthError
from kazoo.security import ACL, Id, Permissions, make_acl

from harness import admin, clients, places, trees
from harness.certificates import Authority
from harness.waiting import eventually
from test_standalone import GARBAGE, shout

NETTY = {"serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory"}
SUBJECT = "/C=DE/ST=Hessen/L=Frankfurt/O=Birds, Inc./OU=Nests+OU=Eggs/CN=heron #1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A CA, a certificate for servers and one for clients."""
    ca = Authority(tmp_path_factory.mktemp("tls"))
    ca.server = ca.issue("server", "/CN=server")
    ca.client = ca.issue("client", SUBJECT)
    return ca


@pytest.fixture
def secure(make_server, authority):
    """secure(kind, **config): a server with a plain and a secure port, and the number of the latter."""
    def make(kind=None, **more):
        port = places.free_port()
        config = {"secureClientPort": port, "ssl.keyStore.location": authority.pem_store(*authority.server),
                  "ssl.trustStore.location": authority.certificate, **NETTY, **more}
        server = make_server(kind, folder=f"secure-{port}", **config)
        return server.start().wait_serving(), port
    return make


def context(authority, certificate=None, version=None):
    made = ssl.create_default_context(cafile=authority.certificate)
    if certificate:
        made.load_cert_chain(*certificate)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def word(port, name, **more):
    """The answer to a four letter word through TLS, and the version that was agreed on."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        with context(**more).wrap_socket(plain, server_hostname="localhost") as stream:
            stream.sendall(name.encode())
            answer = b""
            while chunk := stream.recv(65536):
                answer += chunk
            return answer.decode(), stream.version()


@pytest.fixture
def client(authority):
    """client(port, certificate): a kazoo client through TLS."""
    made = []

    def make(port, certificate=None, use_ssl=True):
        more = dict(use_ssl=use_ssl, ca=str(authority.certificate), verify_certs=True) if use_ssl else {}
        if certificate:
            more.update(certfile=str(certificate[0]), keyfile=str(certificate[1]))
        one = KazooClient(f"localhost:{port}", timeout=8, **more)
        made.append(one)
        one.start(8)
        return one
    yield make
    for one in made:
        clients.let_go(one)


def test_a_certificate_is_the_same_identity_as_with_apache_zookeeper(secure, authority, client, under_test):
    seen = []
    for kind in (under_test, "apache"):
        server, port = secure(kind)
        one = client(port, authority.client)
        # auth stands for all that the client has proved: its certificate.
        one.create("/mine", b"", acl=[ACL(Permissions.ALL, Id("auth", ""))])
        acls, _ = one.get_acls("/mine")
        seen.append([(each.id.scheme, each.id.id) for each in acls])
        with pytest.raises(NoAuthError):
            client(server.client_port, use_ssl=False).get("/mine")
        one.create("/named", b"1", acl=[make_acl("x509", seen[-1][0][1], all=True)])
        assert one.get("/named")[0] == b"1"
        with pytest.raises(InvalidACLError):
            one.create("/bad", b"", acl=[make_acl("x509", "no name", all=True)])
    assert seen[0] == seen[1]
    assert seen[0][0][0] == "x509" and "CN=heron" in seen[0][0][1]


def test_who_shows_no_certificate_is_refused_when_one_is_needed(secure, authority, under_test):
    for kind in (under_test, "apache"):
        _, port = secure(kind)
        with pytest.raises(OSError):
            answer, _ = word(port, "ruok", authority=authority)
            if not answer:
                raise OSError("closed without an answer")


@pytest.mark.parametrize("wanted", ["none", "want"])
def test_a_certificate_can_be_left_out_unless_it_is_needed(secure, authority, client, under_test, wanted):
    for kind in (under_test, "apache"):
        _, port = secure(kind, **{"ssl.clientAuth": wanted})
        assert word(port, "ruok", authority=authority)[0] == "imok"
        one = client(port)
        one.create("/open", b"1")
        with pytest.raises(InvalidACLError):
            one.create("/mine", b"", acl=[ACL(Permissions.ALL, Id("auth", ""))])
    if wanted == "want":
        assert client(port, authority.client).get("/open")[0] == b"1"


def test_a_certificate_of_strangers_is_refused(secure, authority, tmp_path, under_test):
    stranger = Authority(tmp_path / "other", "other").issue("stranger", "/CN=stranger")
    for wanted in ("need", "want"):
        _, port = secure(under_test, **{"ssl.clientAuth": wanted})
        with pytest.raises(OSError):
            answer, _ = word(port, "ruok", authority=authority, certificate=stranger)
            if not answer:
                raise OSError("closed without an answer")


def test_the_super_user_is_who_has_that_certificate(secure, authority, client, under_test):
    for kind in (under_test, "apache"):
        server, port = secure(kind, **{"X509AuthenticationProvider.superUser": "CN=boss"})
        plain = client(server.client_port, use_ssl=False)
        plain.create("/closed", b"1", acl=[make_acl("digest", "nobody:x", all=True)])
        with pytest.raises(NoAuthError):
            client(port, authority.client).get("/closed")
        boss = client(port, authority.issue("boss", "/CN=boss", algorithm="ec"))
        assert boss.get("/closed")[0] == b"1"


@pytest.mark.parametrize("version,name", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_both_versions_are_spoken_and_either_can_be_left_out(secure, authority, under_test, version, name):
    _, port = secure(under_test, **{"ssl.clientAuth": "none", "ssl.enabledProtocols": name})
    assert word(port, "ruok", authority=authority, version=version) == ("imok", name)
    other = ssl.TLSVersion.TLSv1_3 if name == "TLSv1.2" else ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):
        word(port, "ruok", authority=authority, version=other)


def test_one_suite_may_be_all_that_is_taken(secure, authority, under_test):
    for kind in (under_test, "apache"):
        _, port = secure(kind, **{"ssl.clientAuth": "none", "ssl.enabledProtocols": "TLSv1.2",
                                "ssl.ciphersuites": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"})
        for suite, taken in (("ECDHE-RSA-AES256-GCM-SHA384", True), ("ECDHE-RSA-AES128-GCM-SHA256", False)):
            made = context(authority, version=ssl.TLSVersion.TLSv1_2)
            made.set_ciphers(suite)
            with socket.create_connection(("127.0.0.1", port), 5) as plain:
                try:
                    with made.wrap_socket(plain, server_hostname="localhost") as stream:
                        assert taken and stream.cipher()[0] == suite
                except OSError:
                    assert not taken, (kind, suite)


@pytest.mark.ours
def test_the_secure_port_has_an_address_and_a_bound_for_handshakes_of_its_own(secure, authority):
    server, port = secure(**{"ssl.clientAuth": "none", "secureClientPortAddress": "127.0.0.2",
                             "netty.server.outstandingHandshake.limit": 2})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    silent = [socket.create_connection(("127.0.0.2", port), 5) for _ in range(4)]
    try:
        eventually(lambda: "zk_outstanding_tls_handshake\t2\n" in server.word("mntr"), 5, "two handshakes under way")
        for number, each in enumerate(silent):
            each.settimeout(5 if number > 1 else 0.2)
            try:
                assert each.recv(1) == b"" and number > 1
            except TimeoutError:
                assert number < 2
    finally:
        for each in silent:
            each.close()
    eventually(lambda: "zk_outstanding_tls_handshake\t0\n" in server.word("mntr"), 5, "none")
    with socket.create_connection(("127.0.0.2", port), 5) as plain:
        context(authority).wrap_socket(plain, server_hostname="localhost").close()


@pytest.mark.ours
def test_who_does_not_begin_on_a_port_for_both_is_not_waited_for(make_server, authority):
    server = make_server(**{"client.portUnification": "true", "ssl.keyStore.location": authority.pem_store(*authority.server),
                            "ssl.trustStore.location": authority.certificate, "ssl.handshakeDetectionTimeoutMillis": 300})
    server.start().wait_serving()
    with socket.create_connection((server.host, server.client_port), 5) as silent:
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.2 < time.monotonic() - began < 4


HTTP_GARBAGE = [b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                b"POST /commands/restore HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * 100_000,
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
                b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                b"GET /commands/%ff%00%2 HTTP/1.1\r\nHost: a\r\n\r\n"]


@pytest.mark.ours
def test_garbage_at_the_ports_of_administrators_and_in_and_around_tls_hurts_nobody(secure, authority):
    admin_port, metrics_port = places.free_port(), places.free_port()
    server, port = secure(**{
        "ssl.clientAuth": "none", "admin.enableServer": "true", "admin.serverPort": admin_port, "metricsProvider.httpPort": metrics_port,
        "metricsProvider.className": "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"})
    session = server.session()

    def size():
        return int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{server.process.pid}/status").read())[1])
    before = size()
    for data in GARBAGE + HTTP_GARBAGE:
        for each in (port, admin_port, metrics_port):
            shout("127.0.0.1", each, data)
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            try:
                with context(authority).wrap_socket(plain, server_hostname="localhost") as stream:
                    stream.settimeout(0.3)
                    stream.sendall(data)
                    # And in the middle of what was encrypted.
                    plain_again = socket.socket(fileno=os.dup(stream.fileno()))
                    plain_again.sendall(data)
                    plain_again.close()
                    while stream.recv(4096):
                        pass
            except OSError:
                pass
    assert server.alive and size() - before < 50_000
    assert trees.create(session, "/still-there") == "/still-there"
    assert word(port, "ruok", authority=authority)[0] == "imok"
    assert admin.command(admin_port, "ruok")["error"] is None
    assert b"znode_count" in admin.ask(metrics_port, "/metrics")[2]


@pytest.mark.parametrize("form", ["pem", "encrypted", "pkcs12", "jks"])
def test_key_stores_of_every_kind_are_read(secure, authority, under_test, form):
    certificate, key = authority.server
    trust = {}
    if form == "pem":
        store, secret = authority.pem_store(certificate, key), {}
    elif form == "encrypted":
        store = authority.pem_store(certificate, key, authority.password)
        place = authority.folder / "password"
        place.write_text(authority.password + "\n")
        secret = {"ssl.keyStore.passwordPath": place}
    elif form == "pkcs12":
        store, secret = authority.pkcs12_store(certificate, key), {"ssl.keyStore.password": authority.password}
    else:
        store, secret = authority.java_store(certificate, key), {"ssl.keyStore.password": authority.password}
        trust = {"ssl.trustStore.location": authority.java_trust(), "ssl.trustStore.password": authority.password}
    # 3.9.5 cannot read what a present openssl encrypts.
    for kind in (under_test, "apache")[:1 if form == "encrypted" else 2]:
        server, port = secure(kind, **{"ssl.keyStore.location": store, **secret, **trust})
        assert word(port, "ruok", authority=authority, certificate=authority.client)[0] == "imok"
        assert f"secureClientPort={port}" in server.word("conf")


@pytest.mark.ours
@pytest.mark.parametrize("wrong,said", [
    ({"ssl.keyStore.location": "/nowhere.pem"}, "ssl.keyStore.location=/nowhere.pem: does not exist"),
    ({"ssl.keyStore.location": None}, "ssl.keyStore.location is missing"),
    ({"ssl.trustStore.location": None}, "ssl.trustStore.location is missing"),
    ({"ssl.enabledProtocols": "SSLv3"}, "TLSv1.2 and TLSv1.3 are what there is"),
    ({"ssl.clientAuth": "perhaps"}, "it is none, want or need"),
    ({"ssl.crl": "true"}, "revoked certificates cannot be told here"),
])
def test_what_is_wrong_stops_the_start_with_a_line_that_says_it(make_server, authority, wrong, said):
    config = {"secureClientPort": places.free_port(), "ssl.keyStore.location": authority.pem_store(*authority.server),
              "ssl.trustStore.location": authority.certificate, **wrong}
    server = make_server(**config).start()
    assert server.process.wait(20) == 65
    assert said in server.log


@pytest.mark.parametrize("left_out,said", [("-nocerts", "holds a private key and no certificate"), ("-nokeys", "holds no private key")])
def test_a_store_that_lacks_one_half_stops_the_start_with_a_line_that_says_it(make_server, authority, tmp_path, left_out, said):
    whole, half = authority.pkcs12_store(*authority.server), tmp_path / "half.p12"
    password = f"pass:{authority.password}"
    pem = subprocess.run(["openssl", "pkcs12", "-in", whole, "-passin", password, "-nodes", left_out], check=True, capture_output=True).stdout
    subprocess.run(["openssl", "pkcs12", "-export", "-passout", password, "-out", half, *([left_out] if left_out == "-nokeys" else
                    ["-nocerts", "-inkey", "/dev/stdin"])], input=pem, check=True, capture_output=True)
    config = {"secureClientPort": places.free_port(), "ssl.keyStore.location": half, "ssl.keyStore.password": authority.password,
              "ssl.trustStore.location": authority.certificate}
    server = make_server(**config).start()
    assert server.process.wait(20) == 65
    assert said in server.log


def store_of(key, certificates, password, how):
    """A PKCS #12 file of a key and certificates that may be of other keys, which no tool makes."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import pkcs12
    schemes = {"new": pkcs12.PBES.PBESv2SHA256AndAES256CBC, "old": pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC}
    guard = serialization.NoEncryption() if how == "plain" else serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(
        1000).key_cert_algorithm(schemes[how]).hmac_hash(hashes.SHA256() if how == "new" else hashes.SHA1()).build(password.encode())
    return pkcs12.serialize_key_and_certificates(
        b"own", serialization.load_pem_private_key(key.read_bytes(), None), None,
        [x509.load_pem_x509_certificate(each.read_bytes()) for each in certificates], guard)


@pytest.mark.ours
@pytest.mark.parametrize("how", ["new", "old", "plain"])
def test_a_store_with_certificates_of_other_keys_stops_the_start_and_not_a_server(make_server, secure, authority, tmp_path, how):
    pytest.importorskip("cryptography")
    password = "" if how == "plain" else authority.password
    (certificate, _), (_, key) = authority.server, authority.issue("stranger", "/CN=stranger", algorithm="ec")
    foreign = store_of(key, [certificate, authority.certificate], password, how)
    store = tmp_path / "store.p12"
    store.write_bytes(foreign)
    config = {"ssl.keyStore.location": store, "ssl.keyStore.password": password, "ssl.trustStore.location": authority.certificate}
    server = make_server(secureClientPort=places.free_port(), **config).start()
    assert server.process.wait(20) == 65
    assert f"ssl.keyStore.location={store}: holds a private key and certificates of other keys" in server.log
    # Of several certificates the one of the key counts, and a server that runs goes on with what it has.
    store.write_bytes(store_of(authority.server[1], [authority.certificate, certificate], password, how))
    server, port = secure(**config, **{"ssl.clientAuth": "none"})
    assert word(port, "ruok", authority=authority)[0] == "imok"
    store.write_bytes(foreign)
    eventually(lambda: "certificates of other keys" in server.log, 10, "the complaint")
    assert word(port, "ruok", authority=authority)[0] == "imok"


@pytest.mark.ours
def test_a_wrong_password_of_a_store_is_said(make_server, authority):
    for store in (authority.pkcs12_store(*authority.server), authority.pem_store(*authority.server, authority.password)):
        for password in ("wrong", "", "fälsch"):
            config = {"ssl.keyStore.location": store, "ssl.keyStore.password": password, "ssl.trustStore.location": authority.certificate}
            server = make_server(folder=f"{store.name}-{len(password)}", secureClientPort=places.free_port(), **config).start()
            assert server.process.wait(20) == 65, server.log
            assert f"ssl.keyStore.location={store}" in server.log


def test_one_port_takes_plain_connections_and_tls(make_server, authority, client, under_test):
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"unified-{kind}", **{
            "client.portUnification": "true",
            "authProvider.1": "org.apache.zookeeper.server.auth.X509AuthenticationProvider", "ssl.keyStore.location": authority.pem_store(*authority.server),
            "ssl.trustStore.location": authority.certificate, **NETTY}).start().wait_serving()
        assert server.word("ruok") == "imok"
        assert word(server.client_port, "ruok", authority=authority, certificate=authority.client)[0] == "imok"
        one = client(server.client_port, authority.client)
        one.create("/mine", b"1", acl=[ACL(Permissions.ALL, Id("auth", ""))])
        with pytest.raises(NoAuthError):
            client(server.client_port, use_ssl=False).get("/mine")


@pytest.mark.ours
def test_connections_are_counted_apart_and_large_data_goes_through(secure, authority, client):
    server, port = secure()
    one = client(port, authority.client)
    data = os.urandom(900_000)
    one.create("/large", data)
    for _ in range(5):
        assert one.get("/large")[0] == data
    assert server.log.count("binding to secure port") == 1
    figures = dict(line.split("\t") for line in server.word("mntr").splitlines())
    assert figures["zk_outstanding_tls_handshake"] == "0"
    before = int(figures["zk_unsuccessful_handshake"])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"ruok and no handshake")
        while plain.recv(100):
            pass
    eventually(lambda: f"zk_unsuccessful_handshake\t{before + 1}\n" in server.word("mntr"), 5, "the failure counted")


@pytest.mark.ours
def test_certificates_are_read_again_when_their_files_change(secure, authority, tmp_path):
    store = tmp_path / "store.pem"
    shutil.copy(authority.pem_store(*authority.server), store)
    server, port = secure(**{"ssl.keyStore.location": store, "ssl.clientAuth": "none"})

    def serial():
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with context(authority).wrap_socket(plain, server_hostname="localhost") as stream:
                return stream.getpeercert()["serialNumber"]
    first = serial()
    # What is half written changes nothing.
    store.write_text("nonsense")
    eventually(lambda: "stay what they were" in server.log, 10, "the complaint")
    assert serial() == first
    time.sleep(0.01)
    shutil.copy(authority.pem_store(*authority.issue("renewed", "/CN=server")), store)
    eventually(lambda: serial() != first, 10, "the new certificate")
    assert "certificates for clients were read again" in server.log


@pytest.mark.ours
def test_a_connection_without_a_session_is_not_kept(make_server):
    server = make_server(**{"nio.sessionlessCnxnTimeout": 500}).start().wait_serving()
    with socket.create_connection(("127.0.0.1", server.client_port), 5) as silent:
        started = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.3 < time.monotonic() - started < 4
