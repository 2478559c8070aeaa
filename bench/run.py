"""The same load on Aviary and on Apache ZooKeeper, side by side in one run, and the ratios between them.

    make bench                                   all figures
    bench/run.py --rounds 1 --seconds 1 reads    some, quickly
    bench/run.py --reference debian              against the packaged 3.8

The two take turns, round by round, so that whatever else the machine does meets both. Processor time is what the server
processes used, from /proc, over what the load generator saw answered. Nothing here passes or fails.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/Interop"), str(ROOT / "Tests/Interop/conformance")]

from harness import places, trees  # noqa: E402
from harness.ensemble import Ensemble  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.waiting import eventually  # noqa: E402

ZKLOAD = places.TOOLS / "zkload"


def load(addresses, pids, *arguments):
    """One run of the load generator, as the JSON that it prints."""
    command = [str(ZKLOAD), "--servers", addresses, *map(str, arguments), "--pids", ",".join(map(str, pids))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}: {ran.stderr or ran.stdout}")
    return json.loads(ran.stdout)


def resident_kilobytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])


class Bench:
    def __init__(self, options):
        self.options = options
        self.kinds = ("aviary", options.reference)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aviary-bench-"))
        self.running = []
        self.number = 0

    def place(self, kind):
        self.number += 1
        return self.folder / f"{kind}-{self.number}"

    def server(self, kind):
        server = Server(kind, self.place(kind), places.free_port(), {})
        self.running.append(server)
        return server.start().wait_serving()

    def ensemble(self, kind):
        ensemble = Ensemble(self.place(kind), [kind] * 3)
        self.running.append(ensemble)
        return ensemble

    def clear(self):
        while self.running:
            self.running.pop().kill()
        for each in self.folder.iterdir():
            shutil.rmtree(each, ignore_errors=True)

    def row(self, name, figures, unit, wanted=None, better="less"):
        """Prints both medians and their ratio; `wanted` is the share of the reference's figure that we want to stay under."""
        ours, theirs = (statistics.median(figures[kind]) for kind in self.kinds)
        ratio = f"1/{theirs / ours:.1f}" if ours else "-"
        print(f"{name:46} {ours:10.2f} {theirs:10.2f} {unit:4} {ratio:>8}   {wanted or ''}", flush=True)

    # -- processor time
    def warm(self, addresses, pids):
        for operation in ("mixed:50", "get"):
            load(addresses, pids, "--op", operation, "--connections", 16, "--pipeline", 8, "--count", self.options.warm,
                 "--seconds", 60, "--warmup", 0)

    def processor_time(self, name, addresses, pids, operation, depth, wanted):
        micros = {kind: [] for kind in self.kinds}
        rates = {kind: [] for kind in self.kinds}
        for _ in range(self.options.rounds):
            for kind in self.kinds:
                result = load(addresses[kind], pids[kind], "--op", operation, "--size", 100, "--connections", 16, "--pipeline",
                              depth, "--seconds", self.options.seconds, "--warmup", 0.3)
                micros[kind].append(result["server_cpu_us_per_op"])
                rates[kind].append(result["ops_per_s"] / 1000)
        self.row(f"{name}, processor time a request", micros, "us", wanted)
        ours, theirs = (statistics.median(rates[kind]) for kind in self.kinds)
        print(f"{name + ', requests a second':46} {ours:10.1f} {theirs:10.1f} {'k':4} {f'x{ours / theirs:.1f}':>8}", flush=True)

    def reads(self):
        servers = {kind: self.server(kind) for kind in self.kinds}
        self.row("resident memory, one idle server", {k: [resident_kilobytes(s.process.pid) / 1024] for k, s in servers.items()},
                 "MB", "ours under 30")
        addresses = {kind: s.address for kind, s in servers.items()}
        pids = {kind: [s.process.pid] for kind, s in servers.items()}
        for kind in self.kinds:
            self.warm(addresses[kind], pids[kind])
        self.processor_time("get 100 B, 16 x 16", addresses, pids, "get", 16, "at most 1/8")
        self.processor_time("get 100 B, 16 x 1", addresses, pids, "get", 1, "at most 1/3")
        self.clear()

    def writes(self):
        ensembles = {kind: self.ensemble(kind).start().wait_ready() for kind in self.kinds}
        addresses = {kind: e.addresses for kind, e in ensembles.items()}
        pids = {kind: [s.process.pid for s in e] for kind, e in ensembles.items()}
        for kind in self.kinds:
            self.warm(addresses[kind], pids[kind])
        self.processor_time("set 100 B on three servers, 16 x 16, their sum", addresses, pids, "set", 16, "at most 1/5")
        self.clear()

    # -- times
    def start(self):
        """From nothing to ready: three servers answer a session each and agree on a leader."""
        times = {kind: [] for kind in self.kinds}
        for _ in range(self.options.rounds):
            for kind in self.kinds:
                ensemble = self.ensemble(kind)
                begin = time.monotonic()
                ensemble.start().wait_ready()
                times[kind].append((time.monotonic() - begin) * 1000)
                self.clear()
        self.row("three servers, from nothing to ready", times, "ms", "ours under 1000")

    def up(self):
        """The same by the launcher's own word, `aviary up --detach`."""
        times = []
        for _ in range(self.options.rounds):
            home = self.place("up")
            home.mkdir()
            environment = dict(os.environ, AVIARY_HOME=str(home))

            def aviary(*words):
                return subprocess.run([places.aviary_binary(), *words], env=environment, capture_output=True, text=True,
                                      stdin=subprocess.DEVNULL, timeout=60)
            begin = time.monotonic()
            ran = aviary("up", "--detach")
            took = time.monotonic() - begin
            aviary("down", "--purge")
            if ran.returncode:
                return print(f"aviary up: {ran.stderr.strip()}")
            times.append(took * 1000)
        print(f"{'aviary up --detach, from nothing to ready':46} {statistics.median(times):10.2f} {'':10} ms            ours under 1000")

    def failover(self):
        gaps = {kind: [] for kind in self.kinds}
        for kind in self.kinds:
            ensemble = self.ensemble(kind).start().wait_ready()
            for _ in range(self.options.kills):
                gaps[kind].append(self.one_failover(ensemble))
            self.clear()
        self.row("kill -9 of the leader to the next write", gaps, "ms", "ours under 150")
        print(f"{'':46} ours, all: {[round(gap) for gap in gaps['aviary']]}")

    def one_failover(self, ensemble):
        """Milliseconds from the kill to the first write acknowledged after it, by a client of each survivor."""
        ensemble.wait_ready()
        leader = ensemble.leader()
        survivors = [server for server in ensemble if server is not leader]
        done, dead = threading.Event(), threading.Event()
        answered = []

        def write(server):
            session = None
            while not done.is_set():
                try:
                    session = session or server.session(io_timeout=2)
                    counts = dead.is_set()
                    if isinstance(trees.create(session, "/gap-", flags=3), str) and counts:
                        answered.append(time.monotonic())
                        done.set()
                except Exception:
                    session = None
                    done.wait(0.002)
        threads = [threading.Thread(target=write, args=(server,), daemon=True) for server in survivors]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        leader.kill()
        dead.set()
        eventually(lambda: answered, 60, "a write after the kill", every=0.001)
        for thread in threads:
            thread.join()
        leader.start()
        return (min(answered) - begin) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    figures = ["reads", "writes", "start", "up", "failover"]
    parser.add_argument("figures", nargs="*", default=figures, metavar="|".join(figures))
    parser.add_argument("--reference", choices=("apache", "debian"), default="apache")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm", type=int, default=60000, help="requests before anything is measured")
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    source = ROOT / "bench/zkload.c"
    if not ZKLOAD.exists() or ZKLOAD.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", ZKLOAD, source], check=True)
    bench = Bench(options)
    print(f"{places.aviary_binary()} beside {'Apache ZooKeeper 3.9.5' if options.reference == 'apache' else 'Debian, 3.8'}")
    print(f"{'':46} {'ours':>10} {'theirs':>10} {'':4} {'ratio':>8}   wanted")
    try:
        for figure in options.figures:
            getattr(bench, figure)()
    finally:
        bench.clear()
        shutil.rmtree(bench.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
