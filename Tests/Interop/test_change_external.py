"""Changes of ensembles that somebody else starts: of Apache ZooKeeper, of ours, and of both; as many members as they like."""
import re
import threading

import pytest
from kazoo.security import make_digest_acl_credential

from harness import clients
from harness.waiting import eventually
from test_change import Launcher, Load, check_steps
from test_reconfig import DYNAMIC, Dynamic, roles

pytestmark = [pytest.mark.ours, pytest.mark.budget(200)]

# Who leads at first (id 3), the other two, and who joins (4 and 5).
COMPOSITIONS = {"apache": ("apache",) * 5, "ours-leads": ("apache", "aviary", "aviary", "apache", "aviary"),
                "apache-leads": ("aviary", "aviary", "apache", "aviary", "apache"), "ours": ("aviary",) * 5}


def spec(folder, lines, roles=None):
    """A spec of these members: {id: 'host:quorum:election:role;host:client'}."""
    text = "version: 1\nensemble: foreign\nruntime: external\nservers:\n"
    for number, line in lines.items():
        host, quorum, election, role, client = re.match(r"([^:]+):(\d+):(\d+):(\w+);.*?(\d+)$", line).groups()
        text += (f"  - id: {number}\n    host: {host}\n    role: {(roles or {}).get(number, role)}\n"
                 f"    ports: {{client: {client}, quorum: {quorum}, election: {election}}}\n")
    path = folder / "foreign.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_three_five_three(tmp_path, started, kazoo, composition):
    aviary = Launcher(tmp_path)
    kinds = COMPOSITIONS[composition]
    config = {**DYNAMIC, "skipACL": "no", "DigestAuthenticationProvider.superDigest": make_digest_acl_credential("super", "secret")}
    ensemble = Dynamic(tmp_path, started, kinds[:3], config)
    ensemble[1].start()
    ensemble[3].start()
    eventually(lambda: ensemble.mode(3) == "leader", 40, "server 3 leading")
    ensemble[2].start().wait_serving()
    credential = tmp_path / "credential"
    credential.write_text("super:secret\n")
    options = ("--credential", credential)
    assert "no changes" in aviary.do("plan", spec(tmp_path, ensemble.lines), *options)

    class Addresses:
        @staticmethod
        def addresses():
            return ensemble.addresses()
    writing = Load(ensemble.addresses(), 2)
    try:
        # Without the right to change members it says what is missing, and changes nothing.
        less = {1: ensemble.lines[1], 3: ensemble.lines[3]}
        code, _, err = aviary("apply", spec(tmp_path, less))
        assert code == 1 and "--credential" in err, err

        # Two join: apply says what to start them from, and waits until somebody has.
        lines = {**ensemble.lines, 4: ensemble.line(), 5: ensemble.line()}
        code, out, _ = aviary("plan", spec(tmp_path, lines), *options)
        assert code == 2 and "start server 4" in out and "add server 5" in out
        process = aviary.begin("apply", spec(tmp_path, lines), *options)
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
        reader.start()
        for number in (4, 5):
            eventually(lambda: any(f"  server.{number}=" in line and ":observer;" in line for line in said), 30, f"how to start server {number}")
            ensemble.line = lambda role="participant", number=number: lines[number]
            ensemble.join(number, kinds[number - 1])
        assert process.wait(60) == 0, "".join(said)
        reader.join(10)
        check_steps("".join(said))
        assert roles(kazoo(ensemble.addresses(1))) == {number: "participant" for number in range(1, 6)}
        writing.go_on("three to five", Addresses)

        # Two leave, the leader among them; whom it may concern is told who can be stopped.
        leader = ensemble.leader()
        other = next(number for number in (1, 2) if number != leader)
        less = {number: line for number, line in lines.items() if number not in (leader, other)}
        code, out, err = aviary("apply", spec(tmp_path, less), *options)
        assert code == 0, err
        check_steps(err)
        for number in (leader, other):
            assert f"server {number} is no member any more, and can be stopped" in err
            ensemble[number].stop()
            del ensemble.servers[number]
        writing.go_on("five to three", Addresses)
        assert "no changes" in aviary.do("plan", spec(tmp_path, less), *options)
        writing.end(Addresses)
    finally:
        for writer in writing.writers:
            writer.over = True
            clients.let_go(writer.client)
