"""Who puts the faults in: from a seed, one after the other and sometimes two at once, each with a time and an end.

Every fault must leave a majority that could go on, or end before anything is asked of the servers; none may take from more
than a minority what was on their disks. Apache ZooKeeper's servers get kills, stops, partitions and slow links. They get
neither a full disk nor flipped bits: at the first their process may live on without serving (it ends only some of its
threads), and the second they may not notice (they take a log's broken record for its end), so that what came of it would
say nothing about Aviary.
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

HEAL_SECONDS = 90
# What the system calls a full disk.
NO_SPACE = os.strerror(errno.ENOSPC)


class Nemesis:
    def __init__(self, world, seed, say, calm, disks, only=None):
        self.world, self.say, self.disks, self.only = world, say, disks, only
        self.random = random.Random(f"nemesis {seed}")
        self.calm = calm
        self.counts = collections.Counter()
        self.complaints = []
        self.notes = collections.Counter()
        # Servers that may end by themselves because their disk is full, each with how much it had said before.
        self.excused = {}
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
            kinds = {kind: weight for kind, weight in kinds.items() if kind in self.only} or self.KINDS
        return self.random.choices(list(kinds), list(kinds.values()))[0]

    def put_in(self, kind):
        # A disk that is full stays so for a while.
        with self.tidying if kind == "full disk" else contextlib.nullcontext():
            done = getattr(self, kind.replace(" ", "_"))()
        self.counts[kind] += 1
        self.say(f"{kind}: {done}")

    # -- choosing servers
    def all(self):
        return list(self.world.servers)

    def one(self):
        return self.random.choice(self.all())

    def the_leader(self):
        return self.world.leader() or self.one()

    def some(self, count):
        return sorted(self.random.sample(self.all(), count))

    # -- processes
    def kill(self, *numbers):
        for number in numbers:
            self.world.servers[number].kill()
        return f"servers {numbers}"

    def kill_one(self):
        return self.kill(self.one())

    def kill_the_leader(self):
        return self.kill(self.the_leader())

    def kill_a_majority(self):
        return self.kill(*self.some(self.world.majority))

    def kill_all(self):
        return self.kill(*self.random.sample(self.all(), len(self.all())))

    def kill_during_recovery(self):
        """One that has just been started again is killed while it catches up."""
        number, told = self.one(), []
        for _ in range(self.random.randrange(1, 4)):
            self.world.servers[number].kill()
            self.world.servers[number].start()
            told.append(round(self.random.uniform(0.02, 0.8), 2))
            time.sleep(told[-1])
        self.kill(number)
        return f"server {number} after {told} s"

    def stop_and_start(self):
        number = self.one()
        if self.world.servers[number].alive:
            self.world.servers[number].stop()
        return f"server {number}"

    def pause(self, number):
        server = self.world.servers[number]
        if server.alive:
            server.tell(signal.SIGSTOP)
        return f"server {number}"

    def pause_one(self):
        return self.pause(self.one())

    def pause_the_leader(self):
        return self.pause(self.the_leader())

    # -- the network
    def part(self, ones, others):
        for one in ones:
            for other in others:
                self.world.cut(one, other)
                self.world.cut(other, one)
        return f"{ones} and {others}"

    def others(self, *numbers):
        return [each for each in self.all() if each not in numbers]

    def isolate_one(self):
        number = self.one()
        return self.part([number], self.others(number))

    def isolate_the_leader(self):
        number = self.the_leader()
        return self.part([number], self.others(number))

    def halves(self):
        ones = self.some(len(self.all()) // 2)
        return self.part(ones, self.others(*ones))

    def one_direction(self):
        links = [(a, b) for a in self.all() for b in self.all() if a != b]
        chosen = sorted(self.random.sample(links, self.random.randrange(1, len(links) // 2 + 1)))
        for sender, receiver in chosen:
            self.world.cut(sender, receiver)
        return f"nothing from … to … {chosen}"

    def deaf_leader(self):
        number = self.the_leader()
        for other in self.others(number):
            self.world.cut(other, number)
        return f"server {number}"

    def mute_leader(self):
        number = self.the_leader()
        for other in self.others(number):
            self.world.cut(number, other)
        return f"server {number}"

    def a_bridge(self):
        """One server sees all; the others see only their half, and it."""
        bridge = self.one()
        rest = self.others(bridge)
        self.random.shuffle(rest)
        half = len(rest) // 2
        return f"over {bridge}: {self.part(sorted(rest[:half]), sorted(rest[half:]))}"

    def slow_links(self):
        loss, rate = self.random.choice((0.02, 0.1, 0.25)), self.random.choice((200, 1000, 5000))
        chosen = self.some(self.random.randrange(1, len(self.all()) + 1))
        for number in chosen:
            self.world.slow(number, loss, rate)
        return f"servers {chosen}, {loss:.0%} lost, {rate} kbit/s"

    def blinking_links(self):
        number, told = self.one(), self.random.randrange(2, 6)
        for _ in range(told):
            self.part([number], self.others(number))
            time.sleep(self.random.uniform(0.05, 0.8))
            self.world.mend_network()
            time.sleep(self.random.uniform(0.05, 0.8))
        return f"server {number}, {told} times"

    def clients_cut_off(self):
        number = self.one()
        self.world.cut(254, number)
        self.world.cut(number, 254)
        return f"from server {number}"

    # -- disks
    def full_disk(self):
        """The disks of some Aviary servers fill up under load; a majority of servers keeps room, or none does for a while."""
        few = len(self.all()) - self.world.majority
        chosen = self.random.sample(self.world.aviary, min(len(self.world.aviary), self.random.choice((1, few, len(self.all())))))
        spare = self.random.choice((0, 4096, 70_000, 1 << 20))
        for number in chosen:
            self.excused.setdefault(number, len(self.world.servers[number].log))
            self.world.fill(number, spare)
        time.sleep(self.random.uniform(1, 6))
        if self.random.random() < 0.5:
            number = self.random.choice(chosen)
            self.world.servers[number].kill()
            self.world.servers[number].start()
            time.sleep(self.random.uniform(0.5, 2))
        ended = [number for number in chosen if not self.world.servers[number].alive]
        for number in chosen:
            self.world.make_room(number)
        self.notes["servers that a full disk ended"] += len(ended)
        return f"servers {sorted(chosen)}, {spare} bytes left; ended {ended}"

    def flipped_bits(self):
        """Bits change in files of a minority of Aviary servers while they do not run.

        A wrong byte in the last record of a log cannot be told from a record that was cut short (STORAGE.md), so whoever is
        hit may lack the end of its history without knowing. That is no loss while the others have it: they write without
        it first, which they can only when each of them has everything.
        """
        few = min(len(self.all()) - self.world.majority, len(self.world.aviary))
        chosen = sorted(self.random.sample(self.world.aviary, self.random.randrange(1, few + 1)))
        self.kill(*chosen)
        while len(chosen) + self.world.majority < len(self.all()):
            # Of five, two must be gone, or the three that are left need not all have everything.
            number = self.random.choice(self.others(*chosen))
            chosen.append(number)
            self.kill(number)
        rest = self.others(*chosen)
        eventually(lambda: any(self.world.writes(number) for number in rest), HEAL_SECONDS, f"a write without {chosen}")
        told = [self.flip(number) for number in chosen if number in self.world.aviary]
        for number in chosen:
            self.world.servers[number].start()
        for number in chosen:
            self.come_back(number)
        return "; ".join(told)

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
        content = bytearray(path.read_bytes())
        end = len(content.rstrip(b"\0")) if path.name.startswith("log.") else len(content)
        flips = self.random.choice((1, 1, 2, 8))
        for _ in range(flips):
            # Another digit in an epoch file is an epoch like the right one, and who has promised a later one than its leader's
            # stays outside until there is another leader, as with Apache ZooKeeper. So it is no digit there.
            bit = self.random.randrange(8) if path.name.startswith(("log.", "snapshot.")) else 7
            content[self.random.randrange(max(1, end))] ^= 1 << bit
        path.write_bytes(content)
        return f"{flips} in {path.name} of server {number}"

    def come_back(self, number):
        """The server serves, or it ends and says which file is damaged; then its operator takes the data away."""
        server = self.world.servers[number]
        eventually(lambda: not server.alive or server.mode() in ("leader", "follower"), HEAL_SECONDS, f"server {number} back")
        if server.alive:
            self.notes["damage that changed nothing"] += server.kind == "aviary"
            return
        self.notes["damage that was refused"] += 1
        code = server.process.returncode
        if code < 0 or code > 128:
            self.complaints.append(f"server {number} crashed ({code}) on damaged files: {server.log[-600:]}")
        server.kill()
        (server.data / "version-2").rename(server.data / f"damaged-{server.starts}")
        server.start()
        eventually(lambda: server.mode() in ("leader", "follower"), HEAL_SECONDS, f"server {number} back without data")

    # -- healing
    def heal(self):
        self.world.mend_network()
        for number in self.all():
            self.world.make_room(number)
        order = self.all()
        self.random.shuffle(order)
        for number in order:
            server = self.world.servers[number]
            server.tell(signal.SIGCONT)
            if server.process is None:
                server.start()
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
            for number, server in self.world.servers.items():
                if server.process is not None and server.process.poll() is not None:
                    self.ended(number)
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
