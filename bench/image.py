#!/usr/bin/env python3
"""The image beside Apache ZooKeeper's server in containers of one and the same base: sizes, and times from `docker run`.

    sudo .build-interop/venv/bin/python bench/image.py         # with .build/release/aviary, or AVIARY_BIN

The base is Debian with a Java runtime, made by debootstrap once (.build-interop/java-base.tar); both servers run in it, ours also
in the image that it ships as. Every time is from just before `docker run` to the first `Mode:` that `srvr` answers; the median of RUNS.
"""
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "Interop"))
from harness import engine as engines, places  # noqa: E402

RUNS = int(os.environ.get("RUNS", "5"))
JARS = places.TOOLS / "zookeeper-3.9.5"
BASE = places.TOOLS / "java-base.tar"
CONFIG = """tickTime=2000
initLimit=10
syncLimit=5
dataDir=/data
clientPort=2181
4lw.commands.whitelist=*
admin.enableServer=false
"""


def base(engine):
    """The image with the Java runtime, Apache's jars and the libraries that ours needs."""
    if not BASE.exists():
        print("making the base with debootstrap, once")
        root = places.TOOLS / "java-base"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "--include=default-jre-headless,libyaml-0-2,libstdc++6", "bookworm",
                        str(root)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(f"rm -rf {root}/var/cache/apt/archives/*.deb {root}/var/lib/apt/lists/*", shell=True, check=True)
        subprocess.run(["tar", "-C", str(root), "-cf", str(BASE), "."], check=True)
        shutil.rmtree(root)
    engine("import", str(BASE), "bench-base", seconds=300)
    with engines.folder() as folder:
        context = pathlib.Path(folder)
        shutil.copytree(JARS, context / "zk")
        (context / "log4j2.properties").write_text("status=error\nrootLogger.level=info\nrootLogger.appenderRef.c.ref=c\n"
                                                   "appender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n")
        (context / "zk" / "log4j2.properties").write_text((context / "log4j2.properties").read_text())
        (context / "zoo.cfg").write_text(CONFIG)
        subprocess.run(["strip", "-o", str(context / "aviary"), places.aviary_binary()], check=True)
        # Two images of one base, and one that both servers run in.
        for name, lines in {"bench-java": "COPY zk /zk\n", "bench-ours": "COPY aviary /usr/local/bin/aviary\n",
                            "bench-both": "COPY zk /zk\nCOPY aviary /usr/local/bin/aviary\n"}.items():
            (context / "Dockerfile").write_text(f"FROM bench-base\n{lines}COPY zoo.cfg /zoo.cfg\nRUN mkdir -p /data\n")
            subprocess.run([engine.client, "build", "-q", "-t", name, str(context)], check=True, capture_output=True, timeout=300)


def mode(address):
    try:
        with socket.create_connection((address, 2181), timeout=0.5) as connection:
            connection.sendall(b"srvr")
            return b"Mode: " in b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return False


def measure(engine, image, words, count):
    """Seconds until all of so many servers serve, their memory then, and seconds until one has stopped."""
    network = engine.network("--subnet", "10.88.0.0/24")
    lines = "".join(f"server.{number}=10.88.0.{number + 10}:2888:3888\n" for number in range(1, count + 1)) if count > 1 else ""
    begun = time.monotonic()
    servers = []
    for number in range(1, count + 1):
        servers.append(engine.run("--net", network, "--ip", f"10.88.0.{number + 10}", "--entrypoint", "/bin/sh", "--user", "0",
                                  "-v", "/data", "-e", f"L={lines}", image, "-c",
                                  "cat /zoo.cfg >/tmp/zoo.cfg; printf '%s' \"$L\" >>/tmp/zoo.cfg; "
                                  f"echo {number} >/data/myid; exec {words} /tmp/zoo.cfg"))
    waiting = {f"10.88.0.{number + 10}" for number in range(1, count + 1)}
    while waiting:
        waiting = {address for address in waiting if not mode(address)}
        assert time.monotonic() - begun < 60, "\n".join(server.log[-800:] for server in servers)
        time.sleep(0.005)
    serving = time.monotonic() - begun
    pids = [server.inspect()["State"]["Pid"] for server in servers]
    memory = statistics.mean(int(line.split()[1]) for pid in pids for line in open(f"/proc/{pid}/status")
                             if line.startswith("VmRSS")) / 1024
    begun = time.monotonic()
    engine("stop", servers[0].id)
    stopped = time.monotonic() - begun
    engine.tidy()
    return serving, memory, stopped


def main():
    engine = engines.Engine()
    try:
        with engines.folder() as folder:
            shipped = engine.build(folder)
        with engines.folder() as folder:
            subprocess.run(f"printf 'FROM {shipped}\nUSER 0\nCOPY zoo.cfg /zoo.cfg\n' >{folder}/Dockerfile", shell=True, check=True)
            (pathlib.Path(folder) / "zoo.cfg").write_text(CONFIG)
            subprocess.run([engine.client, "build", "-q", "-t", "bench-shipped", folder], check=True, capture_output=True, timeout=120)
        base(engine)
        size = {name: int(engine("image", "inspect", "--format", "{{.Size}}", name)) / 1e6
                for name in (shipped, "bench-base", "bench-java", "bench-ours")}
        java = "java -Xmx512m -cp '/zk:/zk/*' org.apache.zookeeper.server.quorum.QuorumPeerMain"
        rows = [("aviary, the image as it ships", size[shipped], "bench-shipped", "aviary server"),
                ("aviary, in the base", size["bench-ours"], "bench-both", "aviary server"),
                ("Apache ZooKeeper 3.9.5, in the base", size["bench-java"], "bench-both", java)]
        # They take turns: whatever else the machine does is in all figures alike.
        one = {row[0]: [] for row in rows}
        three = {row[0]: [] for row in rows}
        for _ in range(RUNS):
            for title, _, image, words in rows:
                one[title].append(measure(engine, image, words, 1))
                three[title].append(measure(engine, image, words, 3)[0])
        print(f"\nbase (Debian with a Java runtime): {size['bench-base']:.0f} MB; {RUNS} runs each in turns, medians")
        print(f"{'':38}{'image':>9}{'serving':>10}{'quorum of 3':>13}{'memory':>9}{'stop':>8}")
        for title, megabytes, _, _ in rows:
            serving, memory, stop = (statistics.median(column) for column in zip(*one[title]))
            quorum = statistics.median(three[title])
            print(f"{title:38}{megabytes:6.0f} MB{serving:8.2f} s{quorum:11.2f} s{memory:6.0f} MB{stop:6.2f} s")
    finally:
        for name in ("bench-shipped", "bench-both", "bench-ours", "bench-java", "bench-base"):
            engine("rmi", "-f", name, check=False)
        engine.close()


if __name__ == "__main__":
    main()
