"""`aviary cli` beside Apache ZooKeeper's own shell: the same lines in, the same lines out, against Apache's server."""
import re
import subprocess

import pytest

from harness import places
from harness.server import java_command
from harness.waiting import eventually

pytestmark = pytest.mark.ours

# Lines of a conversation. Only what both shells print in a defined order: no watches, whose events come when they come.
CONVERSATION = """
create /a hello
create /a
create /x/y z
ls /
ls -s /
ls /nope
ls nope
ls /a/
ls //a
ls
get
get /a
get -s /a
get -b /a
get -x /a
set /a world
set -s /a again
set /a -s 'two words'
set -v 9 /a never
set /nope v
set
stat /a
stat /nope
create -s /a/s- data
create -s /a/s-
create -e /brief dat
create /brief/x
create -s -e /brief-
create -c /container
create -c -s /container
create -t 100000 /ttl
create -t 100000 -s /ttl-
create -t 1000 -e /never
create -t 1000 -c /never
create -t 0 /never
create -t soon /never
create /null
get /null
create /empty ""
get /empty
get -x /empty
delete /a
delete -v 7 /empty
delete /empty
delete /empty
delete /
delete
deleteall /a
deleteall /nope
create /t
create /t/b
create /t/a
create /t/a/x
create /t/a/x/z
create /t/b/y
ls -R /t
getAllChildrenNumber /t
setAcl -R /t world:anyone:cdrwa
deleteall -b 2 /t
getAcl /container
getAcl -s /container
getAcl /nope
setAcl -s /container world:anyone:cdrwa
setAcl -v 5 /container world:anyone:cdrwa
setAcl /container bogus
setAcl /container world:anyone:zqcdrwa
setAcl /container digest:foo:crwda
setAcl /container world:anyone:crwda,ip:127.0.0.1:r
setAcl /container
getAcl /container
addauth digest u:p
addauth
whoami
create /mine x auth::cdrwa
getAcl /mine
create /other x digest:u2:foo:cdrwa
get /other
set /other y
setAcl /other world:anyone:r
getAcl /other
ls /other
stat /other
create /other/x y
create /bad x bogus
create /bad x nope:x:r
sync /
sync nope
getEphemerals
getEphemerals /brief
getEphemerals nope
config
config -c
printwatches
printwatches off
printwatches
printwatches on
get "/a b"
create '/q' 'two words'
get /q
create "/q2" say"hi"there
get /q2
set -b /q aGk=
get /q
create /long "0123456789abcdefghijklmnopqrstuvwxyz äöü"
get -x /long
get -b /long
get /long
create /a//b
create /a/.
create /a/..
create ""
create -s /sq/
ls /q watch
get /q watch
stat /q watch
delete /q 0
redo 99999
close
ls /
close
""".strip("\n").split("\n")

MARK = "Node does not exist: /mark"


def conversation(command, lines):
    """What is printed after each line: {line number: output}. A line that always fails the same way ends each answer."""
    text = "".join(f"{line}\nget /mark\n" for line in lines[:-3])
    last = "".join(f"{line}\n" for line in lines[-3:])
    ran = subprocess.run(command, input=text + last + "quit\n", text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=60)
    kept = [line for line in ran.stdout.split("\n")
            if not re.match(r"Connecting to|Welcome to ZooKeeper|JLine support|Exiting JVM", line)]
    text = re.sub(r"\n\nWATCHER::\n\nWatchedEvent state:\w+ type:None path:null zxid: -1", "", "\n" + "\n".join(kept))
    text = re.sub(r"(ctime|mtime) = \w{3} \w{3} [\d ]\d \d\d:\d\d:\d\d \w+ \d{4}", r"\1 = NOW", text)
    return text.split(MARK)


def apache_shell(folder, address):
    return java_command("apache", folder, folder / "shell.log", "org.apache.zookeeper.ZooKeeperMain", "-server", address)


def cli(address, *words, seconds=20):
    ran = subprocess.run([places.aviary_binary(), "cli", "-server", address, *words], text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.budget(120)
def test_both_shells_answer_a_conversation_alike(make_server, tmp_path):
    answers = []
    for name in ("theirs", "ours"):
        server = make_server(kind="apache", folder=name).start()
        server.wait_serving()
        ours = [places.aviary_binary(), "cli", "-server", server.address]
        command = ours if name == "ours" else apache_shell(server.folder, server.address)
        answers.append(conversation(command, CONVERSATION))
        server.stop()
    theirs, ours = answers
    different = []
    for number, line in enumerate(CONVERSATION[:-3]):
        # Zxids: their deleteall puts several deletes into one transaction.
        plain = [re.sub(r"([cmp]Zxid = 0x|zxid: )[0-9a-f]+", r"\1", each[number].strip("\n")) for each in (theirs, ours)]
        if plain[0] != plain[1]:
            different.append(f"{line}\n  theirs: {plain[0]!r}\n  ours:   {plain[1]!r}")
    assert not different, "\n".join(different)
    assert len(theirs) == len(ours)


def test_results_are_on_stdout_and_all_else_on_stderr(server):
    assert cli(server.address, "create", "/a", "some data") == (0, "", "Created /a\n")
    assert cli(server.address, "get", "/a") == (0, "some data\n", "")
    assert cli(server.address, "ls", "/") == (0, "[a, zookeeper]\n", "")
    assert cli(server.address, "get", "/b") == (1, "", "Node does not exist: /b\n")
    assert cli(server.address + "/a", "create", "/below") == (0, "", "Created /below\n")
    assert cli(server.address, "ls", "/a") == (0, "[below]\n", "")
    code, out, err = cli(server.address, "frobnicate")
    assert (code, out) == (127, "") and err.endswith("Command not found: Command not found frobnicate\n")


def test_a_server_that_is_not_there_is_told_at_once():
    code, out, err = cli(f"127.0.0.1:{places.free_port()}", "ls", "/", seconds=3)
    assert (code, out) == (69, "") and "ConnectionLoss" in err and "aviary status" in err


def test_a_conversation_outlives_its_server(server):
    """The session moves on with its watches, ephemerals and credentials while the server restarts."""
    shell = subprocess.Popen([places.aviary_binary(), "cli", "-server", server.address], text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1)
    try:
        shell.stdin.write("create /w 1\ncreate -e /brief\nget -w /w\n")
        for line in shell.stdout:
            if line == "1\n":
                break
        server.stop()
        server.start()
        server.wait_serving()
        eventually(lambda: "brief" in cli(server.address, "ls", "/")[1], 10, "the ephemeral still there")
        assert cli(server.address, "set", "/w", "2")[0] == 0
        shell.stdin.write("get /w\nquit\n")
        rest = shell.communicate(timeout=20)[0]
        assert "WatchedEvent state:SyncConnected type:NodeDataChanged path:/w" in rest
        assert "\n2\n" in rest
        assert shell.returncode == 0
    finally:
        shell.kill()
    assert cli(server.address, "ls", "/")[1] == "[w, zookeeper]\n"
