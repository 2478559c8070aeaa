"""Where things are: the repository, the tools that setup.sh brought in, the binary under test, and free ports."""
import os
import pathlib
import random
import socket

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = ROOT / ".build-interop"
CCLIENT = TOOLS / "cclient"
ZKCLI = pathlib.Path("/usr/share/zookeeper/bin/zkCli.sh")


def aviary_binary():
    """AVIARY_BIN, or the release build, or the debug build."""
    named = os.environ.get("AVIARY_BIN")
    candidates = [pathlib.Path(named)] if named else [ROOT / ".build" / kind / "aviary" for kind in ("release", "debug")]
    for each in candidates:
        if each.exists():
            return str(each.resolve())
    raise FileNotFoundError(f"no aviary binary at {' or '.join(map(str, candidates))}: run `swift build --product aviary`")


_next = random.Random(os.getpid()).randrange(12000, 28000)


def free_port(host="127.0.0.1"):
    """A port nobody listens on, below the range from which the system takes the ports of outgoing connections."""
    global _next
    for _ in range(4000):
        _next = _next + 1 if _next < 30000 else 12000
        with socket.socket() as probe:
            try:
                probe.bind((host, _next))
                return _next
            except OSError:
                continue
    raise OSError("no free port between 12000 and 30000")
