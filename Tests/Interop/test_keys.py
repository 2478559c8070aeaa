"""Keys that change what a server says or whom it lets in: what they do here, beside 3.9.5."""
import re
import socket

import pytest

from harness import places, trees
from harness.certificates import Authority
from harness.waiting import eventually
from test_tls import NETTY


def test_the_last_packets_of_a_link_are_told_when_it_ends(make_ensemble, under_test):
    """messageTracker: the leader tells of its learner, and the learner of its leader."""
    config = {"messageTracker.Enabled": "true", "messageTracker.BufferSize": 3}
    ensemble = make_ensemble([under_test, "apache", under_test], config=config)
    ensemble[2].properties = [f"zookeeper.{key}={value}" for key, value in config.items()]
    ensemble.start_led_by(3)
    trees.create(ensemble[1].session(), "/a")
    ensemble[1].kill()
    sent = r"Last packets to server 1, in ms ago: \w+ \d+(, \w+ \d+){2}$"
    eventually(lambda: re.search(sent, ensemble[3].log, re.M), 20, "what went to server 1")
    received = re.search(r"Last packets from server 1, in ms ago: (.*)", ensemble[3].log)[1]
    assert set(re.findall(r"[A-Z]+", received)) <= {"ACK", "PING", "REQUEST"}
    assert "Last packets to server 2" not in ensemble[3].log
    ensemble[3].kill()
    eventually(lambda: "timestamps for messages" in ensemble[2].log, 20, "what 3.9.5 tells")
    ensemble[1].start()
    eventually(lambda: ensemble[1].mode() and ensemble[2].mode(), 40, "the two others serving")
    ensemble[2].kill()
    eventually(lambda: "Last packets from server 2" in ensemble[1].log, 20, "what a learner of ours tells")


@pytest.mark.ours
def test_without_the_key_nothing_is_told(make_ensemble):
    ensemble = make_ensemble(3).start().wait_ready()
    follower = ensemble.followers()[0]
    follower.kill()
    leader = ensemble.leader()
    eventually(lambda: "synced_followers\t1" in leader.word("mntr"), 20, "the follower missed")
    assert "Last packets" not in "".join(each.log for each in ensemble)


@pytest.mark.parametrize("early", ["true", "false"])
def test_clients_of_tls_are_turned_away_before_the_handshake(make_ensemble, tmp_path, under_test, early):
    """A server without a quorum: with the key it closes at once, without it shakes hands."""
    import ssl
    authority = Authority(tmp_path / "ca")
    store, trust = authority.pem_store(*authority.issue("server", "/CN=server")), authority.certificate
    for kind in (under_test, "apache"):
        port = places.free_port()
        config = {"secureClientPort": port, "ssl.keyStore.location": store, "ssl.trustStore.location": trust,
                  "ssl.clientAuth": "none", "netty.server.earlyDropSecureConnectionHandshakes": early, **NETTY}
        ensemble = make_ensemble([kind] * 3, config=config)
        ensemble[1].start()

        def shaken():
            """Whether the handshake is answered; nothing is waited for after it."""
            made = ssl.create_default_context(cafile=trust)
            with socket.create_connection(("127.0.0.1", port), 5) as plain:
                try:
                    with made.wrap_socket(plain, server_hostname="localhost"):
                        return True
                except OSError:
                    return False
        eventually(lambda: ensemble[1].word("ruok") == "imok", 20, "the server answering")
        eventually(lambda: not socket.create_connection(("127.0.0.1", port), 5).close(), 20, "the port")
        assert shaken() == (early == "false"), kind
        ensemble.kill()


@pytest.mark.ours
def test_an_oracle_is_not_followed_and_that_is_said(make_server, tmp_path):
    server = make_server(oraclePath=tmp_path / "oracle").start().wait_serving()
    assert "oraclePath has no effect, on purpose" in server.log
