"""Who puts the faults in: from a seed, one after the other and sometimes two at once, each with a time and an end.

Every fault must leave a majority that could go on, or end before anything is asked of the servers; none may take from more
than a minority what was on their disks. Apache ZooKeeper's servers get kills, stops, partitions and slow links. They get
neither a full disk nor flipped bits: at the first their process may live on without serving (it ends only some of its
threads), and the second they may not notice (they take a log's broken record for its end), so that what came of it would
say nothing about Aviary.

A fault answers with what it did, and with None when there was nothing to do it to: such a one is counted apart.
"""
import collections
import contextlib
import errno
import os
import random
import signal
import threading
import time

from harness.waiting import Late, eventually
from namespaces import CLIENTS

HEAL_SECONDS = 90
# How a server ends that cannot use or believe its disk (COMPATIBILITY.md).
DISK_CODE = 10
# What the system calls a full disk.
NO_SPACE = os.strerror(errno.ENOSPC)


class Nemesis:
    def __init__(self, world, seed, say, calm, disks, only=None):
        self.world, self.say, self.disks, self.only = world, say, disks, only
        self.random = random.Random(f"nemesis {seed}")
        self.calm = calm
        self.counts, self.found_nothing = collections.Counter(), collections.Counter()
        self.complaints = []
        self.notes = collections.Counter()
        # Servers that may end by themselves because their disk is full, each with how much it had said before.
        self.excused = {}
        # Files of each server in which bits were flipped, until its data are taken away.
        self.damaged = collections.defaultdict(set)
        # What waits to be healed.
        self.paused, self.parted = set(), set()
        # Files are looked at or removed, not both.
        self.tidying = threading.Lock()

    KINDS = {"kill one": 10, "kill the leader": 12, "kill a majority": 5, "kill all": 5, "stop and start": 4, "pause one": 6,
             "pause the leader": 8, "isolate one": 6, "isolate the leader": 8, "halves": 5, "one direction": 8, "deaf leader": 5,
             "mute leader": 5, "a bridge": 5, "slow links": 6, "clients cut off": 3, "full disk": 8, "flipped bits": 10,
             "kill during recovery": 5, "blinking links": 4}
    # Faults that take care of their end themselves, and want no other beside them.
    ALONE = ("flipped bits", "full disk")

    def go_on(self, seconds):
        """Faults, until the time is over; every one of them is healed then."""
        threading.Thread(target=self.clean_up, daemon=True).start()
        end = time.monotonic() + seconds
        while time.monotonic() < end - 3 and not self.complaints:
            time.sleep(self.random.uniform(0.3, 2 * self.calm))
            kind = self.choose()
            try:
                self.put_in(kind)
                if kind not in self.ALONE:
                    if self.random.random() < 0.25:
                        other = self.choose(alone=False)
                        self.put_in(other)
                    time.sleep(min(self.random.choice((0.2, 1, 2.5, 5)) * self.random.uniform(0.5, 1.5), max(0, end - time.monotonic())))
                self.heal()
            except Late as error:
                self.complaints.append(f"after {kind}: {error}")

    def choose(self, alone=True):
        kinds = {kind: weight for kind, weight in self.KINDS.items() if alone or kind not in self.ALONE}
        if not self.disks:
            kinds.pop("full disk", None)
        if len(self.world.aviary) == 0:
            kinds.pop("flipped bits", None)
        if self.only:
            kinds = {kind: weight for kind, weight in kinds.items() if kind in self.only} or kinds
        return self.random.choices(list(kinds), list(kinds.values()))[0]

    def put_in(self, kind):
        # A disk that is full stays so for a while.
        with self.tidying if kind == "full disk" else contextlib.nullcontext():
            done = getattr(self, kind.replace(" ", "_"))()
        (self.counts if done else self.found_nothing)[kind] += 1
        self.say(f"{kind}: {done or 'nothing to do it to'}")

    # -- choosing servers
    def all(self):
        return list(self.world.servers)

    def one(self):
        return self.random.choice(self.all())

    def others(self, *numbers):
        return [each for each in self.all() if each not in numbers]

    def some(self, count):
        return sorted(self.random.sample(self.all(), count))

    # -- processes
    def alive(self, *numbers):
        return [number for number in numbers if self.world.servers[number].alive]

    def ended_by_itself(self, *numbers):
        processes = {number: self.world.servers[number].process for number in numbers}
        return [number for number, process in processes.items() if process is not None and process.poll() is not None]

    def kill(self, *numbers):
        """Those that are alive: who has ended by itself must still say why."""
        killed = self.alive(*numbers)
        for number in killed:
            self.world.servers[number].kill()
        return f"servers {killed}" if killed else None

    def ask_why(self, *numbers):
        """Whoever has ended by itself is started again, which is its right or a complaint."""
        for number in self.ended_by_itself(*numbers):
            self.ended(number)

    def take_down(self, number):
        self.ask_why(number)
        self.world.servers[number].kill()

    def kill_one(self):
        return self.kill(self.one())

    def kill_the_leader(self):
        leader = self.world.leader()
        return leader and self.kill(leader)

    def kill_a_majority(self):
        return self.kill(*self.some(self.world.majority))

    def kill_all(self):
        return self.kill(*self.random.sample(self.all(), len(self.all())))

    def kill_during_recovery(self):
        """One that has just been started again is killed while it catches up."""
        number, told = self.one(), []
        for _ in range(self.random.randrange(1, 4)):
            self.take_down(number)
            self.world.servers[number].start()
            told.append(round(self.random.uniform(0.02, 0.8), 2))
            time.sleep(told[-1])
        self.kill(number)
        return f"server {number} after {told} s"

    def stop_and_start(self):
        number = self.one()
        if not self.alive(number):
            return None
        followed = self.world.servers[number].stop()
        return f"server {number}{'' if followed else ', by a kill in the end'}"

    def pause(self, number):
        if number in self.paused or not self.alive(number):
            return None
        self.world.servers[number].tell(signal.SIGSTOP)
        self.paused.add(number)
        return f"server {number}"

    def pause_one(self):
        return self.pause(self.one())

    def pause_the_leader(self):
        leader = self.world.leader()
        return leader and self.pause(leader)

    # -- the network
    def cut(self, links):
        """Whether any of them was there: between servers that are alive, and whole."""
        felt = [link for link in links if link not in self.parted and all(end == CLIENTS or self.alive(end) for end in link)]
        for sender, receiver in links:
            self.world.cut(sender, receiver)
        self.parted.update(links)
        return bool(felt)

    def mend_network(self):
        self.world.mend_network()
        self.parted.clear()

    def part(self, ones, others):
        links = [link for one in ones for other in others for link in ((one, other), (other, one))]
        return f"{ones} and {others}" if self.cut(links) else None

    def isolate_one(self):
        number = self.one()
        return self.part([number], self.others(number))

    def isolate_the_leader(self):
        leader = self.world.leader()
        return leader and self.part([leader], self.others(leader))

    def halves(self):
        ones = self.some(len(self.all()) // 2)
        return self.part(ones, self.others(*ones))

    def one_direction(self):
        links = [(a, b) for a in self.all() for b in self.all() if a != b]
        chosen = sorted(self.random.sample(links, self.random.randrange(1, len(links) // 2 + 1)))
        return f"nothing from … to … {chosen}" if self.cut(chosen) else None

    def deaf_leader(self):
        leader = self.world.leader()
        return f"server {leader}" if leader and self.cut([(other, leader) for other in self.others(leader)]) else None

    def mute_leader(self):
        leader = self.world.leader()
        return f"server {leader}" if leader and self.cut([(leader, other) for other in self.others(leader)]) else None

    def a_bridge(self):
        """One server sees all; the others see only their half, and it."""
        bridge = self.one()
        rest = self.others(bridge)
        self.random.shuffle(rest)
        half = len(rest) // 2
        parts = self.part(sorted(rest[:half]), sorted(rest[half:]))
        return parts and f"over {bridge}: {parts}"

    def slow_links(self):
        loss, rate = self.random.choice((0.02, 0.1, 0.25)), self.random.choice((200, 1000, 5000))
        chosen = self.alive(*self.some(self.random.randrange(1, len(self.all()) + 1)))
        for number in chosen:
            self.world.slow(number, loss, rate)
        return f"servers {chosen}, {loss:.0%} lost, {rate} kbit/s" if chosen else None

    def blinking_links(self):
        number, felt = self.one(), 0
        for _ in range(self.random.randrange(2, 6)):
            felt += self.part([number], self.others(number)) is not None
            time.sleep(self.random.uniform(0.05, 0.8))
            self.mend_network()
            time.sleep(self.random.uniform(0.05, 0.8))
        return f"server {number}, {felt} times" if felt else None

    def clients_cut_off(self):
        number = self.one()
        return f"from server {number}" if self.cut([(CLIENTS, number), (number, CLIENTS)]) else None

    # -- disks
    def full_disk(self):
        """The disks of some Aviary servers fill up under load; a majority of servers keeps room, or none does for a while."""
        few = len(self.all()) - self.world.majority
        chosen = self.random.sample(self.world.aviary, min(len(self.world.aviary), self.random.choice((1, few, len(self.all())))))
        spare = self.random.choice((0, 4096, 70_000, 1 << 20))
        if not chosen:
            return None
        self.ask_why(*chosen)
        for number in chosen:
            self.excused.setdefault(number, len(self.world.servers[number].log))
            self.world.fill(number, spare)
        time.sleep(self.random.uniform(1, 6))
        ended = set(self.ended_by_itself(*chosen))
        if self.random.random() < 0.5:
            number = self.random.choice(chosen)
            said = len(self.world.servers[number].log)
            self.take_down(number)
            self.world.servers[number].start()
            self.excused.setdefault(number, said)
            time.sleep(self.random.uniform(0.5, 2))
            ended.update(self.ended_by_itself(*chosen))
        for number in chosen:
            self.world.make_room(number)
        self.notes["servers that a full disk ended"] += len(ended)
        return f"servers {sorted(chosen)}, {spare} bytes left; ended {sorted(ended)}"

    def flipped_bits(self):
        """Bits change in files of a minority of Aviary servers while they do not run.

        A wrong byte in the last record of a log cannot be told from a record that was cut short (STORAGE.md), so whoever is
        hit may lack the end of its history without knowing. That is no loss while the others have it: they write without
        it first, which they can only when each of them has everything.
        """
        few = min(len(self.all()) - self.world.majority, len(self.world.aviary))
        chosen = sorted(self.random.sample(self.world.aviary, self.random.randrange(1, few + 1)))
        self.ask_why(*self.all())
        for number in chosen:
            self.take_down(number)
        while len(chosen) + self.world.majority < len(self.all()):
            # Of five, two must be gone, or the three that are left need not all have everything.
            number = self.random.choice(self.others(*chosen))
            chosen.append(number)
            self.take_down(number)
        rest = self.others(*chosen)
        eventually(lambda: any(self.world.writes(number) for number in rest), HEAL_SECONDS, f"a write without {chosen}")
        told = [self.flip(number) for number in chosen if number in self.world.aviary]
        said = {number: len(self.world.servers[number].log) for number in chosen}
        for number in chosen:
            self.world.servers[number].start()
        for number in chosen:
            self.come_back(number, said[number])
        return f"{'; '.join(filter(None, told))}; killed {sorted(chosen)}" if any(told) else None

    def flip(self, number):
        with self.tidying:
            return self.flip_in_peace(number)

    def flip_in_peace(self, number):
        files = [path for path in sorted((self.world.servers[number].data / "version-2").iterdir())
                 if path.name.startswith(("log.", "snapshot.")) or path.name in ("currentEpoch", "acceptedEpoch")]
        files = [path for path in files if path.stat().st_size]
        # The newest are those that a start reads.
        files.sort(key=lambda path: path.stat().st_mtime)
        path = self.random.choice(files[-6:])
        before = path.read_bytes()
        content = bytearray(before)
        end = len(content.rstrip(b"\0")) if path.name.startswith("log.") else len(content)
        flips = self.random.choice((1, 1, 2, 8))
        for _ in range(flips):
            # Another digit in an epoch file is an epoch like the right one, and who has promised a later one than its leader's
            # stays outside until there is another leader, as with Apache ZooKeeper. So it is no digit there.
            bit = self.random.randrange(8) if path.name.startswith(("log.", "snapshot.")) else 7
            content[self.random.randrange(max(1, end))] ^= 1 << bit
        flipped = sum(bin(one ^ other).count("1") for one, other in zip(before, content))
        if not flipped:
            return None
        path.write_bytes(content)
        self.damaged[number].add(str(path))
        return f"{flipped} in {path.name} of server {number}"

    def come_back(self, number, said):
        """The server serves, or it ends and says which file is damaged; then its operator takes the data away.

        `said` is how much there was in its log before it was started.
        """
        server = self.world.servers[number]
        eventually(lambda: not server.alive or server.mode() in ("leader", "follower"), HEAL_SECONDS, f"server {number} back")
        if server.alive:
            self.notes["damage that changed nothing"] += server.kind == "aviary"
            return
        if server.kind == "aviary":
            self.notes["damage that was refused"] += 1
            self.check_refusal(number, said)
        else:
            self.notes[f"Apache ZooKeeper ended by itself ({server.process.returncode})"] += 1
        server.kill()
        (server.data / "version-2").rename(server.data / f"damaged-{server.starts}")
        self.damaged.pop(number, None)
        server.start()
        eventually(lambda: server.mode() in ("leader", "follower"), HEAL_SECONDS, f"server {number} back without data")

    def check_refusal(self, number, said):
        """The last error of a server names a file that is damaged, and its code is the one for disks."""
        server = self.world.servers[number]
        code, error = server.process.returncode, last_error(server.log[said:])
        named = {word.rstrip(":") for word in error.split()}
        if code != DISK_CODE:
            self.complaints.append(f"server {number} ended on damaged files with {code}, not {DISK_CODE}: {server.log[-600:]}")
        elif not named & self.damaged[number]:
            self.complaints.append(f"server {number} ended and names none of {sorted(self.damaged[number])}: {server.log[said:][-600:]}")

    # -- healing
    def heal(self):
        self.mend_network()
        for number in self.all():
            self.world.make_room(number)
        order = self.all()
        self.random.shuffle(order)
        for number in order:
            server = self.world.servers[number]
            server.tell(signal.SIGCONT)
            if server.process is None:
                server.start()
        self.paused.clear()
        if self.random.random() < 0.7:
            self.wait_healed()

    def clean_up(self):
        """Beside all else: a server of ours fills a small disk within seconds."""
        while True:
            with self.tidying:
                for number in self.all():
                    self.world.clean_up(number)
            time.sleep(0.2)

    def wait_healed(self):
        def healed():
            self.ask_why(*self.all())
            return self.world.ready()
        eventually(healed, HEAL_SECONDS, "all serving under one leader", every=0.1)
        # From here on no disk is full, and none was.
        self.excused.clear()

    def ended(self, number):
        """A process that ended by itself: because of a full disk, as it says, that is its right; else it is a fault of the server."""
        server = self.world.servers[number]
        code = server.process.returncode
        if server.kind != "aviary":
            self.notes[f"Apache ZooKeeper ended by itself ({code})"] += 1
        elif number in self.excused and 0 < code < 128 and NO_SPACE in last_error(server.log[self.excused[number]:]):
            self.notes["started again after a full disk"] += 1
        else:
            self.complaints.append(f"server {number} ended by itself ({code}): {server.log[-1500:]}")
        self.excused.pop(number, None)
        server.kill()
        server.start()


def last_error(log):
    return next((line for line in reversed(log.splitlines()) if " ERROR " in line), "")
