"""Who may do what: the same conversations with Apache ZooKeeper 3.9.5 and with ours, for every scheme and setting."""
import base64
import hashlib

import pytest

from conformance import zkwire as w
from harness import digest_md5, places, trees
from harness.server import Server

PROVIDER = "org.apache.zookeeper.server.auth."
SASL = {"authProvider.1": PROVIDER + "SASLAuthenticationProvider"}
USERS = [("bob", "bobsecret"), ("super", "insecure"), ("admin", "a"), ("zoé", "pässword"), ("ζ", "κωδικός")]
ADDRESSES = ["127.0.0.1", "127.0.0.1/8", "127.0.0.1/32", "127.0.0.1/33", "127.0.0.1/0", "127.0.0.1/-1", "127.0.0.1/", "127.0.0.1/a",
             "127.0.0.1/08", "127.0.0.1/8/8", "/8", "", "127.0.0", "127.1", "127.0.0.256", "0127.0.0.01", "127.0.0.1 ", "127.0.0.1.",
             "localhost", "::1", "::1/128", "::1/129", "::", "::/0", "::ffff:127.0.0.1", "fe80::1%lo", "1::2::3", "1:2:3:4:5:6:7:8",
             "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "12345::", "::g", "[::1]", "ABCD::EF01/16",
             ":1", "1:", ":::", "2001:db8::/32", "+1.2.3.4/+8", "::1/"]
NAMES = {"ip": ADDRESSES, "digest": ["u:p", "u", "u:", ":p", ":", "a:b:c", "a:b:", "", "::a"], "x509": ["CN=a"], "super": [""],
         "sasl": ["u", "u@R", "u/h@R", "a/b/c@R", "a@b@c", "@", "/", "a/b", "", "super"], "ensemble": ["x"]}
PROOFS = [("digest", b"u:p"), ("digest", b"nocolon"), ("digest", b""), ("digest", None), ("digest", b"\xff\xfe:\xc3"), ("ip", b""),
          ("ip", None), ("world", b""), ("auth", b""), ("super", b""), ("sasl", b""), ("x509", b""), ("ensemble", b"x"),
          ("nosuch", b""), (None, b""), ("Digest", b"u:p"), ("digest", b"super:super")]


def super_digest(algorithm):
    return "super:" + base64.b64encode(hashlib.new(algorithm, b"super:super").digest()).decode()


def outcome(question):
    try:
        return question()
    except w.Disconnected:
        return "closed"


def credentials(session):
    def ask():
        reply = session.call(w.WHO_AM_I)
        body = w.In(reply.body)
        return reply.err or sorted((body.string(), body.string()) for _ in range(body.int()))
    return outcome(ask)


def own_znode(server, session):
    """What becomes of an ACL for oneself, and what somebody else can do with that znode."""
    def ask():
        made = trees.create(session, "/own", acl=((31, "auth", ""),))
        if made != "/own":
            return made
        other = server.session()
        seen = [trees.acl(session, "/own"), trees.acl(other, "/own"), trees.get(other, "/own") == -102]
        other.close()
        return seen + [session.call(w.DELETE, w.Out().string("/own").int(-1).bytes()).err]
    return outcome(ask)


def names_and_proofs(server):
    """Every id that an ACL may name, and every auth packet."""
    session = server.session()
    for scheme, names in NAMES.items():
        for name in names:
            made = trees.create(session, "/x", acl=((31, scheme, name),))
            readable = None
            if made == "/x":
                readable = isinstance(trees.get(session, "/x"), tuple)
                session.call(w.DELETE, w.Out().string("/x").int(-1).bytes())
            yield scheme, name, made, readable
    session.close()
    for scheme, secret in PROOFS:
        session = server.session()
        reply = outcome(lambda: session.call(w.AUTH, w.Out().int(0).string(scheme).buffer(secret).bytes(), w.XID_AUTH))
        yield scheme, secret, reply, credentials(session), own_znode(server, session)
        session.abandon()


def logins(server):
    """Every way to log in by SASL, right and wrong, and then every request of one who has not."""
    ways = [{}, {"password": "x"}, {"user": "eve"}, {"count": "00000002"}, {"uri": "zookeeper/other"}, {"realm": "x"},
            {"uri": "ZooKeeper/ZK-sasl-md5"}, {"without": ("realm",)}, {"charset": None}, {"charset": "UTF-8"}, {"qop": "auth-int"},
            {"without": ("qop",)}, {"authorization": "root"}, {"authorization": "bob"}, {"without": ("nonce",)}, {"nonce": "zzz"},
            {"without": ("cnonce",)}, {"without": ("response",)}, {"without": ("digest-uri",)}, {"without": ("nc",)},
            {"without": ("username",)}, {"more": ",a=b"}, {"more": ',username="bob"'}, {"more": " , "}]
    ways += [{"user": user, "password": password} for user, password in USERS] + [{"user": "super", "password": "superpass"}]
    for way in ways:
        session = server.session()
        steps = digest_md5.login(session, **{"user": "bob", "password": "bobsecret", **way})
        yield way, steps, credentials(session), own_znode(server, session), digest_md5.step(session, b""), credentials(session)
        session.abandon()
    for tokens in ([b"x"], [b"a" * 5000], [b"", b""], [b"", b"="], [b"", b'a="'], [b"", b'username="bob"'], [b"", b"\xff"]):
        session = server.session()
        yield [digest_md5.without_chance(digest_md5.step(session, each)) for each in tokens], credentials(session)
        session.abandon()
    for opcode, xid in ((w.PING, w.XID_PING), (w.PING, 5), (w.WHO_AM_I, None), (w.CLOSE_SESSION, None), (w.SYNC, None)):
        session = server.session()
        reply = outcome(lambda: (session.send(opcode, w.Out().string("/").bytes(), xid), session.read_reply())[1])
        yield opcode, reply if reply == "closed" else (reply.xid, reply.zxid > 0, reply.err), credentials(session)
        session.abandon()


@pytest.fixture
def same(tmp_path, started, make_server):
    """same(conversation, properties, config): the reference and the server under test say the same."""
    def check(conversation, properties=(), **config):
        reference = Server("apache", tmp_path / "reference", places.free_port(), config, properties=properties)
        started.append(reference)
        ours = make_server(properties=properties, **config)
        for each in (reference, ours):
            each.start()
        said = [list(conversation(each.wait_serving(session=False))) for each in (reference, ours)]
        assert len(said[0]) > 20
        assert [pair for pair in zip(*said) if pair[0] != pair[1]] == []
    return check


@pytest.fixture
def login_file(tmp_path):
    users = "\n".join(f'  user_{name}="{password}"' for name, password in USERS)
    path = tmp_path / "jaas.conf"
    path.write_text(f"// people\nServer {{\n {PROVIDER}DigestLoginModule required\n{users};\n}};\n"
                    f'Other {{ {PROVIDER}DigestLoginModule required user_bob="other"; }};\n', encoding="utf-8")
    return [f"java.security.auth.login.config={path}", "file.encoding=UTF-8"]


DIGEST = "DigestAuthenticationProvider."


@pytest.mark.parametrize("config", [
    {}, {DIGEST + "digestAlg": "SHA-256", DIGEST + "superDigest": super_digest("sha256")}, {DIGEST + "digestAlg": "SHA512"},
    {DIGEST + "superDigest": super_digest("sha1")}, {DIGEST + "enabled": "false"}, {"skipACL": "true"}, SASL,
    {"authProvider.1": PROVIDER + "EnsembleAuthenticationProvider", "ensembleAuthName": "x,y"},
    {"authProvider.1": PROVIDER + "EnsembleAuthenticationProvider", "ensembleAuthName": "z"},
], ids=lambda config: " ".join(config.values()).replace(PROVIDER, "") or "as it comes")
def test_names_in_ACLs_and_auth_packets(same, config):
    same(names_and_proofs, **config)


@pytest.mark.parametrize("config", [
    SASL, {}, {**SASL, "superUser": "admin", "superUser.2": "bob", "SASLAuthenticationProvider.superPassword": "superpass"},
    {**SASL, "sessionRequireClientSASLAuth": "true"}, {**SASL, "allowSaslFailedClients": "true"},
    {**SASL, "enforce.auth.enabled": "true", "enforce.auth.schemes": "digest, sasl"}, {**SASL, "sasl.serverconfig": "Other"},
], ids=lambda config: " ".join(key for key in config if not key.startswith("authProvider")) or f"{len(config)} provider")
def test_logins_by_SASL(same, login_file, config):
    same(logins, properties=login_file, **config)


def test_nobody_can_log_in_without_a_login_file(same):
    same(logins, **SASL)


def test_skipACL_lets_everybody_do_everything(make_server):
    server = make_server(skipACL="yes").start().wait_serving()
    session, other = server.session(), server.session()
    assert trees.authenticate(session, "digest", b"u:p") == 0
    assert trees.create(session, "/a", acl=((31, "auth", ""),)) == "/a"
    assert trees.acl(other, "/a") == trees.acl(session, "/a")
    assert other.call(w.DELETE, w.Out().string("/a").int(-1).bytes()).err == 0


def test_kazoo_logs_in_through_an_ensemble(make_ensemble, login_file, kazoo):
    ensemble = make_ensemble(3, config=SASL)
    for each in ensemble:
        each.properties = login_file
    ensemble.start().wait_ready()
    from kazoo.security import make_acl
    bob = kazoo(ensemble.addresses, sasl_options={"mechanism": "DIGEST-MD5", "username": "bob", "password": "bobsecret"})
    bob.create("/bobs", b"1", acl=[make_acl("sasl", "bob", all=True)])
    assert bob.get("/bobs")[0] == b"1"
    for server in ensemble:
        session = server.session()
        trees.sync(session)
        assert trees.get(session, "/bobs") == -102
        assert digest_md5.login(session, "super", "insecure")[1][0] == 0
        assert trees.get(session, "/bobs")[0] == b"1"
