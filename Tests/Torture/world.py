"""The world of a run: servers of both kinds on a network that can be cut, with small disks where a mount is allowed.

The network is one of namespaces (`namespaces.py`), or where there may be none, of proxies (`proxies.py`).
"""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from conformance import zkwire as w  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.waiting import eventually  # noqa: E402

from namespaces import run  # noqa: E402

# Room for the logs and snapshots of many starts, so that only the nemesis fills it; and it is memory.
DISK = 256 << 20
# Bits flip in some of the newest.
SNAPSHOTS_KEPT = 8
TICK = 400


class World:
    """Servers 1 … n; `kinds` names the make of each. `small` puts the files of each Aviary server on a file system of DISK bytes."""

    def __init__(self, folder, kinds, small, config, network):
        self.folder = pathlib.Path(folder)
        self.small = small
        self.network = network
        self.servers = {}
        for number, kind in enumerate(kinds, 1):
            place = self.folder / str(number)
            place.mkdir()
            data = place / "data"
            if small and kind == "aviary":
                data.mkdir()
                run("mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", data)
            properties = [] if kind == "aviary" else ["zookeeper.db.autocreate=false", "zookeeper.skipACL=yes"]
            more = {} if kind != "aviary" else {"db.autocreate": "false", "skipACL": "yes"}
            server = Server(kind, place, network.client,
                            {"tickTime": TICK, "initLimit": 25, "syncLimit": 8, "minSessionTimeout": 1000, "maxSessionTimeout": 20000,
                             "clientPortAddress": network.host(number), **network.config, **config, **more},
                            host=network.host(number), identity=number, members=network.members(number), properties=properties)
            # Without this file a server without data waits for others that have some.
            (server.data / "initialize").write_text("")
            if kind != "aviary":
                (server.data / "version-2").mkdir()
                (server.data / "initialize").rename(server.data / "version-2" / "initialize")
                shutil.copy(server.data / "version-2" / "initialize", server.data / "initialize")
            server.prefix = network.prefix(number)
            self.servers[number] = server

    # -- the network
    def door(self, number):
        """The host at which clients reach a server."""
        return self.network.door(number)

    def cut(self, sender, receiver):
        """What `sender` sends does not reach `receiver`; 254 stands for the clients."""
        self.network.cut(sender, receiver)

    def slow(self, number, loss, kilobits):
        """A server sends at this rate, and of what is sent to it this part is lost."""
        self.network.slow(number, loss, kilobits)

    def mend_network(self):
        self.network.mend()

    # -- disks
    def fill(self, number, spare):
        """No room on the server's disk but `spare` bytes. How many it takes."""
        filler = self.servers[number].data / "filler"
        taken = 0
        with open(filler, "wb") as file:
            # The server goes on writing, so what is free is only known by taking it.
            for piece in (1 << 20, 64 << 10, 4 << 10):
                while True:
                    status = os.statvfs(self.servers[number].data)
                    if status.f_bavail * status.f_frsize < spare + piece:
                        break
                    try:
                        os.posix_fallocate(file.fileno(), taken, piece)
                    except OSError:
                        break
                    taken += piece
        return taken

    def make_room(self, number):
        (self.servers[number].data / "filler").unlink(missing_ok=True)

    def clean_up(self, number):
        """What an operator does for a disk that is half full, and zkCleanup.sh with him: old snapshots go, and the logs before them."""
        status = os.statvfs(self.servers[number].data)
        if not self.small or number not in self.aviary or status.f_bavail * 2 > status.f_blocks:
            return
        folder = self.servers[number].data / "version-2"

        def oldest_first(kind):
            return sorted((int(path.name.split(".")[1], 16), path) for path in folder.glob(f"{kind}.*"))
        snapshots, logs = oldest_first("snapshot"), oldest_first("log")
        if len(snapshots) <= SNAPSHOTS_KEPT:
            return
        needed = snapshots[-SNAPSHOTS_KEPT][0]
        first = max((zxid for zxid, _ in logs if zxid <= needed), default=0)
        for zxid, path in snapshots[:-SNAPSHOTS_KEPT] + [(zxid, path) for zxid, path in logs if zxid < first]:
            path.unlink(missing_ok=True)

    # -- servers
    def __iter__(self):
        return iter(self.servers.values())

    @property
    def aviary(self):
        return [number for number, server in self.servers.items() if server.kind == "aviary"]

    @property
    def majority(self):
        return len(self.servers) // 2 + 1

    def leader(self):
        for number, server in self.servers.items():
            if server.alive and server.mode() == "leader":
                return number
        return None

    def ready(self):
        modes = [server.mode() for server in self]
        return modes.count("leader") == 1 and modes.count("follower") == len(modes) - 1

    def wait_ready(self, seconds=60):
        eventually(self.ready, seconds, "all serving under one leader", every=0.1)

    def writes(self, number):
        """Whether a write through this server is acknowledged."""
        session = self.servers[number].session(timeout_ms=4000, io_timeout=3)
        try:
            return session.call(w.SET_DATA, w.Out().string("/").buffer(b"").int(-1).bytes()).err == 0
        finally:
            session.close()

    # -- what they show
    def tree(self, number):
        """{path: (data, stat)} after a sync, all requests of a level sent before the first answer is read."""
        session = self.servers[number].session(timeout_ms=20000, io_timeout=30)
        try:
            assert session.call(w.SYNC, w.Out().string("/").bytes()).err == 0, f"sync at server {number}"
            found, level = {}, ["/"]
            while level:
                following = []
                for start in range(0, len(level), 200):
                    following += self.fetch(session, level[start:start + 200], found)
                level = [path for path in following if path not in ("/zookeeper",)]
            return found
        finally:
            session.close()

    @staticmethod
    def fetch(session, paths, found):
        for path in paths:
            session.send(w.GET_DATA, w.Out().string(path).bool(False).bytes())
            session.send(w.GET_CHILDREN, w.Out().string(path).bool(False).bytes())
        children = []
        for path in paths:
            data, names = session.read_reply(), session.read_reply()
            if data.err or names.err:
                raise LookupError(f"{path} went while the tree was read")
            body = w.In(data.body)
            value = body.buffer() or b""
            found[path] = (value.decode("latin-1"), body.stat()._asdict())
            children += [f"{'' if path == '/' else path}/{name}" for name in w.In(names.body).strings()]
        return children

    def close(self):
        for server in self:
            server.kill()
        self.network.close()
