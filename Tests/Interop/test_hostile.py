"""Handshakes and lengths that no client sends: the answers of Apache ZooKeeper 3.9.5, or a closed connection, and never an end."""
import socket
import struct

from conformance import zkwire as w
from harness import trees

PASSWORD = bytes(16)
LONGEST = 2**31 - 1


def hello(protocol=0, zxid=0, timeout=30000, session=0, password=PASSWORD, length=None, read_only=b"\0", more=b""):
    """A handshake; `length` is that of the password as it is said to be."""
    body = struct.pack(">iqiq", protocol, zxid, timeout, session)
    body += struct.pack(">i", len(password or b"") if length is None else length) + (password or b"") + read_only + more
    return struct.pack(">i", len(body)) + body


def handshakes():
    for protocol in (1, -1, LONGEST, -LONGEST):
        yield f"protocol {protocol}", hello(protocol=protocol)
    for zxid in (1, -1, 2**32, 2**63 - 1, -2**63):
        yield f"zxid {zxid}", hello(zxid=zxid)
    for timeout in (0, 1, -1, LONGEST, -LONGEST - 1):
        yield f"timeout {timeout}", hello(timeout=timeout)
    for session in (1, -1, 2**63 - 1, -2**63):
        yield f"session {session}", hello(session=session)
    for password in (b"", bytes(15), bytes(17), bytes(1000)):
        yield f"password of {len(password)}", hello(password=password)
        yield f"password of {len(password)} and a session", hello(session=1, password=password)
    for length in (-1, -2, 15, 17, 18, 1000, LONGEST, -LONGEST - 1):
        yield f"password said to be {length}", hello(length=length)
    for read_only in (b"", b"\1", b"\2", b"\xff"):
        yield f"read only {read_only}", hello(read_only=read_only)
    yield "more behind it", hello(more=b"abcdef")
    whole = hello()[4:]
    for size in (0, 1, 4, 12, 16, 20, 24, 27, 28, 36, 43):
        yield f"{size} of its bytes", struct.pack(">i", size) + whole[:size]
    for length in (-1, -2, -LONGEST - 1, LONGEST, 1 << 20, (1 << 20) - 1):
        yield f"a length of {length}", struct.pack(">i", length)
    yield "half a length", b"\0\0"
    yield "telnet's farewell", b"\xff\xf4\xff\xfd\x06"
    yield "an unknown word", b"abcd"


def answer(server, data):
    """What comes back to some bytes, without what is made up anew each time; `quiet` if nothing does."""
    with socket.create_connection((server.host, server.client_port), 5) as one:
        one.settimeout(0.5)
        came = b""
        try:
            one.sendall(data)
            while len(came) < 4 or len(came) < 4 + struct.unpack(">i", came[:4])[0]:
                part = one.recv(4096)
                if not part:
                    return "closed", came
                came += part
        except TimeoutError:
            return "quiet", came
        except OSError:
            return "closed", came
    body = w.In(came[4:])
    protocol, timeout, session, password = body.int(), body.int(), body.long(), body.buffer()
    return protocol, timeout, session != 0, len(password), body.data[body.at:]


def test_bad_handshakes_are_answered_as_by_apache_zookeeper(make_server, under_test):
    said = []
    for kind in (under_test, "apache"):
        server = make_server(kind, folder=f"{kind}-{len(said)}").start().wait_serving()
        said.append({name: answer(server, data) for name, data in handshakes()})
        assert trees.create(server.session(), "/still-there") == "/still-there" and server.alive
    different = {name: (ours, said[1][name]) for name, ours in said[0].items() if ours != said[1][name]}
    assert not different
