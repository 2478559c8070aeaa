#!/usr/bin/env python3
"""Real servers under several clients, and everything done to them that a seed says. What clients saw is judged afterwards.

    torture.py --seed 7                    one run of a minute
    torture.py --seed 7 --seconds 3600     runs with the seeds 7, 8, 9 … for an hour
    torture.py --seed 7 --kinds aviary,apache,aviary

A seed decides how many servers there are, of which kinds, which faults hit them when, and what each client does. The rest
is up to real processes: the same seed makes the same trouble, not the same history. The folder of a run that fails is kept,
with the history, the faults, and all that the servers have said; `--judge FOLDER` judges it again.

Networks are cut between namespaces. Where the machine allows none, or with --no-namespaces, they are cut in proxies: then
there are no small disks either, as they need a mount, and reconfigEnabled is false (`proxies.py` says why).
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Interop"))

import checker  # noqa: E402
import history  # noqa: E402
import namespaces  # noqa: E402
import proxies  # noqa: E402
from harness import places  # noqa: E402
from harness.waiting import Late, eventually  # noqa: E402

RUN = 60.0
MARK = "AVIARY_TORTURE_INSIDE"


def plan_of(seed, options):
    """All that a seed decides beforehand."""
    source = random.Random(f"plan {seed}")
    count = source.choice((3, 3, 5))
    mixed = source.random() < 0.5
    kinds = ["aviary"] * count
    if mixed and options.kinds != "aviary":
        # At least one of each; of five at most three of Apache's, as each of them is a virtual machine.
        for number in source.sample(range(count), source.randrange(1, min(count, 4))):
            kinds[number] = "apache"
    if options.kinds and options.kinds != "aviary":
        kinds = options.kinds.split(",")
    small = source.random() < 0.6 or "full disk" in (options.faults or "")
    return {"seed": seed, "kinds": kinds, "proxies": options.no_namespaces, "small": small and not options.no_namespaces,
            "snapshots": source.choice((60, 300, 2000)), "session": source.choice((3000, 6000)), "calm": source.choice((0.3, 1.5, 3)),
            "keys": source.choice((2, 4, 6)), "faults": options.faults.split(",") if options.faults else None,
            "processes": 3, "clients": source.choice((2, 4)), "pause": source.choice((0.005, 0.02, 0.05))}


class Run:
    def __init__(self, plan, folder, seconds):
        self.plan, self.folder, self.seconds = plan, pathlib.Path(folder), seconds
        self.began = time.monotonic()
        self.faults = open(self.folder / "faults.txt", "w", buffering=1)
        self.complaints = []
        self.clients = []

    def say(self, line):
        self.faults.write(f"{time.monotonic() - self.began:8.3f} {line}\n")

    def go(self):
        from nemesis import Nemesis
        from world import World
        plan = self.plan
        (self.folder / "plan.json").write_text(json.dumps(plan))
        network = (proxies.Proxies if plan["proxies"] else namespaces.Namespaces)(len(plan["kinds"]))
        self.world = World(self.folder, plan["kinds"], plan["small"], {"snapCount": plan["snapshots"]}, network)
        self.nemesis = Nemesis(self.world, plan["seed"], self.say, plan["calm"], plan["small"], plan["faults"])
        try:
            for server in self.world:
                server.start()
            self.world.wait_ready()
            self.prepare()
            self.start_clients()
            self.nemesis.go_on(self.seconds)
            self.say("healing for good")
            self.end()
        except Late as error:
            self.complaints.append(str(error))
        finally:
            self.let_clients_go()
            self.world.close()
        return self.judge()

    def prepare(self):
        from harness import trees
        session = eventually(lambda: self.world.servers[1].session(timeout_ms=10000), 20, "a first session")
        for path in ("/r", "/s", "/s/0", "/s/1", "/p", "/e"):
            assert trees.create(session, path) == path
        session.close()

    def start_clients(self):
        servers = [(self.world.door(number), self.world.network.client) for number in self.world.servers]
        for number in range(self.plan["processes"]):
            plan = {"seed": self.plan["seed"], "name": f"c{number}", "clients": self.plan["clients"], "servers": servers,
                    "file": str(self.folder / f"history-{number}.jsonl"), "session": self.plan["session"], "pause": self.plan["pause"],
                    "keys": [f"/r/{key}" for key in range(self.plan["keys"])], "parents": ["/s/0", "/s/1"]}
            command = [*self.world.network.prefix_of_clients, sys.executable, str(HERE / "client.py"), json.dumps(plan)]
            said = open(self.folder / f"client-{number}.txt", "w")
            self.clients.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, text=True))

    def tell_clients(self, word):
        for each in self.clients:
            try:
                each.stdin.write(word + "\n")
                each.stdin.flush()
            except OSError:
                pass

    def end(self):
        """All is healed; operations end; whatever belongs to nobody any more must go; then all trees are read."""
        self.nemesis.heal()
        self.nemesis.wait_healed()
        if self.seconds >= 20:
            time.sleep(1)  # A few operations in peace.
        self.tell_clients("stop")
        time.sleep(4.5)  # As long as a client waits for an answer.
        self.world.wait_ready()
        eventually(self.tidy, 45, "the ephemerals of ended sessions going", every=0.3)
        trees = {number: self.world.tree(number) for number in self.world.servers}
        (self.folder / "trees.json").write_text(json.dumps({"ended": time.monotonic_ns(), "trees": trees}))
        self.tell_clients("end")
        for number, each in enumerate(self.clients):
            each.stdin.close()
            if each.wait(60):
                self.complaints.append(f"client {number}: {(self.folder / f'client-{number}.txt').read_text()[-600:]}")

    def tidy(self):
        """No ephemeral is left of a session that its client has given up."""
        gone = {each.session for each in self.records() if each.kind in ("closed", "left", "expired")}
        tree = self.world.tree(next(iter(self.world.servers)))
        return not any(stat["ephemeralOwner"] in gone for _, stat in tree.values())

    def records(self):
        return [each for path in sorted(self.folder.glob("history-*.jsonl")) for each in history.read(path)]

    def let_clients_go(self):
        for each in self.clients:
            if each.poll() is None:
                each.kill()
                each.wait()

    def judge(self):
        report = judged(self.folder)
        report["complaints"] = self.complaints + self.nemesis.complaints + report["complaints"]
        report.update(seed=self.plan["seed"], kinds=self.plan["kinds"], seconds=round(time.monotonic() - self.began, 1),
                      faults=dict(self.nemesis.counts), found_nothing=dict(self.nemesis.found_nothing),
                      notes={key: value for key, value in self.nemesis.notes.items() if value})
        (self.folder / "report.json").write_text(json.dumps(report, indent=1))
        return report


def judged(folder):
    """What the judge says about the files of a run."""
    records = [each for path in sorted(pathlib.Path(folder).glob("history-*.jsonl")) for each in history.read(path)]
    results = collections.Counter(each.result for each in records if each.kind not in ("opened", "moved", "closed", "left", "expired", "living"))
    report = {"operations": sum(results.values()), **{key: results[key] for key in ("ok", "fail", "unknown")},
              "sessions": sum(each.kind == "opened" for each in records), "expired": sum(each.kind == "expired" for each in records)}
    path = pathlib.Path(folder) / "trees.json"
    if not path.exists():
        return {**report, "longest_gap": 0, "stale": 0, "complaints": ["there is nothing to judge: the trees were not read"]}
    end = json.loads(path.read_text())
    trees = {int(number): {name: tuple(node) for name, node in tree.items()} for number, tree in end["trees"].items()}
    living = {each.session for each in records if each.kind == "living"}
    told = checker.History([each for each in records if each.kind != "living"], trees, end["ended"], living)
    return {**report, "longest_gap": round(checker.longest_gap(told) / 1e9, 2), "stale": checker.stale_after_sync(told),
            "complaints": checker.check(told)}


# Runs in a row


def one_run(seed, seconds, options):
    """A run, in namespaces of its own or with proxies, and what came of it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"aviary-torture-{seed}-", dir=options.folder))
    words = [sys.executable, str(HERE / "torture.py"), "--seed", str(seed), "--seconds", str(seconds), "--folder", str(folder)]
    words += ["--kinds", options.kinds] if options.kinds else []
    words += ["--faults", options.faults] if options.faults else []
    words += ["--no-namespaces"] if options.no_namespaces else []
    # Its end is the end of all that it has started, whatever it dies of; and this one's end is its own.
    alone = proxies.ALONE if options.no_namespaces else namespaces.alone()
    environment = dict(os.environ, AVIARY_BIN=places.aviary_binary(), **{MARK: "1"})
    child = subprocess.Popen([*alone, *words], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL)
    try:
        output, _ = child.communicate()
    finally:
        child.kill()
    try:
        report = json.loads((folder / "report.json").read_text())
    except OSError:
        report = {"seed": seed, "kinds": [], "operations": 0, "faults": {}, "found_nothing": {}, "notes": {}, "longest_gap": 0, "stale": 0,
                  "unknown": 0, "complaints": [f"the run itself failed: {output[-2000:]}"]}
    if report["complaints"]:
        report["folder"] = str(folder)
    elif not options.keep:
        shutil.rmtree(folder)
    return report


def show(report):
    faults, missed = sum(report["faults"].values()), sum(report["found_nothing"].values())
    print(f"seed {report['seed']}: {','.join(report['kinds'])}; {report['operations']} operations, {report['unknown']} unknown; "
          f"{faults} faults, and {missed} that found nothing; longest gap {report['longest_gap']} s; stale after sync {report['stale']}; "
          f"{'FAILED' if report['complaints'] else 'good'}")
    for complaint in report["complaints"][:12]:
        print(f"    {complaint[:900]}")
    if report["complaints"]:
        print(f"    {len(report['complaints'])} complaints; the folder is {report.get('folder')}")
    sys.stdout.flush()


def listed(counts):
    return ", ".join(f"{kind} {count}" for kind, count in counts.most_common())


def series(options):
    reports, faults, missed, notes = [], collections.Counter(), collections.Counter(), collections.Counter()
    end = time.monotonic() + options.seconds
    seed = options.seed
    while not reports or time.monotonic() + 20 < end:
        reports.append(one_run(seed, min(RUN, options.seconds), options))
        show(reports[-1])
        faults.update(reports[-1]["faults"])
        missed.update(reports[-1]["found_nothing"])
        notes.update(reports[-1]["notes"])
        seed += 1
    failed = [each["seed"] for each in reports if each["complaints"]]
    mixed = sum("apache" in each["kinds"] for each in reports)
    print(f"\n{len(reports)} runs, {mixed} of them with Apache ZooKeeper; {sum(each['operations'] for each in reports)} operations; "
          f"longest gap {max(each['longest_gap'] for each in reports)} s")
    print(f"{sum(faults.values())} faults: {listed(faults)}")
    if missed:
        print(f"{sum(missed.values())} found nothing to be done to: {listed(missed)}")
    if notes:
        print(f"besides: {', '.join(f'{kind} {count}' for kind, count in sorted(notes.items()))}")
    print(f"FAILED: seeds {failed}" if failed else "verdict: good")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=RUN, help="of faults; a run of more than a minute is several, each with the next seed")
    parser.add_argument("--kinds", help="aviary, or the kind of each server: aviary,apache,aviary")
    parser.add_argument("--faults", help="only these: 'full disk,flipped bits'")
    parser.add_argument("--folder", help="where the folders of runs are made")
    parser.add_argument("--keep", action="store_true", help="keep the folders of good runs, too")
    parser.add_argument("--no-namespaces", action="store_true", help="cut networks in proxies, as where no namespaces are allowed")
    parser.add_argument("--judge", metavar="FOLDER", help="judge what a run has left")
    options = parser.parse_args()
    if options.judge:
        report = judged(options.judge)
        print(json.dumps(report, indent=1))
        return 1 if report["complaints"] else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if os.environ.get(MARK):
        plan = plan_of(options.seed, options)
        Run(plan, options.folder, options.seconds).go()
        return 0
    if not options.no_namespaces and (reason := namespaces.refused()):
        print(f"no namespaces here, so networks are cut in proxies, and no disk is small: {reason}")
        options.no_namespaces = True
    if options.no_namespaces and (reason := proxies.refused()):
        sys.exit(f"no network here that could be cut: {reason}")
    return series(options)


if __name__ == "__main__":
    sys.exit(main())
