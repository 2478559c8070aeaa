"""Logins between servers (quorum.auth.*): ours among each other, with Apache ZooKeeper's, and on the way there without a pause."""
import socket

import pytest

from harness.waiting import eventually

MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule required"
STEPS = ("quorum.auth.enableSasl", "quorum.auth.learnerRequireSasl", "quorum.auth.serverRequireSasl")


def secure(server, steps=3, password="secret", user="zk"):
    """Gives a server its logins; they count from its next start."""
    jaas = server.folder / "jaas.conf"
    jaas.write_text(f'QuorumServer {{\n {MODULE}\n user_zk="secret";\n}};\n'
                    f'QuorumLearner {{\n {MODULE}\n username="{user}"\n password="{password}";\n}};\n')
    # 3.9.5 has DIGEST-MD5 only where it need not be like the standard of an agency.
    server.properties = [f"java.security.auth.login.config={jaas}", "zookeeper.fips-mode=false"]
    server.config.update({key: "true" if number < steps else "false" for number, key in enumerate(STEPS)})
    server.write_files()


@pytest.mark.budget(120)
@pytest.mark.parametrize("kinds", [("aviary",) * 3, ("apache", "aviary", "aviary"), ("aviary", "apache", "apache"),
                                   ("aviary", "aviary", "apache")], ids="-".join)
def test_an_ensemble_where_everybody_logs_in(make_ensemble, kazoo, kinds):
    ensemble = make_ensemble(list(kinds))
    for server in ensemble:
        secure(server)
    ensemble.start_led_by(3)
    client = kazoo(ensemble.addresses)
    client.create("/a", b"x" * 200_000)
    for leader in (ensemble.leader(), None):
        late = leader or ensemble[1]
        late.stop()
        ensemble.wait_ready()
        for number in range(50):
            client.retry(client.set, "/a", b"%d" % number)
        late.start().wait_serving()
        ensemble.wait_ready()
    again = kazoo(ensemble[1].address)
    again.sync("/")
    assert again.get("/a")[0] == b"49"


@pytest.mark.budget(120)
@pytest.mark.parametrize("reference", ["aviary", "apache"])
@pytest.mark.parametrize("how", ["wrong password", "unknown", "none"])
def test_who_does_not_know_the_password_stays_outside(make_ensemble, kazoo, reference, how):
    ensemble = make_ensemble(["aviary", reference, "aviary"])
    for server in ensemble:
        secure(server)
    stranger = ensemble[3]
    if how == "none":
        secure(stranger, steps=0)
    else:
        secure(stranger, **({"password": "guess"} if how == "wrong password" else {"user": "eve"}))
    ensemble.start(1, 2).wait_ready()
    kazoo(ensemble[1].address).create("/a", b"x")
    stranger.start()
    words = "log in" if how == "none" else "login"
    eventually(lambda: words in ensemble[1].log + ensemble[2].log, 30, "a line about it")
    with pytest.raises(AssertionError):
        eventually(lambda: stranger.mode() is not None, 6, "the stranger serving")
    assert {ensemble[1].mode(), ensemble[2].mode()} == {"leader", "follower"}
    stranger.stop()
    secure(stranger)
    stranger.start().wait_serving()


@pytest.mark.budget(240)
@pytest.mark.parametrize("kinds", [("aviary",) * 3, ("aviary", "apache", "aviary")], ids="-".join)
def test_three_rolls_lead_there_without_a_pause(make_ensemble, kazoo, kinds):
    ensemble = make_ensemble(list(kinds)).start().wait_ready()
    client = kazoo(ensemble.addresses)
    client.create("/rolls", b"")
    for steps in (1, 2, 3):
        for server in ensemble:
            server.stop()
            secure(server, steps)
            eventually(lambda: ensemble.leader(), 30, "a leader of the others")
            client.retry(client.set, "/rolls", b"%d" % steps)
            server.start().wait_serving()
            ensemble.wait_ready()
    assert client.retry(client.get, "/rolls")[0] == b"3"


@pytest.mark.ours
@pytest.mark.parametrize("without", ["QuorumServer", "QuorumLearner", "file"])
def test_logins_without_passwords_are_an_error(make_ensemble, without):
    server = make_ensemble(3)[1]
    secure(server)
    jaas = server.folder / "jaas.conf"
    if without == "file":
        server.properties = []
    else:
        jaas.write_text(jaas.read_text().replace(without, "Other"))
    server.start()
    eventually(lambda: not server.alive, 20, "the server ending")
    assert server.process.returncode == 65
    assert (without if without != "file" else "java.security.auth.login.config") in server.log


@pytest.mark.ours
def test_a_login_that_is_not_answered_ends(make_ensemble, kazoo):
    ensemble = make_ensemble(3)
    for server in ensemble:
        secure(server)
        server.config["cnxTimeout"] = 300
    election = int(ensemble.members[2].rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", election)) as mute:
        ensemble.start(1, 2).wait_ready()
        eventually(lambda: "it does not answer the login" in ensemble[1].log + ensemble[2].log, 30, "a line about it")
        mute.settimeout(5)
        dialed, _ = mute.accept()
        with dialed:
            dialed.settimeout(5)
            while dialed.recv(4096):
                pass
    kazoo(ensemble[1].address).create("/a", b"x")
    ensemble[3].start().wait_serving()
