"""Several servers that share one history, of one kind or mixed."""
from . import places
from .server import Server
from .waiting import eventually


class Ensemble:
    """Servers with the ids 1, 2, 3 … in the order of `kinds`; `observers` names ids that do not vote.

    `hosts` are the addresses at which they find each other, where one will not do for all.
    """

    def __init__(self, folder, kinds, config=None, observers=(), hosts=None):
        self.folder = folder
        ports = [(places.free_port(), places.free_port(), places.free_port()) for _ in kinds]
        self.members = []
        for number, (_, quorum, election) in enumerate(ports, 1):
            role = ":observer" if number in observers else ""
            host = hosts[number - 1] if hosts else "127.0.0.1"
            self.members.append(f"server.{number}={host}:{quorum}:{election}{role}")
        self.servers = []
        for number, (kind, (client, _, _)) in enumerate(zip(kinds, ports), 1):
            more = dict(config or {})
            if number in observers:
                more["peerType"] = "observer"
            self.servers.append(Server(kind, folder / str(number), client, more, identity=number, members=self.members))
        self.voters = [s for s in self.servers if s.identity not in observers]

    def __getitem__(self, identity):
        return self.servers[identity - 1]

    def __iter__(self):
        return iter(self.servers)

    def start(self, *identities):
        for each in identities or [s.identity for s in self.servers]:
            self[each].start()
        return self

    def stop(self):
        for each in self.servers:
            each.stop(seconds=8)

    def kill(self):
        for each in self.servers:
            each.kill()

    @property
    def running(self):
        return [s for s in self.servers if s.alive]

    def leader(self):
        """The one that leads, or None; two of them are a failure."""
        leading = [s for s in self.running if s.mode() == "leader"]
        assert len(leading) < 2, f"two leaders: {leading}"
        return leading[0] if leading else None

    def followers(self):
        return [s for s in self.running if s.mode() == "follower"]

    def ready(self):
        """All that run serve, under one leader."""
        modes = [s.mode() for s in self.running]
        return all(modes) and modes.count("leader") == 1

    def wait_ready(self, seconds=60):
        def ready():
            dead = [s for s in self.servers if s.process is not None and s.process.poll() is not None]
            if dead:
                raise RuntimeError(f"{dead} ended: {dead[0].log[-600:]}")
            return self.ready()
        eventually(ready, seconds, f"all of {self.running} serving under one leader")
        for each in self.running:
            each.wait_serving()
        return self

    def start_led_by(self, wanted):
        """Starts all so that `wanted` leads: with empty histories the highest id of the first majority does.

        Observers come when the voters serve: those who learn from a follower find it.
        """
        majority = len(self.voters) // 2 + 1
        below = [s.identity for s in self.voters if s.identity < wanted][:majority - 1]
        assert len(below) == majority - 1, "the wanted leader needs a majority with the ids below"
        self.start(*below, wanted)
        eventually(lambda: self[wanted].mode() == "leader", 60, f"server {wanted} leading")
        for group in (self.voters, self.servers):
            rest = [s.identity for s in group if s not in self.running]
            if rest:
                self.start(*rest)
            self.wait_ready()
        assert self.leader() is self[wanted]
        return self

    @property
    def addresses(self):
        return ",".join(s.address for s in self.servers)
