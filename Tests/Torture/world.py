"""The world of a run: a network namespace for each server on one bridge, small disks, and servers of both kinds.

All of it is inside namespaces of the run's own (`torture.py` enters them), so nothing is left when the run's first process
is gone, whatever became of it: no server, no mount, no bridge, no rule.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from conformance import zkwire as w  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.waiting import eventually  # noqa: E402

NETWORK = "10.66.0"
DISK = 256 << 20
# Bits flip in some of the newest.
SNAPSHOTS_KEPT = 8
TICK = 400


def run(*words, check=True):
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, timeout=60)
    if check and done.returncode:
        raise OSError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


class World:
    """Servers 1 … n; `kinds` names the make of each. `small` puts the files of each Aviary server on a file system of DISK bytes."""

    def __init__(self, folder, kinds, small, config):
        self.folder = pathlib.Path(folder)
        self.small = small
        self.make_network(len(kinds))
        members = [f"server.{number}={self.host(number)}:2888:3888" for number in range(1, len(kinds) + 1)]
        members[-1:] = [members[-1]]
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
            server = Server(kind, place, 2181, {"tickTime": TICK, "initLimit": 25, "syncLimit": 8, "minSessionTimeout": 1000,
                                                "maxSessionTimeout": 20000, **config, **more},
                            host=self.host(number), identity=number, members=members, properties=properties)
            # Without this file a server without data waits for others that have some.
            (server.data / "initialize").write_text("")
            if kind != "aviary":
                (server.data / "version-2").mkdir()
                (server.data / "initialize").rename(server.data / "version-2" / "initialize")
                shutil.copy(server.data / "version-2" / "initialize", server.data / "initialize")
            server.prefix = ["ip", "netns", "exec", self.space(number)]
            self.servers[number] = server

    # -- the network
    @staticmethod
    def host(number):
        return f"{NETWORK}.{number}"

    @staticmethod
    def space(number):
        return f"s{number}"

    def make_network(self, count):
        # Names of namespaces are files: they must not be seen outside.
        pathlib.Path("/run/netns").mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "none", "/run/netns")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "birds", "type", "bridge")
        run("ip", "addr", "add", f"{NETWORK}.254/24", "dev", "birds")
        run("ip", "link", "set", "birds", "up")
        for number in range(1, count + 1):
            space, pair = self.space(number), f"pair{number}"
            run("ip", "netns", "add", space)
            run("ip", "link", "add", pair, "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "link", "set", pair, "master", "birds", "up")
            run("ip", "-n", space, "addr", "add", f"{self.host(number)}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            run("ip", "-n", space, "link", "set", "lo", "up")

    def inside(self, number, *words, check=True):
        return run("ip", "netns", "exec", self.space(number), *words, check=check)

    def cut(self, sender, receiver):
        """What `sender` sends does not reach `receiver`; 254 stands for the clients."""
        if receiver == 254:
            self.inside(sender, "iptables", "-A", "OUTPUT", "-d", self.host(receiver), "-j", "DROP")
        else:
            self.inside(receiver, "iptables", "-A", "INPUT", "-s", self.host(sender), "-j", "DROP")

    def slow(self, number, loss, kilobits):
        self.inside(number, "iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", str(loss), "-j", "DROP")
        self.inside(number, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{kilobits}kbit", "burst", "10kb",
                    "latency", "400ms")

    def mend_network(self):
        for number in self.servers:
            self.inside(number, "iptables", "-F")
            self.inside(number, "tc", "qdisc", "del", "dev", "eth0", "root", check=False)

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


def wait(seconds):
    time.sleep(seconds)
