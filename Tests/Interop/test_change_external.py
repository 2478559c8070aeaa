"""Changes of ensembles that somebody else starts: of Apache ZooKeeper, of ours, and of both; as many members as they like."""
import itertools
import json
import re
import threading
import time

import pytest
from kazoo.security import make_acl, make_digest_acl, make_digest_acl_credential

from harness import clients
from harness.waiting import eventually
from test_change import Launcher, Load, Majority, check_steps, steps_until
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


def three(tmp_path, started, kinds, shape=Dynamic):
    """Three servers that serve, led by server 3; the options that give the right to change them; and where they are."""
    config = {**DYNAMIC, "skipACL": "no", "DigestAuthenticationProvider.superDigest": make_digest_acl_credential("super", "secret")}
    ensemble = shape(tmp_path, started, kinds[:3], config)
    ensemble[1].start()
    ensemble[3].start()
    eventually(lambda: ensemble.mode(3) == "leader", 40, "server 3 leading")
    ensemble[2].start().wait_serving()
    credential = tmp_path / "credential"
    credential.write_text("super:secret\n")

    class Addresses:
        @staticmethod
        def addresses():
            return ensemble.addresses()
    return ensemble, ("--credential", credential), Addresses


class Elsewhere(Dynamic):
    """An ensemble whose clients are served at another address than that at which the servers find each other."""

    def line(self, role="participant"):
        line, _, port = super().line(role).rpartition(":")
        return f"{line.rpartition(';')[0]};127.0.0.2:{port}"

    def make(self, number, kind, lines):
        server = super().make(number, kind, lines)
        server.host = "127.0.0.2"
        return server


@pytest.mark.parametrize("kinds", [("apache", "aviary", "apache"), ("aviary", "aviary", "aviary")], ids=["mixed", "ours"])
def test_clients_are_served_at_another_address(tmp_path, started, kinds):
    aviary = Launcher(tmp_path)
    ensemble, options, Addresses = three(tmp_path, started, kinds, Elsewhere)
    first, path = ensemble[1].address, tmp_path / "imported.yaml"
    aviary.do("import", first, "--name", "foreign", "--out", path)
    assert path.read_text().count("    host: 127.0.0.1\n    clientHost: 127.0.0.2\n") == 3
    assert "no changes" in aviary.do("plan", path, *options)
    status = json.loads(aviary.do("status", path, "--json"))
    assert status["ready"] and [s["client"] for s in status["servers"]] == ensemble.addresses().split(",")
    assert "does not answer" not in aviary("check", path)[1]
    # Of one server it is known: the others are found where the committed configuration has them.
    one = tmp_path / "one.yaml"
    one.write_text(re.sub(r"(?m)^    clientHost: .*\n", "", path.read_text()).replace("    host: 127.0.0.1\n", "    host: 127.0.0.1\n    clientHost: 127.0.0.2\n", 1))
    assert "no changes" in aviary.do("plan", one, *options)
    code, out, err = aviary("leader", "move", "2", one, *options)
    assert code == 0 or "choose their successors" in err, err
    assert ("made an observer for a moment" in err) == ("apache" in kinds)
    eventually(lambda: ensemble.leader() is not None, 20, "a leader")

    # Who joins has such an address, too.
    line = ensemble.line()
    path.write_text(path.read_text() + re.sub(r"127.0.0.1:(\d+):(\d+):participant;127.0.0.2:(\d+)",
        r"  - id: 4\n    host: 127.0.0.1\n    clientHost: 127.0.0.2\n    ports: {client: \3, quorum: \1, election: \2}\n", line))
    apply_with_joiners(aviary, ensemble, path, options, {4: (line, "aviary")})
    assert "no changes" in aviary.do("plan", path, *options)
    assert "no changes" in aviary.do("plan", path, *options)
    # Without the key the address is no reason for a change, and a server that is known nowhere is said to be.
    nowhere = tmp_path / "nowhere.yaml"
    nowhere.write_text(re.sub(r"(?m)^    clientHost: .*\n", "", path.read_text()))
    code, _, err = aviary("plan", nowhere, *options)
    assert code == 69 and "clientHost" in err, err


def apply_with_joiners(aviary, ensemble, path, options, joiners):
    """Applies a spec, and starts each joiner as soon as `apply` says how; {number: (line, kind)}."""
    process = aviary.begin("apply", path, *options)
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    for number, (line, kind) in joiners.items():
        eventually(lambda: any(f"  server.{number}=" in text and ":observer;" in text for text in said), 30,
                   f"how to start server {number}: {''.join(said)}")
        ensemble.line = lambda role="participant", line=line: line
        ensemble.join(number, kind)
        del ensemble.line
    assert process.wait(60) == 0, "".join(said)
    reader.join(10)
    check_steps("".join(said))


def end(writing):
    for writer in writing.writers:
        writer.over = True
        clients.let_go(writer.client)


def leave(aviary, ensemble, path, options, left):
    """Applies a spec without some servers, which are then stopped, as it says."""
    code, out, err = aviary("apply", path, *options)
    assert code == 0, err
    check_steps(err)
    for number in left:
        said = f"server {number} is no member any more, and can be stopped"
        # Committed is not active: an ordinary write comes between.
        assert err.count(said) == 1 and re.search(f"remove server {number} .*write once, so that this is active.*{said}", err, re.S), err
        ensemble[number].stop()
        del ensemble.servers[number], ensemble.lines[number]
    return out


@pytest.mark.parametrize("kind", ["apache", "aviary"])
@pytest.mark.budget(300)
def test_three_five_three_one_three_under_load(tmp_path, started, kazoo, kind):
    """Apache ZooKeeper goes down to one participant too, and up again, with standaloneEnabled=false."""
    aviary = Launcher(tmp_path)
    ensemble, options, where = three(tmp_path, started, (kind,) * 3)
    writing = Load(ensemble.addresses(), 3)
    try:
        def grow(*numbers):
            new = {number: (ensemble.line(), kind) for number in numbers}
            lines = {**ensemble.lines, **{number: line for number, (line, _) in new.items()}}
            apply_with_joiners(aviary, ensemble, spec(tmp_path, lines), options, new)
            writing.go_on(f"{len(lines) - len(numbers)} to {len(lines)}", where)

        def shrink(count):
            leader = ensemble.leader()
            # The leader leaves as well; the highest ids stay, so that everybody is replaced in the end.
            left = [leader, *[n for n in ensemble.lines if n != leader]][:len(ensemble.lines) - count]
            lines = {n: line for n, line in ensemble.lines.items() if n not in left}
            leave(aviary, ensemble, spec(tmp_path, lines), options, left)
            writing.go_on(f"{count + len(left)} to {count}, without the leader", where)
        grow(4, 5)
        shrink(3)
        shrink(1)
        assert roles(kazoo(ensemble.addresses())) == dict.fromkeys(ensemble.lines, "participant")
        grow(6, 7)
        assert "no changes" in aviary.do("plan", spec(tmp_path, ensemble.lines), *options)
        writing.end(where)
    finally:
        end(writing)


@pytest.mark.parametrize("kinds", [("apache",) * 3, ("aviary",) * 3, ("apache", "aviary", "aviary"), ("aviary", "aviary", "apache")],
                         ids=["apache", "ours", "ours-leads", "apache-leads"])
def test_the_leader_is_moved(tmp_path, started, kazoo, kinds):
    """Ours hand over at once; where one server is Apache ZooKeeper's, the leader is made an observer for a moment."""
    aviary = Launcher(tmp_path)
    ensemble, options, where = three(tmp_path, started, kinds)
    path = spec(tmp_path, ensemble.lines)
    writing = Load(ensemble.addresses(), 2)
    try:
        for _ in range(2):
            before = ensemble.leader()
            wanted = next(n for n in (1, 2, 3) if n != before)
            code, out, err = aviary("leader", "move", wanted, path, *options)
            assert ("made an observer for a moment" in err) == ("apache" in kinds), err
            # A leader of ours names its successor; Apache ZooKeeper's may choose the others all the time.
            assert code == 0 or (code == 1 and kinds[before - 1] == "apache" and "choose their successors" in err), err
            eventually(lambda: ensemble.leader() is not None, 20, "a leader")
            assert code == 1 or ensemble.leader() == wanted
            assert kinds[before - 1] == "apache" or "acknowledged" in out
            # Under load a follower may be a step behind at the moment of the question.
            eventually(lambda: "no changes" in aviary("plan", path, *options)[1], 20, "a plan without changes")
            writing.go_on(f"leader move {wanted}, from {kinds[before - 1]} {before}", where)
            print(out)
        writing.end(where)
    finally:
        end(writing)


def changes(steps):
    """How many of these announced steps change something; how often a plan has to wait in between is a matter of luck."""
    return sum(not check_steps(step)[0].startswith("wait") for step in steps)


# When the launcher is killed. Both changes below take two steps that change something.
MOMENTS = {"at the first change": lambda steps: changes(steps) == 1,
           "at what follows it": lambda steps: changes(steps[:-1]) == 1,
           "at the second change": lambda steps: changes(steps) == 2}


@pytest.mark.parametrize("change", ["leader move", "roles"])
@pytest.mark.budget(400)
def test_killed_at_every_step_the_next_apply_converges(tmp_path, started, change):
    """Of Apache ZooKeeper's servers only: their leader has lost its vote in the middle of a move, and gets it back."""
    aviary = Launcher(tmp_path)
    ensemble, options, where = three(tmp_path, started, ("apache",) * 3)
    whole = spec(tmp_path, ensemble.lines).rename(tmp_path / "whole.yaml")
    writing = Load(ensemble.addresses(), 2)
    majority = Majority(lambda: [int(line.rsplit(":", 1)[1]) for line in ensemble.lines.values()], 2.0)
    try:
        for again, (moment, reached) in itertools.product((False, True), MOMENTS.items()):
            eventually(lambda: ensemble.leader() is not None, 20, "a leader")
            before = ensemble.leader()
            other = next(n for n in (1, 2, 3) if n != before)
            if change == "roles":
                # The leader and another one become observers: the last participant leads.
                words = ("apply", spec(tmp_path, ensemble.lines, {before: "observer", other: "observer"}), *options)
            else:
                words = ("leader", "move", other, whole, *options)
            process = aviary.begin(*words)
            seen = steps_until(process, reached)
            process.kill()
            process.communicate()
            assert seen and reached(seen), f"{moment}: {seen}"
            # The same again, or back: either goes on from what is there.
            if change == "leader move" and again:
                code, _, err = aviary(*words)
                assert code == 0 or "choose their successors" in err, err
            code, _, err = aviary("apply", whole, *options)
            assert code == 0, err
            check_steps(err)
            eventually(lambda: "no changes" in aviary("plan", whole, *options)[1], 20, "a plan without changes")
            writing.go_on(f"killed {moment}", where)
        majority.end()
        writing.end(where)
    finally:
        end(writing)


def test_a_plan_waits_for_a_leader_that_is_slow_to_answer(tmp_path, started):
    """As on a loaded machine: who serves says so, and a session takes longer than one look."""
    aviary = Launcher(tmp_path)
    ensemble, _, _ = three(tmp_path, started, ("aviary",) * 3)
    path = spec(tmp_path, ensemble.lines)
    for number in (1, 2):
        ensemble[number].pause()
    process = aviary.begin("plan", path)
    time.sleep(2.5)
    assert process.poll() is None, process.communicate()
    for number in (1, 2):
        ensemble[number].resume()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and "no changes" in out, out + err


def test_every_verb_takes_the_spec_or_says_what_to_type(tmp_path, started):
    """As somebody types it who has never seen it."""
    aviary = Launcher(tmp_path)
    ensemble, options, _ = three(tmp_path, started, ("apache", "aviary", "apache"))
    path = spec(tmp_path, ensemble.lines)

    def say(code, text, *words):
        ended, out, err = aviary(*words)
        assert ended == code and text in out + err, f"{words}: {ended}\n{out}\n{err}"
        return out
    assert json.loads(say(0, '"ready":true', "status", path, "--json"))["servers"][2]["mode"] == "leader"
    assert say(0, "3", "leader", path).strip() == "3"
    say(0, "foreign is ready", "wait", path)
    say(0, "foreign is synced", "wait", path, "--for", "synced")
    assert say(0, "nothing is wrong", "doctor", path) == say(0, "nothing is wrong", "check", path)
    for words in (("add", path), ("remove", "2", path), ("replace", "2", path), ("scale", "5", path)):
        say(64, f"edit 'servers' in {path}", *words)
    ensemble[1].stop()
    say(0, "no answer", "status", path)
    say(1, f"server 1 does not answer srvr at {ensemble[1].address}", "doctor", path)
    say(69, f"server 1 does not answer. 'aviary status {path}' says more", "wait", path, "--timeout", "0.2")
    say(1, "Nobody answers there: see to it that it runs", "apply", path, *options, "--timeout", "0.5")
    ensemble[1].start().wait_serving()

    # Who is to join is named at once, all of them: somebody has to start them.
    more = spec(tmp_path, {**ensemble.lines, 4: ensemble.line(), 5: ensemble.line()})
    code, _, err = aviary("apply", more, *options, "--timeout", "1")
    assert code == 1 and err.count("among which it is an observer") == 2, err
    assert "start server 4 now" in err and "start server 5 now" in err and "start it from the members above; the same again goes on" in err
    # What is somebody else's to stop has no files here.
    steps = json.loads(say(2, "confirm", "plan", spec(tmp_path, {n: ensemble.lines[n] for n in (2, 3)}), *options, "--json"))["steps"]
    assert [step["step"] for step in steps] == ["remove", "confirm", "stop"]


@pytest.mark.parametrize("kind", ["apache", "aviary"])
def test_who_may_change_members_and_nothing_else(tmp_path, started, kazoo, kind):
    """Not even write at the root: the refusal of the write that confirms is a transaction as well."""
    aviary = Launcher(tmp_path)
    ensemble, _, _ = three(tmp_path, started, (kind,) * 3)
    client = kazoo(ensemble.addresses())
    client.add_auth("digest", "super:secret")
    client.set_acls("/zookeeper/config", [make_digest_acl("operator", "word", all=True), make_acl("world", "anyone", read=True)])
    client.set_acls("/", [make_acl("world", "anyone", read=True)])
    credential = tmp_path / "operator"
    credential.write_text("operator:word\n")
    options = ("--credential", credential, "--timeout", "10")
    out = leave(aviary, ensemble, spec(tmp_path, {n: ensemble.lines[n] for n in (1, 3)}), options, [2])
    assert "foreign is what is wanted after 3 steps" in out
    assert "it may not create a znode at /, so nothing was measured" in out, "and not an outage"
    assert roles(client) == {1: "participant", 3: "participant"}


@pytest.mark.parametrize("composition", ["apache", "apache-leads"])
def test_servers_are_killed_between_three_and_five(tmp_path, started, kazoo, composition):
    """kill -9 in the middle of either change: of a follower, and of the leader. Whoever starts them again lets it go on."""
    aviary = Launcher(tmp_path)
    kinds = COMPOSITIONS[composition]
    ensemble, options, Addresses = three(tmp_path, started, kinds)
    writing = Load(ensemble.addresses(), 2)

    def begin(lines):
        process = aviary.begin("apply", spec(tmp_path, lines), *options)
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
        reader.start()
        return process, said, reader

    def end(process, said, reader, lines):
        code = process.wait(100)
        reader.join(10)
        if code:  # An answer may have been lost with who was to give it; it says so, and the same again goes on.
            assert "the same again" in "".join(said), "".join(said)
            aviary.do("apply", spec(tmp_path, lines), *options)
        assert "no changes" in aviary.do("plan", spec(tmp_path, lines), *options)

    def kill(number, said, step):
        eventually(lambda: any(step in line for line in said), 60, step)
        ensemble[number].kill()
        ensemble[number].start()
        ensemble[number].wait_serving()
    try:
        lines = {**ensemble.lines, 4: ensemble.line(), 5: ensemble.line()}
        process, said, reader = begin(lines)
        for number in (4, 5):
            eventually(lambda: any(f"  server.{number}=" in line and ":observer;" in line for line in said), 30, f"how to start server {number}")
            ensemble.line = lambda role="participant", number=number: lines[number]
            ensemble.join(number, kinds[number - 1])
        kill(next(number for number in (1, 2) if number != ensemble.leader()), said, "] add server 4")
        end(process, said, reader, lines)
        eventually(lambda: len(roles(kazoo(ensemble.addresses(1)))) == 5, 30, "five members")
        writing.go_on("kill -9 of a follower, three to five", Addresses)

        leader = eventually(ensemble.leader, 30, "a leader")
        other = next(number for number in (4, 5, 1) if number != leader)
        less = {number: line for number, line in lines.items() if number not in (leader, other)}
        process, said, reader = begin(less)
        kill(leader, said, f"] remove server {other}")
        end(process, said, reader, less)
        for number in (leader, other):
            ensemble[number].stop()
            del ensemble.servers[number]
        assert sorted(roles(kazoo(ensemble.addresses()))) == sorted(less)
        writing.go_on("kill -9 of the leader, five to three", Addresses)
        writing.end(Addresses)
    finally:
        for writer in writing.writers:
            writer.over = True
            clients.let_go(writer.client)


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_three_five_three(tmp_path, started, kazoo, composition):
    aviary = Launcher(tmp_path)
    kinds = COMPOSITIONS[composition]
    ensemble, options, Addresses = three(tmp_path, started, kinds)
    assert "no changes" in aviary.do("plan", spec(tmp_path, ensemble.lines), *options)
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
