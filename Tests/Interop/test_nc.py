"""The nc of the image: what health checks ask of it, by the words of OpenBSD's."""
import socket
import subprocess
import threading
import time

import pytest

from harness import places

pytestmark = [pytest.mark.ours, pytest.mark.budget(30)]


@pytest.fixture
def nc(tmp_path):
    link = tmp_path / "nc"
    link.symlink_to(places.aviary_binary())

    def run(*words, said=b"", seconds=10, **options):
        return subprocess.run([link, *map(str, words)], input=said, capture_output=True, timeout=seconds, **options)
    run.path = link
    return run


@pytest.fixture
def server():
    """server(talk): the port of a server that has talk(connection) with each client."""
    opened = []

    def start(talk):
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    talk(connection)
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]
    yield start
    for each in opened:
        each.close()


def to_the_end(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def four_letters(connection):
    """As ZooKeeper does it: the answer to a word, and the end."""
    if connection.recv(4) == b"ruok":
        connection.sendall(b"imok")


def test_a_probe_only_connects(nc, server):
    got = []
    port = server(lambda connection: got.append(to_the_end(connection)))
    shut = places.free_port()
    for words in (["-z"], ["-zv"], ["-z", "-v"], ["-zw1"], ["-z", "-w", "2"], ["-nz"], ["-4", "-z"]):
        good = nc(*words, "127.0.0.1", port, said=b"not sent")
        assert (good.returncode, good.stdout) == (0, b""), words
        bad = nc(*words, "127.0.0.1", shut)
        assert (bad.returncode, bad.stdout) == (1, b""), words
        assert (b"succeeded" in good.stderr) == (b"Connection refused" in bad.stderr) == any("v" in word for word in words)
    assert nc("-z", "localhost", port).returncode == 0
    assert nc("-z", "127.0.0.1", shut, port).returncode == 0
    assert nc("-nz", "localhost", port).returncode == 1
    assert set(got) == {b""}


def test_a_word_and_its_answer(nc, server):
    port = server(four_letters)
    for words in ([], ["-N"], ["-q", "1"], ["-q1"], ["-w", "2"], ["-v"], ["-vN", "-w2", "-q", "0"][:2], ["-q", "-1"]):
        answer = nc(*words, "localhost", port, said=b"ruok")
        assert (answer.returncode, answer.stdout) == (0, b"imok"), words
    # Much of both at once.
    echo = server(lambda connection: connection.sendall(to_the_end(connection)))
    much = bytes(range(256)) * 20000
    assert nc("-N", "127.0.0.1", echo, said=much).stdout == much


def test_it_ends_although_nobody_answers(nc, server):
    """A check that never ends is one that never fails."""
    port = server(lambda connection: time.sleep(3))
    begun = time.monotonic()
    # Asked, and nothing came: no good. After a rest that was wished for: as it was wished.
    assert nc("-w", "1", "127.0.0.1", port, said=b"ruok").returncode == 1
    assert 0.9 < time.monotonic() - begun < 3
    assert nc("-q", "0", "127.0.0.1", port, said=b"ruok", seconds=2).returncode == 0
    # Nothing to say: the other side is told, and ends.
    reader = server(to_the_end)
    assert nc("127.0.0.1", reader, seconds=5).returncode == 0
    closed = subprocess.run(["sh", "-c", f"exec {nc.path} 127.0.0.1 {reader} <&-"], timeout=5)
    assert closed.returncode == 0


def test_what_cannot_be_reached(nc):
    nobody = nc("-z", "no-such-host.invalid", "2181")
    assert nobody.returncode == 1 and b"no-such-host.invalid" in nobody.stderr
    # An address that swallows everything: 192.0.2.0/24 is nobody's.
    begun = time.monotonic()
    assert nc("-z", "-w", "1", "192.0.2.1", "2181").returncode == 1
    assert time.monotonic() - begun < 3
    # Words that only others know need another.
    assert nc("-l", "-p", "0", env={"PATH": "/nowhere"}).returncode == 1
    for words in (["localhost"], ["localhost", "port"], ["localhost", "70000"], ["-w", "soon", "localhost", "1"]):
        assert nc(*words, env={"PATH": "/nowhere"}).returncode == 1
